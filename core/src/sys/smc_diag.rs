// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the kernel knows of the SMC sockets of this network namespace
//! (`net/smc/smc_diag.c`, `include/uapi/linux/smc_diag.h`).
//!
//! A question takes as long as there are such sockets: only for what a program asks
//! now and then, and nothing else can tell.

use super::AF_SMC;
use crate::sys;
use std::ffi::c_int;
use std::mem::MaybeUninit;

/// `struct nlmsghdr`.
const HEADER: usize = 16;
/// `struct smc_diag_req`.
const REQUEST: usize = 52;
/// `struct smc_diag_msg`, before its attributes.
const MESSAGE: usize = 64;

const NETLINK_SOCK_DIAG: c_int = 4;
const SOCK_DIAG_BY_FAMILY: u16 = 20;
const NLM_F_REQUEST_DUMP: u16 = 0x301;
const SMC_DIAG_CONNINFO: u16 = 1;

const NLMSG_ERROR: u16 = 2;
const NLMSG_DONE: u16 = 3;
/// Of messages and attributes.
const ALIGNMENT: usize = 4;

const SMC_ACTIVE: u8 = 1;

/// One socket.
struct Socket<'a> {
    state: u8,
    /// As it is on the wire.
    port: [u8; 2],
    /// 0 before it is accepted.
    inode: u64,
    /// `struct smc_diag_conninfo`, of a connection that is SMC.
    connection: Option<&'a [u8]>,
}

/// How many connections wait for an accept of the listeners at `port`; `None` when
/// the kernel does not tell.
pub fn waiting_connections(port: u16) -> Option<u32> {
    let port = port.to_be_bytes();
    let mut count = 0;
    each(|socket| {
        if socket.port == port && socket.inode == 0 && socket.state == SMC_ACTIVE {
            count += 1;
        }
    })?;
    Some(count)
}

/// Bytes of a connection since it was made; each number begins again at 0 after
/// 65,536 times the size of its ring.
#[derive(Clone, Copy, Debug)]
pub struct Traffic {
    /// Written to the peer's ring.
    pub sent: u64,
    /// Of these, read by the peer.
    pub read_by_peer: u64,
    /// Written to our ring by the peer.
    pub received: u64,
}

/// The traffic of the SMC connection with this inode.
pub fn traffic(inode: u64) -> Option<Traffic> {
    let mut found = None;
    each(|socket| {
        if socket.inode == inode {
            found = socket.connection.and_then(traffic_of);
        }
    })?;
    found
}

fn traffic_of(connection: &[u8]) -> Option<Traffic> {
    let number = |at: usize| {
        Some(u32::from_ne_bytes(
            connection.get(at..at + 4)?.try_into().ok()?,
        ))
    };
    // A cursor: two bytes reserved, how often it has gone round, where it is.
    let bytes = |at: usize, size: u32| {
        let rounds = u16::from_ne_bytes(connection.get(at + 2..at + 4)?.try_into().ok()?);
        Some(u64::from(rounds) * u64::from(size) + u64::from(number(at + 4)?))
    };
    let (own, peers) = (number(8)?, number(12)?);
    Some(Traffic {
        sent: bytes(32, peers)?,
        read_by_peer: bytes(24, peers)?,
        received: bytes(16, own)?,
    })
}

/// Calls with each socket. `None`: the kernel does not tell.
fn each(act: impl FnMut(&Socket)) -> Option<()> {
    let kind = libc::SOCK_RAW | libc::SOCK_CLOEXEC;
    let netlink = sys::socket(libc::AF_NETLINK, kind, NETLINK_SOCK_DIAG).ok()?;
    let outcome = ask(netlink, act);
    sys::close(netlink);
    outcome
}

fn ask(netlink: c_int, mut act: impl FnMut(&Socket)) -> Option<()> {
    let length = u32::try_from(HEADER + REQUEST).ok()?;
    let wanted = [
        u8::try_from(AF_SMC).ok()?,
        0,
        0,
        1 << (SMC_DIAG_CONNINFO - 1),
    ];
    let mut request = [0; HEADER + REQUEST];
    let fields: [&[u8]; 5] = [
        &length.to_ne_bytes(),
        &SOCK_DIAG_BY_FAMILY.to_ne_bytes(),
        &NLM_F_REQUEST_DUMP.to_ne_bytes(),
        &[0; 8], // sequence and port: one question, one asker
        &wanted,
    ];
    for (place, &byte) in request.iter_mut().zip(fields.into_iter().flatten()) {
        *place = byte;
    }
    sys::write(netlink, &request).ok()?;
    let mut buffer = [MaybeUninit::uninit(); 16 * 1024];
    loop {
        let mut rest = sys::receive(netlink, &mut buffer, 0).ok()?;
        if rest.is_empty() {
            return None;
        }
        while let Some((kind, body, next)) = next_message(rest) {
            match kind {
                SOCK_DIAG_BY_FAMILY => drop(socket(body).map(|socket| act(&socket))),
                NLMSG_DONE => return Some(()),
                NLMSG_ERROR => return None,
                _ => {}
            }
            rest = next;
        }
    }
}

/// The kind of the first message (netlink(7)), what it says, and what follows.
fn next_message(bytes: &[u8]) -> Option<(u16, &[u8], &[u8])> {
    let length = u32::from_ne_bytes(bytes.get(..4)?.try_into().ok()?) as usize;
    let kind = u16::from_ne_bytes(bytes.get(4..6)?.try_into().ok()?);
    let body = bytes.get(HEADER..length)?;
    let next = bytes.get(length.next_multiple_of(ALIGNMENT)..);
    Some((kind, body, next.unwrap_or_default()))
}

fn socket(message: &[u8]) -> Option<Socket<'_>> {
    let (head, attributes) = message.split_at_checked(MESSAGE)?;
    Some(Socket {
        state: *head.get(1)?,
        port: head.get(4..6)?.try_into().ok()?,
        inode: u64::from_ne_bytes(head.get(56..64)?.try_into().ok()?),
        connection: connection(attributes),
    })
}

/// The attribute with a connection's cursors.
fn connection(mut attributes: &[u8]) -> Option<&[u8]> {
    const HEAD: usize = 4;
    loop {
        let length = usize::from(u16::from_ne_bytes(attributes.get(..2)?.try_into().ok()?));
        let kind = u16::from_ne_bytes(attributes.get(2..4)?.try_into().ok()?);
        if kind == SMC_DIAG_CONNINFO {
            return attributes.get(HEAD..length);
        }
        attributes = attributes.get(length.max(HEAD).next_multiple_of(ALIGNMENT)..)?;
    }
}
