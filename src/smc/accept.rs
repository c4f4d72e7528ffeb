// SPDX-License-Identifier: MIT OR Apache-2.0
//! `accept`: a connection that came in, and the end of a listener.
//!
//! TCP's children have all options of their listener. An SMC listener's have most
//! of those that it had when `listen` was called: the others are carried over.

use super::carried::SocketOptions;
use super::identity;
use super::os::{self, Errno};
use crate::{hints, process};
use libc::{SOL_SOCKET, SO_ACCEPTCONN};
use std::ffi::c_int;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

/// Threads that wait in an accept of what may be an SMC listener.
static WAITING: AtomicU32 = AtomicU32::new(0);

/// Whether threads wait for connections.
pub fn is_waited_for() -> bool {
    WAITING.load(Relaxed) > 0
}

/// The program's accept on `listener`, which `call` makes.
#[inline]
pub fn accept(listener: c_int, call: impl FnOnce() -> c_int) -> c_int {
    if !hints::of(listener).may_accept_smc() || !process::is_active() {
        return call();
    }
    WAITING.fetch_add(1, Relaxed);
    let fd = call();
    WAITING.fetch_sub(1, Relaxed);
    if fd >= 0 {
        return accepted(listener, fd);
    }
    fd
}

fn accepted(listener: c_int, fd: c_int) -> c_int {
    let hint = hints::of(listener);
    // The number may be another listener's by now.
    let listens = || os::get_int_option(listener, SOL_SOCKET, SO_ACCEPTCONN) == Ok(1);
    if hint.was_shut() && !listens() {
        os::close(fd);
        Errno(libc::EINVAL).set();
        return -1;
    }
    hints::accepted(fd);
    if hint.has_options_for_children() && identity::is_smc(listener) {
        SocketOptions::read(listener, hint).write(fd);
    }
    fd
}
