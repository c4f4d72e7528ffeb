// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a case plays with: sockets of the way under test, addresses, and a
//! peer on the other side of a connection.

use crate::call::{self, must, Address, Fd};
use crate::peer::Peer;
use std::ffi::c_int;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::str::FromStr;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};

/// How a program asks for its sockets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Make {
    /// As every TCP program does.
    Tcp,
    /// Asks for SMC itself.
    Smc,
}

impl FromStr for Make {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "tcp" => Ok(Self::Tcp),
            "smc" => Ok(Self::Smc),
            _ => Err(format!("{text}: expected tcp or smc")),
        }
    }
}

/// IPv4, IPv6, or IPv4 by way of an IPv6 socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    V4,
    V6,
    Mapped,
}

impl Family {
    pub fn name(self) -> &'static str {
        match self {
            Self::V4 => "v4",
            Self::V6 => "v6",
            Self::Mapped => "mapped",
        }
    }

    pub fn number(self) -> c_int {
        match self {
            Self::V4 => libc::AF_INET,
            Self::V6 | Self::Mapped => libc::AF_INET6,
        }
    }
}

/// The kernel has no IPPROTO_SMC.
static LACKS_PROTOCOL: AtomicBool = AtomicBool::new(false);

/// Finds out how sockets are made, for this process and all that it forks: a
/// kernel without IPPROTO_SMC starts modprobe each time it is asked.
pub fn learn(make: Make) {
    for family in [Family::V4, Family::V6] {
        call::close(new_socket(make, family, 0));
    }
}

/// A new TCP or SMC socket; `flags` as for `socket`'s second argument.
pub fn new_socket(make: Make, family: Family, flags: c_int) -> Fd {
    const IPPROTO_SMC: c_int = 256;
    const AF_SMC: c_int = 43;
    let kind = libc::SOCK_STREAM | flags;
    let domain = family.number();
    if make == Make::Tcp {
        return must(call::socket(domain, kind, 0));
    }
    if !LACKS_PROTOCOL.load(Relaxed) {
        let fd = call::socket(domain, kind, IPPROTO_SMC);
        if fd >= 0 {
            return fd;
        }
        LACKS_PROTOCOL.store(true, Relaxed);
    }
    must(call::socket(
        AF_SMC,
        kind,
        c_int::from(domain == libc::AF_INET6),
    ))
}

/// The stage of one case.
#[derive(Clone, Copy, Debug)]
pub struct Scene {
    pub make: Make,
    pub family: Family,
    /// Where the peer of this way waits.
    pub peers: Peers,
}

/// The peer process: its addresses and the port of its control connection.
#[derive(Clone, Copy, Debug)]
pub struct Peers {
    pub v4: Ipv4Addr,
    pub v6: Ipv6Addr,
    pub port: u16,
}

impl Scene {
    pub fn socket(&self) -> Fd {
        new_socket(self.make, self.family, 0)
    }

    pub fn non_blocking_socket(&self) -> Fd {
        new_socket(self.make, self.family, libc::SOCK_NONBLOCK)
    }

    /// Whether the peer process runs on another machine.
    pub fn peer_is_elsewhere(&self) -> bool {
        self.own_ip() != self.peer_ip()
    }

    /// An address as this family writes it.
    fn written(&self, ip: IpAddr) -> IpAddr {
        match (self.family, ip) {
            (Family::Mapped, IpAddr::V4(ip)) => ip.to_ipv6_mapped().into(),
            _ => ip,
        }
    }

    fn peer_ip(&self) -> IpAddr {
        match self.family {
            Family::V6 => self.peers.v6.into(),
            Family::V4 | Family::Mapped => self.peers.v4.into(),
        }
    }

    /// This machine's address as the peer sees it.
    pub fn own_ip(&self) -> IpAddr {
        let peer = self.peer_ip();
        let any: IpAddr = match peer {
            IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
            IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
        };
        let socket = UdpSocket::bind((any, 0)).expect("a UDP socket");
        socket.connect((peer, 9)).expect("a route to the peer");
        socket.local_addr().expect("its address").ip()
    }

    /// This machine's address and `port`, as this family writes it.
    pub fn own(&self, port: u16) -> Address {
        SocketAddr::from((self.written(self.own_ip()), port)).into()
    }

    /// The wildcard address and `port`.
    pub fn any(&self, port: u16) -> Address {
        let ip: IpAddr = match self.family {
            Family::V4 => Ipv4Addr::UNSPECIFIED.into(),
            Family::V6 | Family::Mapped => Ipv6Addr::UNSPECIFIED.into(),
        };
        SocketAddr::from((ip, port)).into()
    }

    /// The address of a port on which nobody listens, and nobody will.
    pub fn refusing(&self) -> Address {
        let holder = call::raw_socket(self.family.number(), libc::SOCK_STREAM, 0);
        must(call::bind(holder, &self.own(0)));
        self.own(call::name_of(holder).map_or(0, |name| name.port()))
    }

    /// An address for this side to be bound to. Its port is none that the kernel
    /// chooses for others, and another one each time.
    pub fn free(&self) -> Address {
        const FIRST: u32 = 10_000;
        const COUNT: u32 = 20_000;
        static ASKED: AtomicU32 = AtomicU32::new(0);
        // Cases that run at the same time have processes of their own.
        let start = std::process::id() * 8;
        for _ in 0..1000 {
            let place = (start + ASKED.fetch_add(1, Relaxed)) % COUNT;
            let port = u16::try_from(FIRST + place).unwrap_or(0);
            let trial = call::raw_socket(self.family.number(), libc::SOCK_STREAM, 0);
            let is_free = call::bind(trial, &self.any(port)) == 0;
            call::close(trial);
            if is_free {
                return self.own(port);
            }
        }
        panic!("no port is free")
    }

    /// A peer that has done nothing yet.
    pub fn peer(&self) -> Peer {
        Peer::meet(self.peers, self.family)
    }

    /// A peer that listens, and where.
    pub fn listening_peer(&self) -> (Peer, Address) {
        let mut peer = self.peer();
        let port = peer.number("listen");
        let address = SocketAddr::from((self.written(self.peer_ip()), port)).into();
        (peer, address)
    }

    /// Connects `socket` to a new peer.
    pub fn connect(&self, socket: Fd) -> Peer {
        let (mut peer, address) = self.listening_peer();
        must(call::connect(socket, &address));
        peer.must("accept");
        peer
    }

    /// A connection that this side opened.
    pub fn connected(&self) -> (Fd, Peer) {
        let socket = self.socket();
        let peer = self.connect(socket);
        (socket, peer)
    }

    /// A listener on a port of the kernel's choice.
    pub fn listener(&self) -> Fd {
        let listener = self.socket();
        must(call::bind(listener, &self.any(0)));
        must(call::listen(listener, 8));
        listener
    }

    /// A new peer, connected to `listener` but not yet accepted by it.
    pub fn caller(&self, listener: Fd) -> Peer {
        let mut peer = self.peer();
        let port = call::name_of(listener).map_or(0, |name| name.port());
        peer.must(&format!("connect {} {port}", self.written(self.own_ip())));
        peer
    }

    /// A connection from a new peer to `listener`.
    pub fn accepted_by(&self, listener: Fd) -> (Fd, Peer) {
        let peer = self.caller(listener);
        (must(call::accept(listener, 0)), peer)
    }

    /// A connection that the peer opened.
    pub fn accepted(&self) -> (Fd, Peer) {
        self.accepted_by(self.listener())
    }

    /// A plain TCP listener that does not answer until told to.
    pub fn deaf(&self) -> Deaf {
        let listener = call::raw_socket(self.family.number(), libc::SOCK_STREAM, 0);
        must(call::bind(listener, &self.any(0)));
        assert_eq!(call::raw_listen(listener, 0), 0);
        let address = self.own(call::name_of(listener).map_or(0, |name| name.port()));
        // Its queue has one place: with that taken, SYNs are dropped.
        let filler = call::raw_socket(self.family.number(), libc::SOCK_STREAM, 0);
        assert_eq!(call::raw_connect(filler, &address), 0);
        Deaf { listener, address }
    }
}

/// See [`Scene::deaf`].
pub struct Deaf {
    listener: Fd,
    pub address: Address,
}

impl Deaf {
    /// Answers from now on: the next SYN that is sent again gets through.
    pub fn listen(&self) {
        call::raw_accept(self.listener);
    }

    /// Refuses from now on.
    pub fn close(&self) {
        call::close(self.listener);
    }

    /// Accepts the connection of the case.
    pub fn accept(&self) -> Fd {
        call::raw_accept(self.listener)
    }
}
