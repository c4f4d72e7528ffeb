// SPDX-License-Identifier: MIT OR Apache-2.0
//! The decision and its reason.

use std::fmt;
use std::net::IpAddr;

use crate::hosts::Network;
use crate::ports::{Direction, PortRange};
use crate::processes::Program;
use crate::text::Escaped;
use crate::variable::{HOSTS, PORTS, PROCESSES};

/// SMC, or TCP with the reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict<'a> {
    /// The lists allow it.
    Smc,
    /// The lists do not allow it.
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
/// Displayed as one line without a full stop, to follow a colon. Displaying it
/// does not allocate: the shim logs it inside the user's program.
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
        /// The direction in which the port is allowed.
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
        /// The peer when connecting, the local address when listening;
        /// IPv4-mapped addresses as IPv4.
        host: IpAddr,
    },
    /// `host 10.1.2.3 excluded by "!10.0.0.0/8" in SMC_HOSTS`
    HostExcluded {
        /// As in [`Reason::HostNotListed`].
        host: IpAddr,
        /// The negative item.
        by: Network,
    },
    /// `the last SMC handshake with 192.0.2.1 was slow`
    SlowHandshake {
        /// The peer.
        host: IpAddr,
    },
    /// `program curl not in SMC_PROCESSES`, or `program python3 (run as
    /// app.py) not in SMC_PROCESSES` where the two file names differ
    ProgramNotListed {
        /// The program.
        program: Program<'a>,
    },
    /// `program curl excluded by "!curl" in SMC_PROCESSES`
    ProgramExcluded {
        /// The file name of the path that matches the item.
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
                    "the last SMC handshake with {} was slow",
                    host.to_canonical()
                )
            }
            Reason::ProgramNotListed { program } => {
                let names = program.names();
                f.write_str("program ")?;
                match names.map(|name| (name, Escaped(name))) {
                    [(b"", _), (b"", _)] => f.write_str("of unknown name")?,
                    [(b"", _), (_, only)] | [(_, only), (b"", _)] => write!(f, "{only}")?,
                    [(a, name), (b, _)] if a == b => write!(f, "{name}")?,
                    [(_, executed), (_, invoked)] => write!(f, "{executed} (run as {invoked})")?,
                }
                write!(f, " not in {PROCESSES}")
            }
            Reason::ProgramExcluded { name, by } => write!(
                f,
                "program {} excluded by \"!{}\" in {PROCESSES}",
                Escaped(name),
                Escaped(by.as_bytes())
            ),
        }
    }
}
