// SPDX-License-Identifier: MIT OR Apache-2.0
//! Why a connection is TCP: what the kernel says, what the lists say, and what can
//! be told from what its socket was before.

use crate::explain::codes::in_words;
use serde::{Serialize, Serializer};
use smc_policy::{Config, Verdict};
use std::fmt;
use std::net::{Ipv6Addr, SocketAddr};
use table::{Entry, Kind, Role};

/// The kernel's reason for a socket that was made TCP before it was connected
/// (`SMC_CLC_DECL_OPTUNSUPP`): by the shim, or because of what the program did.
pub const FORCED: u32 = 0x0306_0000;
/// The peer has a reason (`SMC_CLC_DECL_PEERDECL`).
const PEER_DECLINED: u32 = 0x0500_0000;

/// Why a connection is TCP.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TcpReason {
    /// `SMC_DISABLE`.
    Disabled,
    /// The kernel has none.
    NoSmc,
    /// The lists, in the words of the policy.
    Listed(String),
    /// The program is not on the list.
    Program,
    /// The kernel's own reason and the peer's.
    Kernel(u32, u32),
    /// The shim remembers that SMC with this peer was slow.
    Slow,
    /// TCP took over from an SMC handshake.
    Handshake,
    /// The program did what only TCP can.
    OnlyTcp,
    /// Its socket, or its listener's, was never SMC.
    NeverSmc(Side),
    /// It fell back and was gone before the kernel was asked why.
    Gone,
    /// It was one too many at a time for details.
    TooMany,
}

/// [`Role`] in an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    /// It was accepted.
    Accepted,
    /// It was made.
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
            Self::Slow => f.write_str("SMC with this host was slow a short while ago"),
            Self::Handshake => f.write_str("the SMC handshake failed or was interrupted"),
            Self::OnlyTcp => f.write_str("the program used what only TCP can do"),
            Self::NeverSmc(Side::Connected) => f.write_str("it was not made as an SMC socket"),
            Self::NeverSmc(Side::Accepted) => f.write_str("the listening socket was not SMC"),
            Self::Gone => f.write_str("gone before the kernel was asked why"),
            Self::TooMany => f.write_str("too many at one time to ask why"),
        }
    }
}

impl Serialize for TcpReason {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Knows what the program was started with.
#[derive(Debug)]
pub struct Explainer {
    config: Config,
    has_smc: bool,
}

impl Explainer {
    /// `has_smc`: the kernel makes SMC sockets.
    #[must_use]
    pub fn new(config: Config, has_smc: bool) -> Self {
        Self { config, has_smc }
    }

    /// Why this connection is TCP, given the reasons that the kernel's list of SMC
    /// sockets has for it (0: it was not seen there), `None` if it was never SMC.
    #[must_use]
    pub fn why(&self, entry: &Entry, listed: Option<(u32, u32)>) -> TcpReason {
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
    use table::Facts;

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

    fn judge(name: &'static str, value: &'static str) -> Explainer {
        let config = Config::from_env(|asked| (asked == name).then_some(value));
        Explainer::new(config.unwrap(), true)
    }

    #[test]
    fn whoever_decided_is_named() {
        use {Kind::*, Role::*};
        let none = judge("", "");
        let port = judge("SMC_PORTS", "80");
        let words = TcpReason::Listed("port 81 not in SMC_PORTS".to_owned());
        let demoted = entry(Connecting, Smc, Smc, 81);
        assert_eq!(port.why(&demoted, Some((FORCED, 0))), words);
        assert_eq!(none.why(&demoted, Some((FORCED, 0))), TcpReason::Slow);
        let early = entry(Connecting, Tcp, Smc, 81);
        assert_eq!(none.why(&early, Some((FORCED, 0))), TcpReason::OnlyTcp);
        let child = entry(Accepting, Tcp, Tcp, 81);
        assert_eq!(port.why(&child, None), words);
        assert_eq!(none.why(&child, None), TcpReason::NeverSmc(Side::Accepted));
        let plain = entry(Connecting, Tcp, Tcp, 80);
        assert_eq!(port.why(&plain, None), TcpReason::NeverSmc(Side::Connected));
        assert_eq!(
            judge("SMC_PROCESSES", "x").why(&plain, None),
            TcpReason::Program
        );
        let renewed = entry(Connecting, Smc, Tcp, 80);
        assert_eq!(port.why(&renewed, None), TcpReason::Handshake);
        assert_eq!(
            judge("SMC_DISABLE", "1").why(&plain, None),
            TcpReason::Disabled
        );
    }

    #[test]
    fn the_kernels_reason_is_the_reason() {
        let entry = entry(Role::Accepting, Kind::Smc, Kind::Smc, 80);
        let none = judge("", "");
        let why = none.why(&entry, Some((0x0301_0000, 0)));
        assert_eq!(why, TcpReason::Kernel(0x0301_0000, 0));
        assert_eq!(none.why(&entry, Some((0, 0))), TcpReason::Gone);
        let declined = TcpReason::Kernel(PEER_DECLINED, 0x0303_0008).to_string();
        assert!(declined.contains("0x03030008"), "{declined}");
        assert!(declined.starts_with("the peer declined: "), "{declined}");
    }
}
