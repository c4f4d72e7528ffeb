// SPDX-License-Identifier: MIT OR Apache-2.0
//! The kernel's list of SMC sockets, reduced to state and mode.

use super::shared_memory;
use crate::kernel::diag::{self, Wanted};
use std::collections::HashMap;
use std::fs::{self, File};
use std::{io, thread};

/// The state of a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Not connected yet.
    Connecting,
    /// Connected, or closed by one side.
    Connected,
    /// The connection has ended or was never established.
    Closed,
}

/// The mode of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Over RDMA.
    SmcR,
    /// Over shared memory within one machine.
    SmcD,
    /// SMC of an unknown kind.
    Smc,
    /// Fallen back: the reason on this side and that of the peer.
    Tcp(u32, u32),
}

/// A socket in the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Observed {
    /// Its state.
    pub state: State,
    /// Its mode. Without a connection only fallbacks are known.
    pub mode: Mode,
}

impl From<&diag::Socket> for Observed {
    fn from(socket: &diag::Socket) -> Self {
        let state = match socket.state {
            diag::State::Init => State::Connecting,
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

/// Reads the list, by inode.
///
/// # Errors
/// That of the kernel, without SMC or `smc_diag`.
pub fn list() -> io::Result<HashMap<u64, Observed>> {
    let mut found = HashMap::new();
    diag::each(Wanted::None, |socket| {
        found.insert(socket.inode, Observed::from(&socket));
    })?;
    Ok(found)
}

/// Reads the list of a process's network namespace, if that differs from the current one
/// and can be entered.
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
    // In a thread of its own, since that stays in the namespace.
    let entered = thread::spawn(move || {
        if shared_memory::enter_network_namespace(&namespace) {
            list().unwrap_or_default()
        } else {
            HashMap::new()
        }
    });
    entered.join().unwrap_or_default()
}
