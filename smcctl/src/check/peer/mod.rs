// SPDX-License-Identifier: MIT OR Apache-2.0
//! A test connection to another host.
//!
//! The server ([`server`]) greets with a line that names the mode on its side and sends
//! back what it receives. The client ([`client`]) sends nothing to other servers.

pub mod address;
pub mod client;
pub mod server;

use super::finding::Finding;
use crate::explain::codes;
use crate::kernel::diag::{Fallback, Mode};
use crate::kernel::smc_socket;
use serde::Serialize;
use socket2::Socket;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::time::Duration;

/// The default port of the server.
pub const PORT: u16 = 4343;
/// How long sending the sample or receiving it may take.
const ECHO_TIMEOUT: Duration = Duration::from_secs(20);
/// The size of the sample: less than any buffer, more than one packet.
const SAMPLE: usize = 16 << 10;
/// The greeting of the server, followed by a mode.
const GREETING: &str = "smcctl-check ";

/// A connection to a peer, as the kernels on both sides report it.
#[derive(Clone, Debug, Serialize)]
pub struct Connection {
    /// The address of the peer.
    pub address: String,
    /// `SMC-R`, `SMC-D`, `SMC` or `TCP`.
    pub mode: &'static str,
    /// The RDMA device and port that carry it.
    pub device: Option<String>,
    /// Why it is TCP: the reason on this side.
    pub reason: Option<String>,
    /// Why it is TCP: the reason that the peer sent.
    pub peer_reason: Option<String>,
    /// The mode on the side of the peer, if that is `smcctl check --listen`.
    pub peer_mode: Option<String>,
    /// Whether data came back unchanged; `None` when the peer is another server.
    pub echoed: Option<bool>,
    #[serde(skip)]
    codes: (u32, u32),
}

impl Connection {
    fn new(socket: &Socket, address: SocketAddr) -> Self {
        let (mode, diag) = smc_socket::mode_of(socket);
        let (link, fallback) = diag.map_or((None, None), |diag| (diag.link, diag.fallback));
        let Fallback { own, peer } = fallback.unwrap_or_default();
        let reason = |code: u32| (mode == Mode::Tcp && code != 0).then(|| codes::in_words(code));
        Self {
            address: address.to_string(),
            mode: mode.name(),
            device: link.map(|link| format!("{} port {}", link.device, link.port)),
            reason: reason(own),
            peer_reason: reason(peer),
            peer_mode: None,
            echoed: None,
            codes: (own, peer),
        }
    }

    /// Whether it is SMC and no data exchange failed.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.mode != Mode::Tcp.name() && self.echoed != Some(false)
    }

    fn is_ipv6(&self) -> bool {
        self.address.starts_with('[')
    }

    /// The code that explains most: the peer's, if the peer declined.
    fn code(&self) -> u32 {
        match self.codes {
            (own, 0) => own,
            (_, peer) => peer,
        }
    }

    /// One line, such as `SMC-R through rxe0 port 1`.
    #[must_use]
    pub fn describe(&self) -> String {
        let mut words = self.mode.to_owned();
        if let Some(device) = &self.device {
            let _ = write!(words, " through {device}");
        }
        if let Some(reason) = &self.reason {
            let _ = write!(words, ": {reason}");
        }
        if let Some(reason) = &self.peer_reason {
            let _ = write!(words, "; the peer's reason: {reason}");
        }
        words
    }

    /// The finding about it.
    #[must_use]
    pub fn finding(&self) -> Finding {
        let address = &self.address;
        let what = format!("the connection to {address} is {}", self.describe());
        if self.is_good() {
            let why = match self.echoed {
                Some(_) => "both kernels agreed on it, and data came back unchanged",
                None => "both kernels agreed on it; no data was sent",
            };
            return Finding::ok("peer", what, why);
        }
        if self.mode != Mode::Tcp.name() {
            let why = "the kernels agreed on SMC, but no data came back";
            return Finding::problem("peer", what, why);
        }
        let why = match codes::by_value(self.code()) {
            Some(code) if self.is_ipv6() && code.name.starts_with("NOSMC") => format!(
                "SMC-R version 2 may need an IPv4 address; see smcctl explain ipv6 and \
                 smcctl explain {}",
                code.name
            ),
            Some(code) => {
                let first = code.advice.first().copied().unwrap_or_default();
                format!("{first}; see smcctl explain {}", code.name)
            }
            None => "the reason is unknown: smc_diag is not loaded (smcctl load)".to_owned(),
        };
        Finding::problem("peer", what, why)
    }
}

#[cfg(test)]
mod tests {
    use super::super::finding::Level;
    use super::*;

    fn connection(mode: &'static str, codes: (u32, u32), echoed: Option<bool>) -> Connection {
        let reason = |code: u32| (code != 0).then(|| codes::in_words(code));
        Connection {
            address: "192.0.2.1:4343".to_owned(),
            mode,
            device: None,
            reason: reason(codes.0),
            peer_reason: reason(codes.1),
            peer_mode: None,
            echoed,
            codes,
        }
    }

    #[test]
    fn a_decline_names_the_reasons_and_the_fix() {
        let finding = connection("TCP", (0x0500_0000, 0x0303_0008), Some(true)).finding();
        assert_eq!(finding.level, Level::Problem);
        assert!(finding
            .what
            .contains("the peer declined (0x05000000 PEERDECL)"));
        assert!(
            finding.what.contains("the peer's reason: no user EID"),
            "{finding:?}"
        );
        assert!(finding.why.contains("smcctl ueid add"), "{finding:?}");
        assert!(finding.why.contains("smcctl explain NOUEID"), "{finding:?}");
    }

    #[test]
    fn ipv6_is_mentioned_where_it_may_be_the_reason() {
        let mut over_ipv6 = connection("TCP", (0x0303_0000, 0), None);
        assert!(!over_ipv6.finding().why.contains("ipv6"));
        over_ipv6.address = "[2001:db8::1]:4343".to_owned();
        assert!(over_ipv6.finding().why.contains("smcctl explain ipv6"));
    }

    #[test]
    fn smc_without_data_is_a_problem() {
        assert!(connection("SMC-R", (0, 0), Some(true)).is_good());
        assert!(connection("SMC-R", (0, 0), None).is_good());
        let broken = connection("SMC-R", (0, 0), Some(false));
        assert_eq!(broken.finding().level, Level::Problem);
    }
}
