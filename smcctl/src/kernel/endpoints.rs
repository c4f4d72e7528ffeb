// SPDX-License-Identifier: MIT OR Apache-2.0
//! The addresses and ports of a socket.

use std::net::{IpAddr, SocketAddr};

/// The two endpoints of a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Endpoints {
    /// The local one.
    pub local: SocketAddr,
    /// The peer's.
    pub peer: SocketAddr,
}

impl Endpoints {
    /// Parses a `struct inet_diag_sockid`. Where the family is unknown, addresses that
    /// occupy one word only are IPv4.
    #[must_use]
    pub fn parse(id: &[u8], is_v4: Option<bool>) -> Option<Self> {
        let bytes = |at: usize| id.get(at..)?.first_chunk::<16>().copied();
        let port = |at: usize| Some(u16::from_be_bytes(*id.get(at..)?.first_chunk()?));
        let (local, peer) = (bytes(4)?, bytes(20)?);
        let is_short = |bytes: &[u8; 16]| bytes.iter().skip(4).all(|byte| *byte == 0);
        let is_v4 = is_v4.unwrap_or(is_short(&local) && is_short(&peer));
        let ip = |bytes: [u8; 16]| match bytes {
            [a, b, c, d, ..] if is_v4 => IpAddr::from([a, b, c, d]),
            _ => IpAddr::from(bytes).to_canonical(),
        };
        Some(Self {
            local: SocketAddr::new(ip(local), port(0)?),
            peer: SocketAddr::new(ip(peer), port(2)?),
        })
    }

    /// Whether there is an address. For IPPROTO_SMC sockets SMC_DIAG has only ports.
    #[must_use]
    pub fn has_addresses(&self) -> bool {
        !self.local.ip().is_unspecified() || !self.peer.ip().is_unspecified()
    }

    /// The local port and the peer's.
    #[must_use]
    pub fn ports(&self) -> (u16, u16) {
        (self.local.port(), self.peer.port())
    }
}
