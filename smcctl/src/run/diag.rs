// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the kernel's list of SMC sockets says of those that are looked for.

use super::memory;
use crate::kernel::attributes::Attributes;
use crate::kernel::socket;
use std::collections::HashMap;
use std::fs::{self, File};
use std::{io, thread};

const NETLINK_SOCK_DIAG: isize = 4;
const SOCK_DIAG_BY_FAMILY: u16 = 20;
const AF_SMC: u8 = 43;
/// `struct smc_diag_req`.
const REQUEST: usize = 52;
/// `struct smc_diag_msg`.
const ANSWER: usize = 64;
const STATE: usize = 1;
const MODE: usize = 2;
const INODE: usize = 56;
const FALLBACK: u16 = 5;

/// Where a socket is in its life (`net/smc/smc.h`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// There is no connection yet.
    Beginning,
    /// There is one, or one side has closed it.
    Connected,
    /// It has ended, or was never made.
    Closed,
}

/// What a connection is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Over RDMA.
    SmcR,
    /// Over shared memory of one machine.
    SmcD,
    /// It fell back: the own reason, and the peer's.
    Tcp(u32, u32),
}

/// What the kernel says of one socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Where it is in its life.
    pub state: State,
    /// What it is; only fallbacks can be told before and after there is a connection.
    pub mode: Mode,
}

/// The list, by the inode of the socket.
///
/// # Errors
/// The kernel's: it has no SMC, or no `smc_diag`.
pub fn list() -> io::Result<HashMap<u64, Seen>> {
    let mut request = [0; REQUEST];
    if let Some(family) = request.first_mut() {
        *family = AF_SMC;
    }
    let mut found = HashMap::new();
    socket::dump(NETLINK_SOCK_DIAG, SOCK_DIAG_BY_FAMILY, &request, |answer| {
        found.extend(parse(answer));
    })?;
    Ok(found)
}

/// The list of the network namespace that a process is in, if that is another one
/// than this process's and may be entered.
#[must_use]
pub fn list_of(process: u32) -> HashMap<u64, Seen> {
    let path = format!("/proc/{process}/ns/net");
    let is_other = fs::read_link(&path)
        .is_ok_and(|theirs| fs::read_link("/proc/self/ns/net").is_ok_and(|ours| ours != theirs));
    if !is_other {
        return HashMap::new();
    }
    let Ok(namespace) = File::open(&path) else {
        return HashMap::new();
    };
    // A thread of its own: it does not come back from there.
    let entered = thread::spawn(move || {
        if memory::enter_network(&namespace) {
            list().unwrap_or_default()
        } else {
            HashMap::new()
        }
    });
    entered.join().unwrap_or_default()
}

fn parse(answer: &[u8]) -> Option<(u64, Seen)> {
    let (head, rest) = answer.split_at_checked(ANSWER)?;
    let inode = head.get(INODE..)?.first_chunk::<8>()?;
    let state = match head.get(STATE)? {
        2 => State::Beginning,
        // Of those that were aborted the mode is not told any more (26, 27).
        1 | 20..=25 => State::Connected,
        _ => State::Closed,
    };
    let mode = match head.get(MODE)? {
        0 => Mode::SmcR,
        2 => Mode::SmcD,
        _ => {
            let reasons = Attributes::new(rest).get(FALLBACK).unwrap_or_default();
            let number = |at: usize| {
                let bytes = reasons.get(at..).and_then(|bytes| bytes.first_chunk::<4>());
                bytes.map_or(0, |bytes| u32::from_ne_bytes(*bytes))
            };
            Mode::Tcp(number(0), number(4))
        }
    };
    Some((u64::from_ne_bytes(*inode), Seen { state, mode }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(state: u8, mode: u8, reasons: Option<[u32; 2]>) -> Vec<u8> {
        let mut bytes = vec![0; ANSWER];
        bytes[STATE] = state;
        bytes[MODE] = mode;
        bytes[INODE..].copy_from_slice(&77_u64.to_ne_bytes());
        if let Some(reasons) = reasons {
            bytes.extend(12_u16.to_ne_bytes());
            bytes.extend(FALLBACK.to_ne_bytes());
            bytes.extend(reasons.into_iter().flat_map(u32::to_ne_bytes));
        }
        bytes
    }

    #[test]
    fn an_answer_is_what_the_kernel_says() {
        for (state, expected) in [
            (1, State::Connected),
            (2, State::Beginning),
            (7, State::Closed),
            (10, State::Closed),
            (20, State::Connected),
            (25, State::Connected),
            (26, State::Closed),
        ] {
            let seen = parse(&answer(state, 2, None));
            let mode = Mode::SmcD;
            assert_eq!(
                seen,
                Some((
                    77,
                    Seen {
                        state: expected,
                        mode
                    }
                ))
            );
        }
        let mode = |bytes: &[u8]| parse(bytes).unwrap().1.mode;
        assert_eq!(mode(&answer(1, 0, None)), Mode::SmcR);
        let fallback = answer(1, 1, Some([0x0500_0000, 0x0303_0008]));
        assert_eq!(mode(&fallback), Mode::Tcp(0x0500_0000, 0x0303_0008));
        assert_eq!(mode(&answer(1, 1, None)), Mode::Tcp(0, 0));
    }

    #[test]
    fn every_truncation_is_read_or_left_out() {
        let whole = answer(1, 1, Some([1, 2]));
        for end in 0..whole.len() {
            assert_eq!(parse(&whole[..end]).is_some(), end >= ANSWER, "{end}");
        }
    }
}
