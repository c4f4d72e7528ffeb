// SPDX-License-Identifier: MIT OR Apache-2.0
//! `accept`: a connection that came in, and the end of a listener.
//!
//! TCP's children have all options of their listener. An SMC listener's have most
//! of those that it had when `listen` was called: the others are carried over.

use super::carried::SocketOptions;
use super::os::{self, Errno};
use super::{identity, ownership};
use crate::{hints, process};
use std::ffi::c_int;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

/// Threads that wait in an accept of what may be an SMC listener, by its number;
/// some numbers share a place.
static WAITING: [AtomicU32; 64] = [const { AtomicU32::new(0) }; 64];

fn waiting(listener: c_int) -> &'static AtomicU32 {
    let [first, ..] = &WAITING;
    WAITING
        .get(listener.unsigned_abs() as usize % WAITING.len())
        .unwrap_or(first)
}

/// Whether threads may wait for connections to `listener`.
pub fn is_waited_for(listener: c_int) -> bool {
    waiting(listener).load(Relaxed) > 0
}

/// The program's accept on `listener`, which may be SMC ([`hints::Hint`]); `call`
/// makes it.
pub fn accept(listener: c_int, call: impl FnOnce() -> c_int) -> c_int {
    let hint = hints::of(listener);
    if !hint.made_here() && !hint.was_shut() {
        // A listener of which nothing is known: what there is to know.
        let is_smc = process::is_active() && identity::is_smc(listener);
        if ownership::is_ours() && identity::is_listening(listener) {
            hints::listening(listener, is_smc);
        }
        if !is_smc {
            return call();
        }
    }
    waiting(listener).fetch_add(1, Relaxed);
    let fd = call();
    waiting(listener).fetch_sub(1, Relaxed);
    if fd >= 0 {
        return accepted(listener, fd);
    }
    fd
}

/// `fd` came from another process (`SCM_RIGHTS`): what is in the ring of a connection when
/// it is closed is to be sent. Of other sockets nothing is known.
pub fn received(fd: c_int) {
    if !ownership::is_ours() {
        return;
    }
    hints::forget(fd);
    if process::is_active() && identity::is_smc(fd) && os::peer_address(fd).is_ok() {
        hints::flows(fd);
    }
}

fn accepted(listener: c_int, fd: c_int) -> c_int {
    let hint = hints::of(listener);
    // The number may be another listener's by now.
    if hint.was_shut() && !identity::is_listening(listener) {
        os::close(fd);
        Errno(libc::EINVAL).set();
        return -1;
    }
    hints::accepted(fd);
    if hint.has_options_for_children() && identity::is_smc(listener) {
        let options = SocketOptions::read(listener, hint).of_children();
        let _ = options.write(fd);
    }
    fd
}
