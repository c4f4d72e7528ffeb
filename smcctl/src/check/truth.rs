// SPDX-License-Identifier: MIT OR Apache-2.0
//! What one of our own sockets really is, and why: getsockopt and SMC_DIAG.

use crate::kernel::attributes::Attributes;
use crate::kernel::socket;
use socket2::{Domain, Protocol, Socket};
use std::fs;
use std::os::fd::AsRawFd;

/// `AF_SMC` and `IPPROTO_SMC`.
pub const AF_SMC: i32 = 43;
/// See [`AF_SMC`].
pub const IPPROTO_SMC: i32 = 256;

const NETLINK_SOCK_DIAG: isize = 4;
const SOCK_DIAG_BY_FAMILY: u16 = 20;
/// `smc_diag_req`: the family, and which extra attributes are wanted.
const REQUEST_LENGTH: usize = 52;
const WANT_LINK_GROUP: u8 = 2;
/// `smc_diag_msg`.
const MESSAGE_LENGTH: usize = 64;
const AT_MODE: usize = 2;
const AT_INODE: usize = 56;
const ATTRIBUTE_LINK_GROUP: u16 = 2;
const ATTRIBUTE_FALLBACK: u16 = 5;
const LINK_GROUP_NAME: std::ops::Range<usize> = 1..65;
const LINK_GROUP_PORT: usize = 65;

/// What a connection is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Over RDMA.
    SmcR,
    /// Through shared memory.
    SmcD,
    /// SMC; of which kind the kernel does not tell.
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

/// What SMC_DIAG says of a socket.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diag {
    /// `SMC_DIAG_MODE_`: 0 SMC-R, 1 TCP, 2 SMC-D.
    pub mode: u8,
    /// Why it fell back, and what the other side said: 0 for none.
    pub reason: u32,
    /// See `reason`.
    pub peer_reason: u32,
    /// The RDMA device and port.
    pub device: Option<String>,
}

/// The answer about the socket with this inode, if it is one.
#[must_use]
pub fn parse(answer: &[u8], inode: u64) -> Option<Diag> {
    let own = answer.get(AT_INODE..MESSAGE_LENGTH)?;
    if u64::from_ne_bytes(own.try_into().ok()?) != inode {
        return None;
    }
    let attributes = Attributes::new(answer.get(MESSAGE_LENGTH..)?);
    let fallback = attributes.get(ATTRIBUTE_FALLBACK).unwrap_or_default();
    let word = |at: usize| {
        let bytes = fallback
            .get(at..at + 4)
            .and_then(|bytes| bytes.try_into().ok());
        bytes.map_or(0, u32::from_ne_bytes)
    };
    let group = attributes.get(ATTRIBUTE_LINK_GROUP).unwrap_or_default();
    let device = group
        .get(LINK_GROUP_NAME)
        .map(crate::kernel::attributes::text)
        .filter(|name| !name.is_empty())
        .zip(group.get(LINK_GROUP_PORT))
        .map(|(name, port)| format!("{name} port {port}"));
    Some(Diag {
        mode: *answer.get(AT_MODE)?,
        reason: word(0),
        peer_reason: word(4),
        device,
    })
}

fn ask(inode: u64) -> Option<Diag> {
    let mut request = [0; REQUEST_LENGTH];
    request[0] = u8::try_from(AF_SMC).ok()?;
    request[3] = WANT_LINK_GROUP;
    let mut found = None;
    let asked = socket::dump(NETLINK_SOCK_DIAG, SOCK_DIAG_BY_FAMILY, &request, |answer| {
        found = found.take().or_else(|| parse(answer, inode));
    });
    asked.ok().and(found)
}

/// `socket:[1234]`, in /proc and in SMC_DIAG alike.
fn inode(socket: &Socket) -> Option<u64> {
    let link = fs::read_link(format!("/proc/self/fd/{}", socket.as_raw_fd())).ok()?;
    let name = link.to_str()?;
    name.strip_prefix("socket:[")?
        .strip_suffix(']')?
        .parse()
        .ok()
}

/// What a connected socket is, and what the kernel tells of it.
#[must_use]
pub fn of(socket: &Socket) -> (Mode, Option<Diag>) {
    let diag = inode(socket).and_then(ask);
    // The descriptor itself is the truth; the kind of SMC is only in SMC_DIAG.
    let is_smc = socket.protocol().ok().flatten() == Some(Protocol::from(IPPROTO_SMC))
        || socket
            .domain()
            .is_ok_and(|domain| domain == Domain::from(AF_SMC));
    let mode = match (is_smc, diag.as_ref().map(|diag| diag.mode)) {
        (false, _) => Mode::Tcp,
        (true, Some(0)) => Mode::SmcR,
        (true, Some(2)) => Mode::SmcD,
        (true, _) => Mode::Smc,
    };
    (mode, diag)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::attributes::put;

    fn answer(inode: u64) -> Vec<u8> {
        let mut answer = vec![0; MESSAGE_LENGTH];
        answer[AT_MODE] = 1;
        answer[AT_INODE..].copy_from_slice(&inode.to_ne_bytes());
        let mut fallback = 0x0500_0000_u32.to_ne_bytes().to_vec();
        fallback.extend(0x0303_0008_u32.to_ne_bytes());
        put(&mut answer, ATTRIBUTE_FALLBACK, &fallback);
        let mut group = [0; 147];
        group[1..5].copy_from_slice(b"rxe0");
        group[LINK_GROUP_PORT] = 1;
        put(&mut answer, ATTRIBUTE_LINK_GROUP, &group);
        answer
    }

    #[test]
    fn the_answer_about_our_socket_is_read() {
        let diag = parse(&answer(77), 77).unwrap();
        assert_eq!(diag.mode, 1);
        assert_eq!(diag.reason, 0x0500_0000);
        assert_eq!(diag.peer_reason, 0x0303_0008);
        assert_eq!(diag.device.as_deref(), Some("rxe0 port 1"));
        assert_eq!(parse(&answer(78), 77), None);
    }

    #[test]
    fn a_truncated_answer_is_no_harm() {
        let whole = answer(77);
        for length in 0..whole.len() {
            let _ = parse(&whole[..length], 77);
        }
        assert_eq!(parse(&whole[..MESSAGE_LENGTH], 77).unwrap().reason, 0);
    }
}
