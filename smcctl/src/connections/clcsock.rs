// SPDX-License-Identifier: MIT OR Apache-2.0
//! The TCP socket inside an SMC socket (`clcsock` in the kernel). The kernel does not
//! report which one it is: it has the same ports, and the same addresses if SMC_DIAG
//! reports them.

use crate::kernel::diag::{Mode, Socket, State};
use crate::kernel::endpoints::Endpoints;
use crate::kernel::owners::{endpoints_of, Owners};
use crate::kernel::tcp::{self, ByPorts, Tcp};
use foldhash::HashSet;

/// What the inner socket adds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Match {
    /// The endpoints, with addresses.
    pub endpoints: Option<Endpoints>,
    /// The inner socket.
    pub tcp: Option<Tcp>,
}

/// The TCP sockets that can be the inner socket of an SMC socket.
#[derive(Debug, Default)]
pub struct ClcSockets {
    by_ports: ByPorts,
    /// The endpoints of SMC sockets whose addresses SMC_DIAG reports.
    reported: HashSet<Endpoints>,
}

/// Whether the inner socket is needed: for addresses (or the family of the wildcard), the
/// state, or the byte counts.
fn is_wanted(socket: &Socket) -> bool {
    let is_open = !socket.endpoints.has_addresses()
        || socket.mode == Mode::Tcp
        || socket.state == State::Init;
    is_open && socket.endpoints.local.port() != 0
}

/// Whether a TCP socket in this state can be the inner socket.
fn can_be(socket: &Socket, tcp: &Tcp) -> bool {
    match (socket.mode, socket.state) {
        (Mode::Tcp, _) | (_, State::Init) => true,
        (_, state) => (state == State::Listen) == (tcp.state == tcp::LISTEN),
    }
}

impl ClcSockets {
    /// Reads the inner sockets that are needed for `sockets`.
    #[must_use]
    pub fn of(sockets: &[Socket]) -> Self {
        let wanted = sockets.iter().filter(|socket| is_wanted(socket));
        let wanted: HashSet<_> = wanted.map(|socket| socket.endpoints.ports()).collect();
        if wanted.is_empty() {
            return Self::default();
        }
        let reported = sockets.iter().map(|socket| socket.endpoints);
        Self {
            reported: reported.filter(Endpoints::has_addresses).collect(),
            by_ports: tcp::sockets(|ports| wanted.contains(&ports)),
        }
    }

    fn candidates(&self, socket: &Socket) -> &[Tcp] {
        let found = self.by_ports.get(&socket.endpoints.ports());
        found.map_or(&[], Vec::as_slice)
    }

    /// The inodes whose processes are needed: those of the SMC sockets, and of TCP sockets
    /// if several are candidates.
    #[must_use]
    pub fn inodes(&self, sockets: &[Socket]) -> HashSet<u64> {
        let mut inodes: HashSet<u64> = sockets.iter().map(|socket| socket.inode).collect();
        for candidates in self.by_ports.values().filter(|those| those.len() > 1) {
            inodes.extend(candidates.iter().map(|tcp| tcp.inode));
        }
        inodes.remove(&0);
        inodes
    }

    /// Finds the inner socket and the addresses of an SMC socket.
    #[must_use]
    pub fn find(&self, socket: &Socket, owners: &Owners) -> Match {
        let reported = socket.endpoints.has_addresses().then_some(socket.endpoints);
        if !is_wanted(socket) {
            return Match {
                endpoints: reported,
                tcp: None,
            };
        }
        let candidates = self.candidates(socket).iter();
        let mut candidates = candidates.filter(|tcp| can_be(socket, tcp));
        if let Some(reported) = reported {
            return Match {
                endpoints: Some(reported),
                tcp: candidates.find(|tcp| tcp.endpoints == reported).copied(),
            };
        }
        // Neither the inner socket of another SMC socket, nor the TCP socket of a process.
        let left: Vec<&Tcp> = candidates
            .filter(|tcp| {
                !self.reported.contains(&tcp.endpoints) && owners.of(tcp.inode).is_empty()
            })
            .collect();
        let endpoints = match left.as_slice() {
            [] => None,
            [first, others @ ..] if others.iter().all(|tcp| tcp.endpoints == first.endpoints) => {
                Some(first.endpoints)
            }
            // Several candidates: ask the socket itself, if this user may.
            _ => owners
                .of(socket.inode)
                .first()
                .copied()
                .and_then(endpoints_of),
        };
        let mut those = left.iter().filter(|tcp| Some(tcp.endpoints) == endpoints);
        Match {
            endpoints,
            tcp: match (those.next(), those.next()) {
                (Some(tcp), None) => Some(**tcp),
                // Listeners that share a port do not differ.
                (Some(tcp), Some(_)) if tcp.state == tcp::LISTEN => Some(**tcp),
                _ => None,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::diag::Fallback;

    fn endpoints(local: &str, peer: &str) -> Endpoints {
        Endpoints {
            local: local.parse().unwrap(),
            peer: peer.parse().unwrap(),
        }
    }

    fn smc(state: State, mode: Mode, endpoints: Endpoints) -> Socket {
        Socket {
            state,
            mode,
            endpoints,
            uid: 0,
            inode: 7,
            cookie: 1,
            rings: None,
            link: None,
            ism_group: None,
            fallback: (mode == Mode::Tcp).then(Fallback::default),
        }
    }

    fn tcp(state: u8, endpoints: Endpoints) -> Tcp {
        Tcp {
            endpoints,
            state,
            inode: 8,
            counts: None,
            buffers: None,
        }
    }

    fn sockets(those: &[Tcp], reported: &[Endpoints]) -> ClcSockets {
        let mut by_ports = ByPorts::default();
        for tcp in those {
            by_ports
                .entry(tcp.endpoints.ports())
                .or_default()
                .push(*tcp);
        }
        ClcSockets {
            by_ports,
            reported: reported.iter().copied().collect(),
        }
    }

    #[test]
    fn the_inner_socket_is_found_by_its_ports() {
        let unreported = smc(
            State::Active,
            Mode::SmcD,
            endpoints("0.0.0.0:40000", "0.0.0.0:80"),
        );
        let real = endpoints("192.0.2.2:40000", "192.0.2.1:80");
        let other = endpoints("192.0.2.3:40000", "192.0.2.1:80");
        let found = sockets(&[tcp(1, real)], &[]).find(&unreported, &Owners::default());
        assert_eq!(found.endpoints, Some(real));
        // SMC_DIAG reports the other one for another SMC socket.
        let both = [tcp(1, real), tcp(1, other)];
        let found = sockets(&both, &[other]).find(&unreported, &Owners::default());
        assert_eq!(found.endpoints, Some(real));
        // Without permission to ask the socket the addresses stay unknown.
        let found = sockets(&both, &[]).find(&unreported, &Owners::default());
        assert_eq!(found, Match::default());
    }

    #[test]
    fn the_inner_socket_of_a_fallback_is_found_by_its_addresses() {
        let real = endpoints("192.0.2.2:40000", "192.0.2.1:80");
        let other = endpoints("192.0.2.3:40000", "192.0.2.1:80");
        let sockets = sockets(&[tcp(1, other), tcp(4, real)], &[]);
        let fallback = smc(State::Active, Mode::Tcp, real);
        let found = sockets.find(&fallback, &Owners::default());
        assert_eq!(found.tcp.map(|tcp| tcp.state), Some(4));
    }

    #[test]
    fn a_listener_matches_only_listeners() {
        let listener = smc(
            State::Listen,
            Mode::Smc,
            endpoints("0.0.0.0:80", "0.0.0.0:0"),
        );
        let v6 = endpoints("[::]:80", "[::]:0");
        let closed = tcp(7, endpoints("192.0.2.1:80", "0.0.0.0:0"));
        let found =
            sockets(&[closed, tcp(tcp::LISTEN, v6)], &[]).find(&listener, &Owners::default());
        assert_eq!(found.endpoints, Some(v6));
    }
}
