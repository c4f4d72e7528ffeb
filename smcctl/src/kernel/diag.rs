// SPDX-License-Identifier: MIT OR Apache-2.0
//! SMC_DIAG: what the kernel says of each SMC socket of this network namespace.
//!
//! [`parse`] takes any bytes; what is missing or malformed is left out.

use super::attributes::{text, u32_at, u64_at, Attributes};
use super::smc_socket::AF_SMC;
use super::{modules, netlink};
use crate::failure::{words, Failure};
use crate::kernel::generic::{errno, Family};
use serde::{Serialize, Serializer};
use std::io;
use std::net::{IpAddr, SocketAddr};

/// `NETLINK_SOCK_DIAG`.
pub const SOCK_DIAG: isize = 4;
/// `SOCK_DIAG_BY_FAMILY`.
pub const BY_FAMILY: u16 = 20;

/// `struct smc_diag_req`.
const REQUEST: usize = 52;
/// `struct smc_diag_msg`, before the attributes.
const HEAD: usize = 64;
const STATE: usize = 1;
const MODE: usize = 2;
/// `struct inet_diag_sockid`.
const ENDS: std::ops::Range<usize> = 4..52;
const UID: usize = 52;
const INODE: usize = 56;

/// The attributes.
const CONNECTION: u16 = 1;
const LINK: u16 = 2;
const ISM: u16 = 4;
const FALLBACK: u16 = 5;

/// Which attributes are asked for; the reasons for falling back come unasked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// No more than that.
    Least,
    /// The link of SMC-R.
    Link,
    /// Everything.
    All,
}

impl Wanted {
    fn bits(self) -> u8 {
        let bit = |attribute: u16| 1_u8 << (attribute - 1);
        match self {
            Self::Least => 0,
            Self::Link => bit(LINK),
            Self::All => bit(CONNECTION) | bit(LINK) | bit(ISM),
        }
    }
}

/// Where a socket is in its life (`net/smc/smc.h`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Neither connected nor listening; so is what was made TCP before it was.
    Init,
    /// It listens.
    Listen,
    /// It is connected.
    Active,
    /// One side has closed it, or both.
    Closing,
    /// It was aborted.
    Aborted,
    /// It has ended, or was never made.
    Closed,
    /// None that this program knows.
    Unknown,
}

impl From<u8> for State {
    fn from(number: u8) -> Self {
        match number {
            1 => Self::Active,
            2 => Self::Init,
            7 => Self::Closed,
            10 => Self::Listen,
            20..=25 => Self::Closing,
            26 | 27 => Self::Aborted,
            _ => Self::Unknown,
        }
    }
}

/// What a connection is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mode {
    /// Over RDMA.
    SmcR,
    /// Through shared memory.
    SmcD,
    /// SMC; of which kind the kernel does not tell, or nobody knows yet.
    Smc,
    /// Not SMC.
    Tcp,
}

impl Mode {
    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::SmcR => "SMC-R",
            Self::SmcD => "SMC-D",
            Self::Smc => "SMC",
            Self::Tcp => "TCP",
        }
    }
}

impl Serialize for Mode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

/// Why a socket fell back: 0 for no reason.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fallback {
    /// This side's reason.
    pub own: u32,
    /// What the other side said.
    pub peer: u32,
}

/// The two ends of a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Ends {
    /// This side.
    pub local: SocketAddr,
    /// The other side.
    pub peer: SocketAddr,
}

impl Ends {
    /// Those in a `struct inet_diag_sockid`. Where the family is not known, what
    /// fills one word only is IPv4.
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

    /// Whether there is an address: of IPPROTO_SMC sockets SMC_DIAG has only ports.
    #[must_use]
    pub fn has_addresses(&self) -> bool {
        !self.local.ip().is_unspecified() || !self.peer.ip().is_unspecified()
    }

    /// This side's port and the other's.
    #[must_use]
    pub fn ports(&self) -> (u16, u16) {
        (self.local.port(), self.peer.port())
    }
}

/// The rings of a connection, and what went through them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rings {
    /// Bytes of the ring for sending; 0 while there is none.
    pub send: u32,
    /// Bytes of the ring for receiving.
    pub receive: u32,
    /// Bytes of the peer's ring for receiving.
    pub peer: u32,
    /// Bytes put into the peer's ring. Begins again after 65536 times its size.
    pub sent: u64,
    /// Bytes that came. Begins again after 65536 times the size of the ring.
    pub received: u64,
}

impl Rings {
    fn parse(info: &[u8]) -> Option<Self> {
        let (receive, peer) = (u32_at(info, 8)?, u32_at(info, 12)?);
        let passed = |cursor: usize, ring: u32| {
            let rounds = u16::from_ne_bytes(*info.get(cursor + 2..)?.first_chunk()?);
            Some(u64::from(rounds) * u64::from(ring) + u64::from(u32_at(info, cursor + 4)?))
        };
        Some(Self {
            send: u32_at(info, 4)?,
            receive,
            peer,
            received: passed(16, receive)?,
            sent: passed(32, peer)?,
        })
    }
}

/// A link of SMC-R.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Link {
    /// Its number in its group.
    pub id: u8,
    /// The RDMA device and its port.
    pub device: String,
    /// See `device`.
    pub port: u8,
    /// This host's address there.
    pub gid: String,
    /// The other host's.
    pub peer_gid: String,
    /// Whether this host is the server of the group.
    pub is_server: bool,
}

impl Link {
    fn parse(info: &[u8]) -> Option<Self> {
        Some(Self {
            id: *info.first()?,
            device: text(info.get(1..65)?),
            port: *info.get(65)?,
            gid: text(info.get(66..106)?),
            peer_gid: text(info.get(106..146)?),
            is_server: *info.get(146)? == 1,
        })
    }
}

/// What SMC_DIAG says of a socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Socket {
    /// Where it is in its life.
    pub state: State,
    /// What it is. Fallbacks only are told before and after there is a connection.
    pub mode: Mode,
    /// Its ends.
    pub ends: Ends,
    /// Who made it.
    pub uid: u32,
    /// What `/proc/PID/fd` calls it; 0 before it is accepted.
    pub inode: u64,
    /// The cookie of the kernel: another one for every socket.
    pub cookie: u64,
    /// While there is a connection of SMC.
    pub rings: Option<Rings>,
    /// Of SMC-R.
    pub link: Option<Link>,
    /// The link group of SMC-D.
    pub ism_group: Option<u32>,
    /// Of TCP.
    pub fallback: Option<Fallback>,
}

/// The socket in an answer, if it is one.
#[must_use]
pub fn parse(answer: &[u8]) -> Option<Socket> {
    let (head, rest) = answer.split_at_checked(HEAD)?;
    let attributes = Attributes::new(rest);
    let state = State::from(*head.get(STATE)?);
    let mode = match (*head.get(MODE)?, state) {
        (0, State::Active | State::Closing) => Mode::SmcR,
        (2, State::Active | State::Closing) => Mode::SmcD,
        (0 | 2, _) => Mode::Smc,
        _ => Mode::Tcp,
    };
    let reasons = |bytes: &[u8]| {
        let (own, peer) = (u32_at(bytes, 0)?, u32_at(bytes, 4)?);
        Some(Fallback { own, peer })
    };
    let fallback = attributes.get(FALLBACK).and_then(reasons);
    Some(Socket {
        state,
        mode,
        ends: Ends::parse(head.get(ENDS)?, None)?,
        uid: u32_at(head, UID)?,
        inode: u64_at(head, INODE)?,
        cookie: u64_at(head, UID - 8)?,
        rings: attributes.get(CONNECTION).and_then(Rings::parse),
        link: attributes.get(LINK).and_then(Link::parse),
        ism_group: attributes.get(ISM).and_then(|info| u32_at(info, 0)),
        fallback: (mode == Mode::Tcp).then(|| fallback.unwrap_or_default()),
    })
}

/// Asks for every SMC socket; `each` is given them one by one.
///
/// # Errors
/// The kernel's: it has no SMC, or no `smc_diag`.
pub fn each(wanted: Wanted, mut each: impl FnMut(Socket)) -> io::Result<()> {
    let mut request = [0_u8; REQUEST];
    let [family, _, _, attributes, ..] = &mut request;
    (*family, *attributes) = (AF_SMC, wanted.bits());
    netlink::dump(SOCK_DIAG, BY_FAMILY, &request, |answer| {
        parse(answer).into_iter().for_each(&mut each);
    })
}

/// Every SMC socket with everything about it, each once.
///
/// # Errors
/// In words, when the kernel does not tell.
pub fn all() -> Result<Vec<Socket>, Failure> {
    // Has the kernel load smc if it may: only then it looks for smc_diag.
    Family::smc()?;
    let mut sockets = Vec::new();
    each(Wanted::All, |socket| sockets.push(socket)).map_err(|error| {
        match error.raw_os_error() {
            Some(errno::ENOENT) => modules::missing("smc_diag"),
            _ => Failure::new(format!("cannot list SMC sockets: {}", words(&error))),
        }
    })?;
    // One that comes or goes while the list is made may be in there twice.
    sockets.sort_by_key(|socket| socket.cookie);
    sockets.dedup_by_key(|socket| socket.cookie);
    Ok(sockets)
}

#[cfg(test)]
#[path = "diag/tests.rs"]
mod tests;
