// SPDX-License-Identifier: MIT OR Apache-2.0
//! What is decided, and why, in words.

use std::fmt;
use std::net::IpAddr;

use crate::hosts::Network;
use crate::ports::{Direction, PortRange};
use crate::processes::Program;
use crate::text::Shown;
use crate::variable::{HOSTS, PORTS, PROCESSES};

/// SMC, or TCP and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict<'a> {
    /// The lists allow it.
    Smc,
    /// They do not.
    Tcp(Reason<'a>),
}

impl Verdict<'_> {
    /// Whether it is [`Verdict::Smc`].
    #[must_use]
    pub fn is_smc(&self) -> bool {
        matches!(self, Verdict::Smc)
    }
}

/// Why something stays on TCP.
///
/// Shown as one line without a full stop, for behind a colon. Showing it does
/// not allocate: it is logged from inside other people's programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason<'a> {
    /// `port 22 not in SMC_PORTS`
    PortNotListed {
        /// The peer's port when connecting, the local one when listening.
        port: u16,
    },
    /// `port 80 in SMC_PORTS for listening only`
    PortListedFor {
        /// The peer's port when connecting, the local one when listening.
        port: u16,
        /// The direction in which it would have been allowed.
        only: Direction,
    },
    /// `port 22 excluded by "!22" in SMC_PORTS`
    PortExcluded {
        /// The peer's port when connecting, the local one when listening.
        port: u16,
        /// The negative item.
        by: PortRange,
    },
    /// `host 10.1.2.3 not in SMC_HOSTS`
    HostNotListed {
        /// The peer when connecting, the local address when listening; IPv4
        /// where it was IPv4-mapped.
        host: IpAddr,
    },
    /// `host 10.1.2.3 excluded by "!10.0.0.0/8" in SMC_HOSTS`
    HostExcluded {
        /// As in [`Reason::HostNotListed`].
        host: IpAddr,
        /// The negative item.
        by: Network,
    },
    /// `SMC with 192.0.2.1 was slow a short while ago`
    SlowHandshake {
        /// The peer.
        host: IpAddr,
    },
    /// `program curl not in SMC_PROCESSES`, or `program python3 (run as
    /// app.py) not in SMC_PROCESSES` where the two file names differ
    ProgramNotListed {
        /// What was judged.
        program: Program<'a>,
    },
    /// `program curl excluded by "!curl" in SMC_PROCESSES`
    ProgramExcluded {
        /// The file name of the path that the item matches.
        name: &'a [u8],
        /// The negative item without its `!`.
        by: &'a str,
    },
}

impl fmt::Display for Reason<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Reason::PortNotListed { port } => write!(f, "port {port} not in {PORTS}"),
            Reason::PortListedFor { port, only } => {
                write!(f, "port {port} in {PORTS} for {} only", only.name())
            }
            Reason::PortExcluded { port, by } => {
                write!(f, "port {port} excluded by \"!{by}\" in {PORTS}")
            }
            Reason::HostNotListed { host } => write!(f, "host {host} not in {HOSTS}"),
            Reason::HostExcluded { host, by } => {
                write!(f, "host {host} excluded by \"!{by}\" in {HOSTS}")
            }
            Reason::SlowHandshake { host } => {
                write!(
                    f,
                    "SMC with {} was slow a short while ago",
                    host.to_canonical()
                )
            }
            Reason::ProgramNotListed { program } => {
                let names = program.names();
                f.write_str("program ")?;
                match names.map(|name| (name, Shown(name))) {
                    [(b"", _), (b"", _)] => f.write_str("of unknown name")?,
                    [(b"", _), (_, only)] | [(_, only), (b"", _)] => write!(f, "{only}")?,
                    [(a, shown), (b, _)] if a == b => write!(f, "{shown}")?,
                    [(_, runs), (_, run_as)] => write!(f, "{runs} (run as {run_as})")?,
                }
                write!(f, " not in {PROCESSES}")
            }
            Reason::ProgramExcluded { name, by } => write!(
                f,
                "program {} excluded by \"!{}\" in {PROCESSES}",
                Shown(name),
                Shown(by.as_bytes())
            ),
        }
    }
}
