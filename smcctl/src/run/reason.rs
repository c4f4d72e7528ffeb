// SPDX-License-Identifier: MIT OR Apache-2.0
//! Why a connection is TCP: from the reasons of the kernel, the lists, and what the
//! socket was before.

use crate::explain::codes::in_words;
use serde::{Serialize, Serializer};
use smc_core::report::table::{Entry, Kind, Role};
use smc_policy::{Config, Verdict};
use std::fmt;
use std::net::{Ipv6Addr, SocketAddr};

/// The kernel's reason for a socket that was demoted before the connect
/// (`SMC_CLC_DECL_OPTUNSUPP`): by the shim, or by an option that the program set.
pub const FORCED: u32 = 0x0306_0000;
/// The peer declined (`SMC_CLC_DECL_PEERDECL`).
const PEER_DECLINED: u32 = 0x0500_0000;

/// Why a connection is TCP.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TcpReason {
    /// `SMC_DISABLE`.
    Disabled,
    /// The kernel has no SMC.
    NoSmc,
    /// The lists do not allow it: the reason of the policy.
    Listed(String),
    /// The program is not in `SMC_PROCESSES`.
    Program,
    /// The kernel's reasons on this side and on the peer.
    Kernel(u32, u32),
    /// The shim uses TCP after a slow handshake with this peer.
    Slow,
    /// The SMC handshake failed and was replaced by TCP.
    Handshake,
    /// The program used what only TCP supports.
    OnlyTcp,
    /// The socket or its listener was never SMC.
    NeverSmc(Side),
    /// It fell back and was closed before the kernel was asked for the reason.
    Gone,
    /// There were too many connections at a time for details.
    TooMany,
}

/// [`Role`] with an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    /// Accepted.
    Accepted,
    /// Connected.
    Connected,
}

impl From<Role> for Side {
    fn from(role: Role) -> Self {
        match role {
            Role::Accepting => Self::Accepted,
            Role::Connecting => Self::Connected,
        }
    }
}

impl fmt::Display for TcpReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Disabled => f.write_str("SMC_DISABLE=1"),
            Self::NoSmc => f.write_str("this kernel has no SMC"),
            Self::Listed(words) => f.write_str(words),
            Self::Program => f.write_str("program not in SMC_PROCESSES"),
            Self::Kernel(PEER_DECLINED, peer) if *peer != 0 => {
                write!(f, "the peer declined: {}", in_words(*peer))
            }
            Self::Kernel(own, _) => f.write_str(&in_words(*own)),
            Self::Slow => f.write_str("the last SMC handshake with this host was slow"),
            Self::Handshake => f.write_str("the SMC handshake failed or was interrupted"),
            Self::OnlyTcp => f.write_str("the program used what only TCP supports"),
            Self::NeverSmc(Side::Connected) => {
                f.write_str("the socket was not created as an SMC socket")
            }
            Self::NeverSmc(Side::Accepted) => f.write_str("the listening socket was not SMC"),
            Self::Gone => f.write_str("closed before the kernel was asked for the reason"),
            Self::TooMany => f.write_str("too many at one time for a reason"),
        }
    }
}

impl Serialize for TcpReason {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Finds reasons, from the configuration of the program.
#[derive(Debug)]
pub struct Explainer {
    config: Config,
    has_smc: bool,
}

impl Explainer {
    /// `has_smc`: the kernel creates SMC sockets.
    #[must_use]
    pub fn new(config: Config, has_smc: bool) -> Self {
        Self { config, has_smc }
    }

    /// Returns why a connection is TCP. `listed` are its reasons in the kernel's list of SMC
    /// sockets (0: it was not in it), `None` if it was never SMC.
    #[must_use]
    pub fn reason(&self, entry: &Entry, listed: Option<(u32, u32)>) -> TcpReason {
        let (facts, lists) = (entry.facts, &self.config.lists);
        if self.config.disabled {
            return TcpReason::Disabled;
        }
        if !self.has_smc {
            return TcpReason::NoSmc;
        }
        let ip = Ipv6Addr::from_bits(entry.address).to_canonical();
        let address = SocketAddr::new(ip, facts.port);
        let verdict = match facts.role {
            Role::Connecting => lists.at_connect(address),
            Role::Accepting => lists.at_listen(address),
        };
        let by_lists = match verdict {
            Verdict::Smc => None,
            Verdict::Tcp(reason) => Some(TcpReason::Listed(reason.to_string())),
        };
        match (listed, facts.role, facts.before) {
            (Some((FORCED, _)), Role::Connecting, Kind::Smc) => by_lists.unwrap_or(TcpReason::Slow),
            (Some((FORCED, _)), ..) => TcpReason::OnlyTcp,
            (Some((0, _)), ..) => by_lists.unwrap_or(TcpReason::Gone),
            (Some((own, peer)), ..) => TcpReason::Kernel(own, peer),
            (None, Role::Connecting, Kind::Smc) => TcpReason::Handshake,
            (None, ..) if lists.has_processes() => TcpReason::Program,
            (None, Role::Connecting, Kind::Tcp) => TcpReason::NeverSmc(Side::Connected),
            (None, Role::Accepting, _) => by_lists.unwrap_or(TcpReason::NeverSmc(Side::Accepted)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use smc_core::report::table::Facts;

    fn entry(role: Role, before: Kind, made: Kind, port: u16) -> Entry {
        Entry {
            facts: Facts {
                role,
                port,
                before,
                made,
                is: Kind::Tcp,
                has_copies: false,
            },
            process: 1,
            inode: 1,
            address: std::net::Ipv4Addr::new(192, 0, 2, 1)
                .to_ipv6_mapped()
                .to_bits(),
        }
    }

    fn explainer(name: &'static str, value: &'static str) -> Explainer {
        let config = Config::from_env(|variable| (variable == name).then_some(value));
        Explainer::new(config.unwrap(), true)
    }

    #[test]
    fn the_reason_names_what_decided() {
        use {Kind::*, Role::*};
        let none = explainer("", "");
        let port = explainer("SMC_PORTS", "80");
        let words = TcpReason::Listed("port 81 not in SMC_PORTS".to_owned());
        let demoted = entry(Connecting, Smc, Smc, 81);
        assert_eq!(port.reason(&demoted, Some((FORCED, 0))), words);
        assert_eq!(none.reason(&demoted, Some((FORCED, 0))), TcpReason::Slow);
        let early = entry(Connecting, Tcp, Smc, 81);
        assert_eq!(none.reason(&early, Some((FORCED, 0))), TcpReason::OnlyTcp);
        let child = entry(Accepting, Tcp, Tcp, 81);
        assert_eq!(port.reason(&child, None), words);
        assert_eq!(
            none.reason(&child, None),
            TcpReason::NeverSmc(Side::Accepted)
        );
        let plain = entry(Connecting, Tcp, Tcp, 80);
        assert_eq!(
            port.reason(&plain, None),
            TcpReason::NeverSmc(Side::Connected)
        );
        assert_eq!(
            explainer("SMC_PROCESSES", "x").reason(&plain, None),
            TcpReason::Program
        );
        let renewed = entry(Connecting, Smc, Tcp, 80);
        assert_eq!(port.reason(&renewed, None), TcpReason::Handshake);
        assert_eq!(
            explainer("SMC_DISABLE", "1").reason(&plain, None),
            TcpReason::Disabled
        );
    }

    #[test]
    fn the_reason_of_the_kernel_comes_first() {
        let entry = entry(Role::Accepting, Kind::Smc, Kind::Smc, 80);
        let none = explainer("", "");
        let why = none.reason(&entry, Some((0x0301_0000, 0)));
        assert_eq!(why, TcpReason::Kernel(0x0301_0000, 0));
        assert_eq!(none.reason(&entry, Some((0, 0))), TcpReason::Gone);
        let declined = TcpReason::Kernel(PEER_DECLINED, 0x0303_0008).to_string();
        assert!(declined.contains("0x03030008"), "{declined}");
        assert!(declined.starts_with("the peer declined: "), "{declined}");
    }
}
