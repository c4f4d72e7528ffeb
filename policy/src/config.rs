// SPDX-License-Identifier: MIT OR Apache-2.0
//! The configuration: the parsed values of all variables.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

use crate::hosts::Hosts;
use crate::lists::Lists;
use crate::ports::Ports;
use crate::problem::{Invalid, InvalidItem, Problem};
use crate::processes::Processes;
use crate::{values, variable};

const NOT_UTF_8: Invalid = Invalid {
    what: "invalid text",
    expected: "UTF-8",
};

/// The parsed values of the `SMC_*` variables. The default is the
/// configuration with no variable set.
#[derive(Debug, Clone, Default)]
pub struct Config {
    /// `SMC_DISABLE`: the shim does nothing. The other fields then have their
    /// defaults, whatever the values of their variables.
    pub disabled: bool,
    /// `SMC_REQUIRE`: failing to create an SMC socket is an error.
    pub require: bool,
    /// `SMC_SOCKET`: how SMC sockets are created.
    pub creation: Creation,
    /// `SMC_SNDBUF`: send buffer in bytes, 1 to 1073741823; none: the kernel's default.
    pub sndbuf: Option<u32>,
    /// `SMC_RCVBUF`: receive buffer in bytes, 1 to 1073741823; none: the kernel's default.
    pub rcvbuf: Option<u32>,
    /// `SMC_DRAIN_TIMEOUT`: for how many seconds the exit of a process may be
    /// delayed until its sent data has arrived; none: the shim's default.
    pub drain_timeout: Option<u32>,
    /// `SMC_RETRY_AFTER`: for how many seconds a destination gets plain TCP
    /// after a slow SMC handshake; none: the shim's default.
    pub retry_after: Option<u32>,
    /// `SMC_LOG`, or `debug` if that is unset and `SMC_DEBUG` is `1`: an
    /// `env_logger` filter without blanks; none: errors only.
    ///
    /// Its items are levels (`info`), targets (`smc_shim`, `smc_shim::hooks`)
    /// and targets with levels (`smc_shim=debug`).
    pub log: Option<String>,
    /// `SMC_LOG_FILE`: the file that the log is appended to; none: standard
    /// error.
    ///
    /// A relative path starts at the working directory at the time the shim is
    /// loaded, before the program changes it.
    pub log_file: Option<OsString>,
    /// `SMC_PORTS`, `SMC_PROCESSES` and `SMC_HOSTS`.
    pub lists: Lists,
}

/// How SMC sockets are created.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Creation {
    /// `auto`: `IPPROTO_SMC` if the kernel has it, else `AF_SMC`.
    #[default]
    Auto,
    /// `af_smc`: `socket(AF_SMC, SOCK_STREAM, …)`.
    AfSmc,
    /// `ipproto_smc`: `socket(AF_INET or AF_INET6, SOCK_STREAM, IPPROTO_SMC)`,
    /// in Linux since 6.11.
    IpprotoSmc,
}

impl Config {
    /// Parses every variable of [`VARIABLES`](crate::VARIABLES).
    ///
    /// `lookup` returns the value of the variable with the given name, borrowed
    /// or owned (as [`std::env::var_os`] does). It may be called for any of the
    /// names, in any order and more than once.
    ///
    /// # Errors
    ///
    /// Returns a variable whose value does not parse. With `SMC_DISABLE=1` the
    /// other variables are not parsed.
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
    /// let inherited = Config::from_env(|name| std::env::var_os(name));
    /// # Ok::<(), smc_policy::Problem>(())
    /// ```
    pub fn from_env<F, V>(lookup: F) -> Result<Config, Problem>
    where
        F: Fn(&str) -> Option<V>,
        V: AsRef<OsStr>,
    {
        let env = Environment { lookup };

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

/// The variables by name.
struct Environment<F> {
    lookup: F,
}

impl<F, V> Environment<F>
where
    F: Fn(&str) -> Option<V>,
    V: AsRef<OsStr>,
{
    /// Parses one variable. None: it is unset, empty or blank.
    fn read<T>(
        &self,
        variable: &'static str,
        parse: fn(&str) -> Result<T, InvalidItem<'_>>,
    ) -> Result<Option<T>, Problem> {
        match (self.lookup)(variable) {
            None => Ok(None),
            Some(value) => parse_value(variable, value.as_ref(), parse),
        }
    }

    fn path(&self, variable: &'static str) -> Option<OsString> {
        let value = (self.lookup)(variable)?;
        let value = value.as_ref();
        let blank = value.as_bytes().trim_ascii().is_empty();
        (!blank).then(|| value.to_owned())
    }
}

fn parse_value<T>(
    variable: &'static str,
    value: &OsStr,
    parse: fn(&str) -> Result<T, InvalidItem<'_>>,
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
        Err(InvalidItem { item, invalid }) => Err(Problem::new(variable, item.as_bytes(), invalid)),
    }
}
