// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the kernel's list of SMC sockets says of those that are looked for.

use super::shared_memory;
use crate::kernel::diag::{self, Wanted};
use std::collections::HashMap;
use std::fs::{self, File};
use std::{io, thread};

/// Where a socket is in its life.
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
    /// The kernel does not tell which.
    Smc,
    /// It fell back: the own reason, and the peer's.
    Tcp(u32, u32),
}

/// What the kernel says of one socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Observed {
    /// Where it is in its life.
    pub state: State,
    /// What it is; only fallbacks can be told before and after there is a connection.
    pub mode: Mode,
}

impl From<&diag::Socket> for Observed {
    fn from(socket: &diag::Socket) -> Self {
        let state = match socket.state {
            diag::State::Init => State::Beginning,
            diag::State::Active | diag::State::Closing => State::Connected,
            _ => State::Closed,
        };
        let mode = match socket.mode {
            diag::Mode::SmcR => Mode::SmcR,
            diag::Mode::SmcD => Mode::SmcD,
            diag::Mode::Smc => Mode::Smc,
            diag::Mode::Tcp => {
                let reasons = socket.fallback.unwrap_or_default();
                Mode::Tcp(reasons.own, reasons.peer)
            }
        };
        Self { state, mode }
    }
}

/// The list, by the inode of the socket.
///
/// # Errors
/// The kernel's: it has no SMC, or no `smc_diag`.
pub fn list() -> io::Result<HashMap<u64, Observed>> {
    let mut found = HashMap::new();
    diag::each(Wanted::None, |socket| {
        found.insert(socket.inode, Observed::from(&socket));
    })?;
    Ok(found)
}

/// The list of the network namespace that a process is in, if that is another one
/// than this process's and may be entered.
#[must_use]
pub fn list_in_namespace_of(process: u32) -> HashMap<u64, Observed> {
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
        if shared_memory::enter_network(&namespace) {
            list().unwrap_or_default()
        } else {
            HashMap::new()
        }
    });
    entered.join().unwrap_or_default()
}
