// SPDX-License-Identifier: MIT OR Apache-2.0
//! `listen`: the moment when a server's port is known.
//!
//! What is to listen as TCP does so on a fresh TCP socket: `demote` says why.

use super::os;
use super::renew::{self, Kind};
use super::{address, identity, rebind};
use crate::{hints, journal, process};
use libc::{SOL_SOCKET, SO_INCOMING_CPU};
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
    if rebind::is_ever_required() {
        if let Err(error) = rebind::before_listen(fd) {
            return os::answer(Err(error));
        }
    }
    if process::judges_listen() {
        // SAFETY: as the caller promises.
        return unsafe { judged(real, fd, backlog) };
    }
    // SAFETY: as the caller promises.
    unsafe { as_it_is(real, fd, backlog, true) }
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
            unsafe { on_fresh(Kind::Tcp, real, fd, backlog) }
        }
        // SAFETY: as the caller promises.
        _ => unsafe { as_it_is(real, fd, backlog, verdict.is_smc()) },
    };
    journal::decision("listen", &local, fd, &verdict);
    answer
}

/// `fd` listens as what it is, unless something but the lists is against it.
///
/// # Safety
/// As for [`listen`].
#[inline]
unsafe fn as_it_is(real: ListenCall, fd: c_int, backlog: c_int, may_be_smc: bool) -> c_int {
    let hint = hints::of(fd);
    let is_plain = hint.made_here() && !hint.may_have_set(SO_INCOMING_CPU);
    if is_plain || !process::makes_smc() {
        // SAFETY: as the caller promises.
        return unsafe { begin(real, fd, backlog) };
    }
    match kind_wanted(fd, may_be_smc) {
        // SAFETY: as the caller promises.
        Some(kind) => unsafe { on_fresh(kind, real, fd, backlog) },
        // SAFETY: as the caller promises.
        None => unsafe { begin(real, fd, backlog) },
    }
}

/// What has to listen in the place of `fd`; `None`: `fd` itself.
#[cold]
fn kind_wanted(fd: c_int, may_be_smc: bool) -> Option<Kind> {
    if identity::is_listening(fd) {
        return None;
    }
    if may_be_smc && hints::of(fd).was_shut() {
        // It was SMC as long as it listened.
        return Some(Kind::Smc);
    }
    let chooses_processor = || {
        let processor = os::get_int_option(fd, SOL_SOCKET, SO_INCOMING_CPU);
        processor.is_ok_and(|number| number >= 0) && identity::is_smc(fd)
    };
    (identity::has_fallen_back(fd) || chooses_processor()).then_some(Kind::Tcp)
}

/// Where no fresh socket is to be had the old one listens: a listed port too
/// many is better than a server that does not start.
///
/// # Safety
/// As for [`listen`].
unsafe fn on_fresh(kind: Kind, real: ListenCall, fd: c_int, backlog: c_int) -> c_int {
    match renew::as_bound(fd, kind) {
        Ok(bound) => {
            // SAFETY: the program's own call.
            let answer = unsafe { real(fd, backlog) };
            bound.restore();
            if answer == 0 {
                hints::listening(fd, kind == Kind::Smc);
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
