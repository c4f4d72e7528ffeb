// SPDX-License-Identifier: MIT OR Apache-2.0
//! Everything that the variables say, read at once.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

use crate::hosts::Hosts;
use crate::lists::Lists;
use crate::ports::Ports;
use crate::problem::{Complaint, Fault, Problem};
use crate::processes::Processes;
use crate::{values, variable};

const NOT_UTF_8: Complaint = Complaint {
    fault: "is not text",
    expected: "UTF-8",
};

/// Everything that the `SMC_*` variables say, checked. The default is what no
/// variable at all says.
#[derive(Debug, Clone, Default)]
pub struct Config {
    /// `SMC_DISABLE`: do nothing at all. Everything else is at its default
    /// then, whatever the other variables say.
    pub disabled: bool,
    /// `SMC_REQUIRE`: a socket that should be SMC and cannot be is an error.
    pub require: bool,
    /// `SMC_SOCKET`: how SMC sockets are made.
    pub creation: Creation,
    /// `SMC_SNDBUF`: send buffer in bytes, 1 to 1073741823; none: the kernel's default.
    pub sndbuf: Option<u32>,
    /// `SMC_RCVBUF`: receive buffer in bytes, 1 to 1073741823; none: the kernel's default.
    pub rcvbuf: Option<u32>,
    /// `SMC_DRAIN_TIMEOUT`: how many seconds a process may go on at its end so that
    /// what it has sent arrives; none: the shim's default.
    pub drain_timeout: Option<u32>,
    /// `SMC_RETRY_AFTER`: for how many seconds a destination whose SMC handshake
    /// was slow gets plain TCP; none: the shim's default.
    pub retry_after: Option<u32>,
    /// `SMC_LOG`, or `debug` if that is unset and `SMC_DEBUG` is `1`: a filter
    /// for `env_logger` without blanks; none: errors only.
    ///
    /// Its items are levels (`info`), targets (`smc_shim`, `smc_shim::hooks`)
    /// and targets with levels (`smc_shim=debug`).
    pub log: Option<String>,
    /// `SMC_LOG_FILE`: the log is appended to this file; none: standard error.
    ///
    /// As it was given: a relative path means the working directory at the
    /// time the shim is loaded, before the program changes it.
    pub log_file: Option<OsString>,
    /// `SMC_PORTS`, `SMC_PROCESSES` and `SMC_HOSTS`.
    pub lists: Lists,
}

/// How SMC sockets are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Creation {
    /// `auto`: as `IPPROTO_SMC` where the kernel has it, else as `AF_SMC`.
    #[default]
    Auto,
    /// `af_smc`: `socket(AF_SMC, SOCK_STREAM, …)`.
    AfSmc,
    /// `ipproto_smc`: `socket(AF_INET or AF_INET6, SOCK_STREAM, IPPROTO_SMC)`,
    /// in Linux since 6.11.
    IpprotoSmc,
}

impl Config {
    /// Reads every variable of [`VARIABLES`](crate::VARIABLES) through `lookup`.
    ///
    /// `lookup` may give anything that is an [`OsStr`] by reference: owned
    /// strings from [`std::env::var_os`] or slices of the environment itself.
    ///
    /// # Errors
    ///
    /// The first variable whose value does not parse. With `SMC_DISABLE=1` the
    /// others are not looked at.
    ///
    /// ```
    /// use smc_policy::{Config, Creation};
    ///
    /// let config = Config::from_env(|name| match name {
    ///     "SMC_SOCKET" => Some("af_smc"),
    ///     "SMC_SNDBUF" => Some("256k"),
    ///     "SMC_DEBUG" => Some("1"),
    ///     _ => None,
    /// })?;
    /// assert_eq!(config.creation, Creation::AfSmc);
    /// assert_eq!(config.sndbuf, Some(256 * 1024));
    /// assert_eq!(config.log.as_deref(), Some("debug"));
    /// assert!(!config.lists.judges_connect());
    ///
    /// let from_here = Config::from_env(|name| std::env::var_os(name));
    /// # Ok::<(), smc_policy::Problem>(())
    /// ```
    pub fn from_env<F, V>(lookup: F) -> Result<Config, Problem>
    where
        F: FnMut(&str) -> Option<V>,
        V: AsRef<OsStr>,
    {
        let mut env = Environment { lookup };

        if env.read(variable::DISABLE, values::switch)? == Some(true) {
            return Ok(Config {
                disabled: true,
                ..Config::default()
            });
        }
        Ok(Config {
            disabled: false,
            require: env.read(variable::REQUIRE, values::switch)? == Some(true),
            creation: env
                .read(variable::SOCKET, values::creation)?
                .unwrap_or_default(),
            sndbuf: env.read(variable::SNDBUF, values::size)?,
            rcvbuf: env.read(variable::RCVBUF, values::size)?,
            drain_timeout: env.read(variable::DRAIN_TIMEOUT, values::seconds)?,
            retry_after: env.read(variable::RETRY_AFTER, values::seconds)?,
            log: {
                let debug = env.read(variable::DEBUG, values::switch)? == Some(true);
                env.read(variable::LOG, values::log_filter)?
                    .or_else(|| debug.then(|| String::from("debug")))
            },
            log_file: env.path(variable::LOG_FILE),
            lists: Lists {
                ports: env.read(variable::PORTS, Ports::parse)?.unwrap_or_default(),
                hosts: env.read(variable::HOSTS, Hosts::parse)?.unwrap_or_default(),
                processes: env
                    .read(variable::PROCESSES, Processes::parse)?
                    .unwrap_or_default(),
            },
        })
    }
}

/// The variables, by name.
struct Environment<F> {
    lookup: F,
}

impl<F, V> Environment<F>
where
    F: FnMut(&str) -> Option<V>,
    V: AsRef<OsStr>,
{
    /// Reads one variable. None: it is unset, empty or blank.
    fn read<T>(
        &mut self,
        variable: &'static str,
        parse: fn(&str) -> Result<T, Fault<'_>>,
    ) -> Result<Option<T>, Problem> {
        match (self.lookup)(variable) {
            None => Ok(None),
            Some(value) => parse_value(variable, value.as_ref(), parse),
        }
    }

    fn path(&mut self, variable: &'static str) -> Option<OsString> {
        let value = (self.lookup)(variable)?;
        let value = value.as_ref();
        let blank = value.as_bytes().trim_ascii().is_empty();
        (!blank).then(|| value.to_owned())
    }
}

fn parse_value<T>(
    variable: &'static str,
    value: &OsStr,
    parse: fn(&str) -> Result<T, Fault<'_>>,
) -> Result<Option<T>, Problem> {
    let Some(text) = value.to_str() else {
        return Err(Problem::new(variable, value.as_bytes(), NOT_UTF_8));
    };
    let text = text.trim_ascii();
    if text.is_empty() {
        return Ok(None);
    }
    match parse(text) {
        Ok(parsed) => Ok(Some(parsed)),
        Err(fault) => Err(Problem::new(
            variable,
            fault.item.as_bytes(),
            fault.complaint,
        )),
    }
}
