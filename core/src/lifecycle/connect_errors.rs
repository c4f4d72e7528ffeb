// SPDX-License-Identifier: MIT OR Apache-2.0
//! Connects that SMC refuses, breaks off or forgets, and TCP does not: what to do next.

use super::connect_call::Call;
use super::listener;
use crate::convert::{demote, replace, saved_options};
use crate::engine::Engine;
use crate::sys::{self, address, Errno};
use crate::{fd_table, identity, process, slow_peers};
use libc::{
    AF_INET, AF_INET6, AF_UNSPEC, EALREADY, ECONNABORTED, ECONNREFUSED, ECONNRESET, EINPROGRESS,
    EINTR, EINVAL, EISCONN, ENETUNREACH, EPIPE, EPROTO, ETIMEDOUT, O_NONBLOCK,
};
use std::ffi::c_int;
use std::time::Duration;

/// Errors of a handshake that TCP does not have (`net/smc/smc_clc.c`). A call that has not
/// begun one has other errors.
const HANDSHAKE_ERRORS: [c_int; 5] = [ETIMEDOUT, ECONNRESET, ENETUNREACH, EPIPE, EPROTO];

/// What is done after a call that failed. The calls are made by [`super::connect`], where
/// nothing catches what unwinds them.
pub enum Step {
    /// The program gets this error.
    Fail(Errno),
    /// The program gets no error.
    Succeed,
    /// The program's call once more; the socket is TCP now.
    CallAgain,
    /// The same on a fresh socket, which may be SMC.
    CallFresh,
    /// The program's call once more, without waiting; then these are its status flags.
    CallInBackground(c_int),
}

/// The next step after `call` has failed with `refusal` after `milliseconds`.
pub fn after<E: Engine>(refusal: Errno, call: Call<E>, milliseconds: u64) -> Step {
    let fd = call.fd;
    if refusal.0 == EINPROGRESS {
        goes_on(call);
        return Step::Fail(refusal);
    }
    if process::get().is_none() || !identity::is_smc(fd) {
        return Step::Fail(refusal);
    }
    match refusal.0 {
        EINVAL => after_einval(call),
        // The call of `connect_timeout`: the kernel goes on.
        EINTR if fd_table::get(fd).is_connecting() => Step::Fail(refusal),
        EINTR => go_on_in_background(call),
        ECONNABORTED => start_again(call),
        // The program knows that the one before has failed, and the kernel is not done
        // with it yet.
        EALREADY if !fd_table::get(fd).is_connecting() && replace::is_idle(fd) => start_again(call),
        // The handshake has failed where TCP would be connected.
        error if HANDSHAKE_ERRORS.contains(&error) && is_tcp_connected(fd) => {
            slow_peers::connect_ended(fd, || call.peer_ip(), milliseconds);
            // A port of the kernel's choice may still be that of the old connection.
            let with_port = fd_table::get(fd).keeps_port();
            match replace::as_tcp_from_same(call.engine, fd, with_port) {
                Ok(()) => Step::CallAgain,
                Err(_) => Step::Fail(refusal),
            }
        }
        _ => Step::Fail(refusal),
    }
}

/// The connect goes on while the program does other things.
pub fn goes_on(call: Call<impl Engine>) {
    let descriptor = fd_table::get(call.fd);
    let may_be_smc = descriptor.is_created() || descriptor.maybe_connected();
    if may_be_smc && !descriptor.is_connecting() {
        fd_table::connecting(call.fd);
        if let Some(peer) = call.peer_ip() {
            slow_peers::background_connect_began(call.fd, peer);
        }
    }
}

/// The program learns that a connect of `fd` in the background has ended.
pub fn background_connect_ended(fd: c_int) {
    slow_peers::background_connect_ended(fd);
    fd_table::connect_ended(fd);
}

/// ECONNABORTED: a connect before this one has failed. TCP says why, once, and then starts
/// again.
fn start_again(call: Call<impl Engine>) -> Step {
    if fd_table::get(call.fd).is_connecting() {
        background_connect_ended(call.fd);
        return Step::Fail(Errno(ETIMEDOUT));
    }
    match replace::as_unconnected(call.engine, call.fd) {
        Ok(()) => Step::CallFresh,
        Err(_) => Step::Fail(Errno(ECONNABORTED)),
    }
}

/// EINVAL: to no address (AF_UNSPEC: TCP disconnects), to another family, on a listener, on
/// a connection of which one side has ended.
fn after_einval(call: Call<impl Engine>) -> Step {
    let fd = call.fd;
    let family = match address::copy(call.address, call.length) {
        Some((copied, _)) => address::family(&copied),
        None => return Step::Fail(Errno(EINVAL)),
    };
    if matches!(family, AF_INET | AF_INET6) {
        return already_connected(fd);
    }
    if demote::to_tcp(fd) {
        // No connect has begun.
        return Step::CallAgain;
    }
    if family != AF_UNSPEC {
        return Step::Fail(Errno(EISCONN));
    }
    let disconnected = if identity::is_listening(fd) {
        listener::stop(call.engine, fd)
    } else {
        replace::as_disconnected(call.engine, fd)
    };
    disconnected.map_or_else(Step::Fail, |()| Step::Succeed)
}

/// A connect of a socket that listens, or is connected: SMC says EISCONN only as long as
/// neither side has ended anything (`net/smc/af_smc.c`, `smc_connect`). TCP says 0 to the
/// first call after one that went on in the background.
fn already_connected(fd: c_int) -> Step {
    // Of a new SMC socket poll(2) reports nothing.
    let is_new = replace::is_idle(fd)
        && sys::wait_for(fd, libc::POLLIN | libc::POLLOUT, Duration::ZERO) == Ok(0);
    if is_new {
        return Step::Fail(Errno(EINVAL));
    }
    if fd_table::get(fd).is_connecting() {
        background_connect_ended(fd);
        saved_options::restore(fd);
    }
    if fd_table::get(fd).is_connect_unreported() {
        fd_table::connect_reported(fd);
        return Step::Succeed;
    }
    Step::Fail(Errno(EISCONN))
}

/// A signal handler has run. TCP goes on connecting while the program does other things;
/// SMC does not, and cannot be asked to. So TCP does, on a fresh socket.
fn go_on_in_background(call: Call<impl Engine>) -> Step {
    let fd = call.fd;
    let Ok(flags) = sys::fcntl(fd, libc::F_GETFL, 0) else {
        return Step::Fail(Errno(EINTR));
    };
    if replace::as_tcp_from_same(call.engine, fd, true).is_err() {
        return Step::Fail(Errno(EINTR));
    }
    let _ = sys::fcntl(fd, libc::F_SETFL, flags | O_NONBLOCK);
    Step::CallInBackground(flags)
}

/// Whether the TCP socket inside SMC socket `fd` is connected.
fn is_tcp_connected(fd: c_int) -> bool {
    const CONNECTED: [u8; 2] = [1, 8]; // TCP_ESTABLISHED, TCP_CLOSE_WAIT
    sys::tcp_state(fd).is_some_and(|state| CONNECTED.contains(&state))
}

/// The errno that a failed connect would most likely have on TCP: SMC reports a failure by
/// POLLHUP alone. `error`: what the kernel says; `seen`: what poll(2) sees.
pub fn reason(fd: c_int, error: c_int, seen: i16) -> c_int {
    let is_hung_up = seen & (libc::POLLHUP | libc::POLLOUT) == libc::POLLHUP;
    if error == 0 && is_hung_up && identity::is_smc(fd) {
        ETIMEDOUT
    } else {
        error
    }
}

/// The program has asked for `SO_ERROR` of `fd`, which is connecting, and the kernel has
/// answered `error`: what the program gets.
#[cold]
pub fn so_error(fd: c_int, error: c_int) -> c_int {
    let seen = sys::wait_for(fd, libc::POLLOUT, Duration::ZERO).unwrap_or(0);
    if seen == 0 && error == 0 {
        return 0;
    }
    saved_options::restore(fd);
    if error == ECONNREFUSED {
        fd_table::connect_ended(fd);
    } else {
        background_connect_ended(fd);
    }
    reason(fd, error, seen)
}
