// SPDX-License-Identifier: MIT OR Apache-2.0
//! `listen`: the moment when a server's port is known.
//!
//! What is to listen as TCP does so on a fresh TCP socket: `demote` says why.

use super::os;
use super::{address, identity, renew};
use crate::{hints, journal, process};
use smc_policy::Verdict;
use std::ffi::c_int;

/// `listen(2)` as the program would have reached it.
pub type ListenCall = unsafe extern "C" fn(c_int, c_int) -> c_int;

/// The program's `listen()`. No lists, and a socket that the shim made: the real
/// call and nothing else. With lists the kernel is asked for the local address
/// first.
///
/// # Safety
/// `real` must be `listen(2)`.
#[inline]
pub unsafe fn listen(real: ListenCall, fd: c_int, backlog: c_int) -> c_int {
    if process::judges_listen() {
        // SAFETY: as the caller promises.
        return unsafe { judged(real, fd, backlog) };
    }
    if !hints::of(fd).made_here() && process::makes_smc() {
        // SAFETY: as the caller promises.
        return unsafe { unless_fallen_back(real, fd, backlog) };
    }
    // SAFETY: as the caller promises.
    unsafe { begin(real, fd, backlog) }
}

/// # Safety
/// As for [`listen`].
unsafe fn begin(real: ListenCall, fd: c_int, backlog: c_int) -> c_int {
    // SAFETY: the program's own call.
    let answer = unsafe { real(fd, backlog) };
    let hint = hints::of(fd);
    if answer == 0 && (hint.made_here() || hint.was_shut()) {
        hints::listening(fd, hint.made_here());
    }
    answer
}

/// # Safety
/// As for [`listen`].
unsafe fn judged(real: ListenCall, fd: c_int, backlog: c_int) -> c_int {
    let local = os::local_address(fd).ok();
    let local = local.and_then(|(local, length)| address::internet(&local, length));
    let Some((process, local)) = process::get().zip(local) else {
        // SAFETY: the program's own call.
        return unsafe { real(fd, backlog) };
    };
    let verdict = process.config.lists.at_listen(local);
    let answer = match verdict {
        Verdict::Tcp(_) if identity::is_smc(fd) => {
            // SAFETY: as the caller promises.
            unsafe { on_fresh_tcp(real, fd, backlog) }
        }
        // SAFETY: as the caller promises.
        _ => unsafe { unless_fallen_back(real, fd, backlog) },
    };
    journal::decision("listen", &local, fd, &verdict);
    answer
}

/// # Safety
/// As for [`listen`].
#[cold]
unsafe fn unless_fallen_back(real: ListenCall, fd: c_int, backlog: c_int) -> c_int {
    if !hints::of(fd).made_here() && identity::has_fallen_back(fd) && !identity::is_listening(fd) {
        // SAFETY: as the caller promises.
        return unsafe { on_fresh_tcp(real, fd, backlog) };
    }
    // SAFETY: as the caller promises.
    unsafe { begin(real, fd, backlog) }
}

/// Where no fresh socket is to be had the old one listens: a listed port too
/// many is better than a server that does not start.
///
/// # Safety
/// As for [`listen`].
unsafe fn on_fresh_tcp(real: ListenCall, fd: c_int, backlog: c_int) -> c_int {
    match renew::as_tcp(fd) {
        Ok(bound) => {
            // SAFETY: the program's own call.
            let answer = unsafe { real(fd, backlog) };
            bound.restore();
            if answer == 0 {
                hints::listening(fd, false);
            }
            answer
        }
        Err(error) if identity::has_fallen_back(fd) => {
            error.set();
            -1
        }
        // SAFETY: as the caller promises.
        Err(_) => unsafe { begin(real, fd, backlog) },
    }
}
