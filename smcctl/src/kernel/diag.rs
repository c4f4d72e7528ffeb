// SPDX-License-Identifier: MIT OR Apache-2.0
//! SMC_DIAG: the SMC sockets of this network namespace.
//!
//! [`parse`] accepts any bytes and ignores what is missing or malformed.

use super::attributes::{text, u32_at, u64_at, Attributes};
use super::endpoints::Endpoints;
use super::{modules, netlink};
use crate::failure::{words, Failure};
use crate::kernel::generic::{errno, Family};
use serde::{Serialize, Serializer};
use smc_core::sys::AF_SMC;
use std::io;

/// `NETLINK_SOCK_DIAG`.
pub const SOCK_DIAG: isize = 4;
/// `SOCK_DIAG_BY_FAMILY`.
pub const BY_FAMILY: u16 = 20;

/// `AF_SMC`, as one byte.
const FAMILY: u8 = AF_SMC.to_le_bytes()[0];

/// `struct smc_diag_req`.
const REQUEST: usize = 52;
/// `struct smc_diag_msg`, before the attributes.
const HEAD: usize = 64;
const STATE: usize = 1;
const MODE: usize = 2;
/// `struct inet_diag_sockid`.
const SOCKID: std::ops::Range<usize> = 4..52;
const UID: usize = 52;
const INODE: usize = 56;

/// The attributes.
const CONNECTION: u16 = 1;
const LINK: u16 = 2;
const ISM: u16 = 4;
const FALLBACK: u16 = 5;

/// The attributes to request. The reasons for fallbacks come with any of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// None.
    None,
    /// The link of SMC-R.
    Link,
    /// All.
    All,
}

impl Wanted {
    fn bits(self) -> u8 {
        let bit = |attribute: u16| 1_u8 << (attribute - 1);
        match self {
            Self::None => 0,
            Self::Link => bit(LINK),
            Self::All => bit(CONNECTION) | bit(LINK) | bit(ISM),
        }
    }
}

/// The state of a socket (`net/smc/smc.h`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Neither connected nor listening, also when it was demoted to TCP before.
    Init,
    /// Listening.
    Listen,
    /// Connected.
    Active,
    /// Closed by one side or both.
    Closing,
    /// Aborted.
    Aborted,
    /// The connection has ended or was never established.
    Closed,
    /// Another number.
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

/// The mode of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mode {
    /// Over RDMA.
    SmcR,
    /// Through shared memory.
    SmcD,
    /// SMC of an unknown kind: before and after the connection.
    Smc,
    /// TCP: fallen back.
    Tcp,
}

impl Mode {
    /// Returns the name.
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

/// Why a socket fell back; 0 is no reason.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fallback {
    /// The reason on this side.
    pub own: u32,
    /// The reason that the peer sent.
    pub peer: u32,
}

/// The ring buffers of a connection, and the bytes transferred through them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rings {
    /// The size of the send ring; 0 before it is allocated.
    pub send: u32,
    /// The size of the receive ring.
    pub receive: u32,
    /// The size of the peer's receive ring.
    pub peer: u32,
    /// Bytes sent, modulo 65536 times the size of the peer's ring.
    pub sent: u64,
    /// Bytes received, modulo 65536 times the size of the receive ring.
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
    /// This host's GID.
    pub gid: String,
    /// The peer's GID.
    pub peer_gid: String,
    /// Whether this host is the server of the link group.
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

/// A socket, as SMC_DIAG reports it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Socket {
    /// Its state.
    pub state: State,
    /// Its mode. Without a connection only fallbacks are known.
    pub mode: Mode,
    /// Its addresses and ports.
    pub endpoints: Endpoints,
    /// The user that created it.
    pub uid: u32,
    /// The inode, as in `/proc/PID/fd`; 0 before it is accepted.
    pub inode: u64,
    /// The socket cookie, unique since boot.
    pub cookie: u64,
    /// The rings of an SMC connection.
    pub rings: Option<Rings>,
    /// The link of an SMC-R connection.
    pub link: Option<Link>,
    /// The link group of an SMC-D connection.
    pub ism_group: Option<u32>,
    /// Why it is TCP.
    pub fallback: Option<Fallback>,
}

/// Parses the socket in an answer.
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
        endpoints: Endpoints::parse(head.get(SOCKID)?, None)?,
        uid: u32_at(head, UID)?,
        inode: u64_at(head, INODE)?,
        cookie: u64_at(head, UID - 8)?,
        rings: attributes.get(CONNECTION).and_then(Rings::parse),
        link: attributes.get(LINK).and_then(Link::parse),
        ism_group: attributes.get(ISM).and_then(|info| u32_at(info, 0)),
        fallback: (mode == Mode::Tcp).then(|| fallback.unwrap_or_default()),
    })
}

/// Calls `each` for every SMC socket.
///
/// # Errors
/// That of the kernel, without SMC or `smc_diag`.
pub fn each(wanted: Wanted, mut each: impl FnMut(Socket)) -> io::Result<()> {
    let mut request = [0_u8; REQUEST];
    let [family, _, _, attributes, ..] = &mut request;
    *family = FAMILY;
    *attributes = wanted.bits();
    netlink::dump(SOCK_DIAG, BY_FAMILY, &request, |answer| {
        parse(answer).into_iter().for_each(&mut each);
    })
}

/// Reads every SMC socket with all attributes.
///
/// # Errors
/// When the kernel does not list them.
pub fn all() -> Result<Vec<Socket>, Failure> {
    // This makes the kernel load smc; without it, it does not look for smc_diag.
    Family::smc()?;
    let mut sockets = Vec::new();
    each(Wanted::All, |socket| sockets.push(socket)).map_err(|error| {
        match error.raw_os_error() {
            Some(errno::ENOENT) => modules::missing("smc_diag"),
            _ => Failure::new(format!("cannot list SMC sockets: {}", words(&error))),
        }
    })?;
    // A socket that changes during the dump may be in it twice.
    sockets.sort_by_key(|socket| socket.cookie);
    sockets.dedup_by_key(|socket| socket.cookie);
    Ok(sockets)
}

#[cfg(test)]
#[path = "diag/tests.rs"]
mod tests;
