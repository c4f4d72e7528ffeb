// SPDX-License-Identifier: MIT OR Apache-2.0
//! The three lists and the questions that the shim asks them.

use std::net::{IpAddr, SocketAddr};

use crate::hosts::{self, Hosts};
use crate::list::Decision;
use crate::ports::{Direction, PortDecision, Ports};
use crate::processes::{Processes, Program, ProgramDecision};
use crate::verdict::{Reason, Verdict};

/// `SMC_PORTS`, `SMC_PROCESSES` and `SMC_HOSTS`. The default allows everything.
///
/// The [rule of every list](crate#the-rule-of-every-list) says how items
/// combine. The items:
///
/// # `SMC_PORTS`
///
/// | item | matches |
/// |---|---|
/// | `6379` | that port, listening and connecting |
/// | `8000-8999` | the ports from 8000 to 8999 |
/// | `*` | every port |
/// | `in:80`, `in:8000-8999`, `in:*` | when listening only |
/// | `out:5432`, `out:8000-8999`, `out:*` | when connecting only |
/// | `!22`, `!in:80`, … | excludes what the item after the `!` matches |
///
/// Numbers are decimal, from 1 to 65535, without leading zeros. A listener
/// that leaves its port to the kernel has port 0, which only `*` and `in:*`
/// match.
///
/// A positive item for one direction restricts the other direction, too:
///
/// | list | listening | connecting |
/// |---|---|---|
/// | `in:80` | 80 | nothing |
/// | `!in:80` | all but 80 | everything |
/// | `in:80,!22` | 80 | nothing |
/// | `in:80,out:*,!22` | 80 | all but 22 |
/// | `out:5432,!22` | nothing | 5432 |
///
/// # `SMC_HOSTS`
///
/// An address (`192.0.2.1`, `2001:db8::1`) or a network (`10.0.0.0/8`,
/// `2001:db8::/32`; bits after the prefix are ignored, `10.1.2.3/8` is the
/// same). IPv4-mapped IPv6 is IPv4, in items and in addresses. The scope of an
/// IPv6 address is ignored; an item with a scope is an error. When connecting,
/// the list applies to the peer; the unspecified address means loopback, as in
/// Linux. When listening, it applies to the local address; the unspecified
/// address is always allowed.
///
/// # `SMC_PROCESSES`
///
/// Globs: `*` matches any characters, `?` any one, `[abc]`, `[a-z]` and
/// `[!abc]` one in or not in a set. Case matters. A glob without `/` is matched
/// against the program's file name. A glob with `/` is matched against its full
/// path: it starts with `/` or `**/`, `*` does not match `/`, and `**` as a
/// whole component matches any number of components (`/opt/*/bin/app`,
/// `/srv/**`). A program has two paths, see [`Program`]; an item matches the
/// program when it matches either. Bytes that are not UTF-8 count as U+FFFD,
/// which `?` matches.
#[derive(Debug, Clone, Default)]
pub struct Lists {
    pub(crate) ports: Ports,
    pub(crate) processes: Processes,
    pub(crate) hosts: Hosts,
}

impl Lists {
    /// Whether `SMC_PROCESSES` is set. If not, every program is allowed and
    /// [`judge_program`](Self::judge_program) need not be called.
    #[must_use]
    pub fn has_processes(&self) -> bool {
        !self.processes.is_empty()
    }

    /// Decides whether this program uses SMC.
    ///
    /// ```
    /// use smc_policy::{Config, Program, Verdict};
    /// use std::path::Path;
    ///
    /// let config =
    ///     Config::from_env(|name| (name == "SMC_PROCESSES").then_some("app.py,/opt/**,!curl"))?;
    /// let judge = |executable, invoked_as| {
    ///     let (executable, invoked_as) = (Path::new(executable), Path::new(invoked_as));
    ///     match config.lists.judge_program(&Program { executable, invoked_as }) {
    ///         Verdict::Smc => String::from("SMC"),
    ///         Verdict::Tcp(reason) => reason.to_string(),
    ///     }
    /// };
    /// assert_eq!(judge("/usr/bin/python3.11", "./app.py"), "SMC");
    /// assert_eq!(judge("/opt/db/bin/server", "server"), "SMC");
    /// assert_eq!(judge("/opt/curl", "/opt/curl"), "program curl excluded by \"!curl\" in SMC_PROCESSES");
    /// assert_eq!(judge("/usr/bin/wget", "/usr/bin/wget"), "program wget not in SMC_PROCESSES");
    /// # Ok::<(), smc_policy::Problem>(())
    /// ```
    #[must_use]
    pub fn judge_program<'a>(&'a self, program: &Program<'a>) -> Verdict<'a> {
        match self.processes.decide(program) {
            ProgramDecision::Allowed => Verdict::Smc,
            ProgramDecision::NotListed => {
                Verdict::Tcp(Reason::ProgramNotListed { program: *program })
            }
            ProgramDecision::Excluded { name, glob } => {
                Verdict::Tcp(Reason::ProgramExcluded { name, by: glob })
            }
        }
    }

    /// Whether some destination is not allowed. If not,
    /// [`at_connect`](Self::at_connect) need not be called.
    #[must_use]
    pub fn judges_connect(&self) -> bool {
        self.ports.restricts(Direction::Connecting) || self.hosts.restricts()
    }

    /// Whether some listener is not allowed. If not,
    /// [`at_listen`](Self::at_listen) need not be called.
    #[must_use]
    pub fn judges_listen(&self) -> bool {
        self.ports.restricts(Direction::Listening) || self.hosts.restricts()
    }

    /// Decides whether a connection to `peer` uses SMC.
    ///
    /// ```
    /// use smc_policy::Config;
    ///
    /// let config = Config::from_env(|name| (name == "SMC_PORTS").then_some("in:80,out:5432"))?;
    /// let lists = config.lists;
    /// assert!(lists.at_connect("192.0.2.1:5432".parse().unwrap()).is_smc());
    /// assert!(!lists.at_connect("192.0.2.1:80".parse().unwrap()).is_smc());
    /// assert!(lists.at_listen("0.0.0.0:80".parse().unwrap()).is_smc());
    /// # Ok::<(), smc_policy::Problem>(())
    /// ```
    #[must_use]
    pub fn at_connect(&self, peer: SocketAddr) -> Verdict<'static> {
        match self.at_port(Direction::Connecting, peer.port()) {
            Verdict::Smc => self.at_host(hosts::connected_host(peer.ip())),
            tcp @ Verdict::Tcp(_) => tcp,
        }
    }

    /// Decides whether a listener on `local` uses SMC. Port 0 is one that the
    /// kernel has yet to assign.
    #[must_use]
    pub fn at_listen(&self, local: SocketAddr) -> Verdict<'static> {
        match self.at_port(Direction::Listening, local.port()) {
            Verdict::Smc => match local.ip().to_canonical() {
                host if host.is_unspecified() => Verdict::Smc,
                host => self.at_host(host),
            },
            tcp @ Verdict::Tcp(_) => tcp,
        }
    }

    fn at_port(&self, direction: Direction, port: u16) -> Verdict<'static> {
        Verdict::Tcp(match self.ports.decide(direction, port) {
            PortDecision::Allowed => return Verdict::Smc,
            PortDecision::NotListed => Reason::PortNotListed { port },
            PortDecision::ListedFor(only) => Reason::PortListedFor { port, only },
            PortDecision::Excluded(by) => Reason::PortExcluded { port, by },
        })
    }

    fn at_host(&self, host: IpAddr) -> Verdict<'static> {
        Verdict::Tcp(match self.hosts.decide(host) {
            Decision::Allowed => return Verdict::Smc,
            Decision::NotListed => Reason::HostNotListed { host },
            Decision::Excluded(&by) => Reason::HostExcluded { host, by },
        })
    }
}
