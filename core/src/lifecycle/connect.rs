// SPDX-License-Identifier: MIT OR Apache-2.0
//! `connect`: the moment when the destination is known.
//!
//! A destination that is not on the lists, or slow, gets a TCP socket; then the real call
//! is made. What SMC refuses or breaks off, [`connect_errors`] decides.
//!
//! A thread that waits in the call can be cancelled (pthread_cancel(3)), and is then
//! unwound through these functions. What catches panics would not let it pass, so panics
//! are caught around everything but the call.

pub use super::connect_call::Call;

use super::connect_errors::{self, Step};
use super::connect_timeout;
use crate::convert::{demote, saved_options};
use crate::engine::Engine;
use crate::fd_table::{self, Descriptor};
use crate::panics::caught;
use crate::sys::{self, Errno};
use crate::{events, process, slow_peers};
use libc::{EINPROGRESS, EINTR, SO_SNDTIMEO};
use smc_policy::{Reason, Verdict};
use std::ffi::c_int;
use std::net::SocketAddr;

/// The program's `connect()`.
#[inline]
pub fn connect(call: Call<impl Engine>) -> c_int {
    let decided = if process::judges_connect() || slow_peers::any() {
        caught(|| decide(call)).flatten()
    } else {
        None
    };
    let before = Errno::current();
    let (answer, milliseconds) = attempt(call);
    let answer = if answer == 0 {
        0
    } else {
        after_failure(call, milliseconds, before)
    };
    if let Some((peer, verdict)) = decided {
        caught(|| events::decision("connect", &peer, call.fd, &verdict));
    }
    answer
}

/// The destination and the verdict on it; the socket is TCP then if that is the verdict.
#[cold]
fn decide(call: Call<impl Engine>) -> Option<(SocketAddr, Verdict<'static>)> {
    let (process, peer) = process::get().zip(call.peer())?;
    let mut verdict = process.config.lists.at_connect(peer);
    if verdict.is_smc() && slow_peers::any() && slow_peers::is_slow(peer.ip()) {
        verdict = Verdict::Tcp(Reason::SlowHandshake { host: peer.ip() });
    }
    if let Verdict::Tcp(_) = verdict {
        demote::to_tcp(call.fd);
    }
    Some((peer, verdict))
}

/// The real call, and how many milliseconds it took: none where that does not matter.
fn attempt(call: Call<impl Engine>) -> (c_int, u64) {
    let mut descriptor = fd_table::get(call.fd);
    if descriptor.is_created() && !prepare(call.fd, descriptor) {
        // It is TCP now.
        descriptor = fd_table::get(call.fd);
    }
    if !descriptor.is_created() {
        let answer = call.make();
        if answer == 0 && descriptor.maybe_connected() {
            fd_table::connected(call.fd);
        }
        return (answer, 0);
    }
    let began = sys::milliseconds();
    let answer = if descriptor.may_have_set(SO_SNDTIMEO) {
        connect_timeout::make(call)
    } else {
        call.make()
    };
    let milliseconds = sys::milliseconds().wrapping_sub(began);
    if answer == 0 {
        caught(|| connected(call, descriptor, milliseconds));
    }
    (answer, milliseconds)
}

/// Saves the options of `fd` that a connect would lose. False: there was no room for that,
/// and `fd` is TCP, which loses none.
#[inline]
fn prepare(fd: c_int, descriptor: Descriptor) -> bool {
    caught(|| saved_options::save(fd, descriptor).is_ok() || !demote::to_tcp(fd)).unwrap_or(true)
}

#[inline]
fn connected(call: Call<impl Engine>, descriptor: Descriptor, milliseconds: u64) {
    let fd = call.fd;
    if descriptor.is_connecting() {
        connect_errors::background_connect_ended(fd);
    }
    fd_table::connected(fd);
    fd_table::connect_reported(fd);
    saved_options::restore(fd);
    slow_peers::connect_ended(fd, || call.peer_ip(), milliseconds);
}

/// What the program gets after its call has failed, with `errno`. `before`: the errno
/// before the call.
#[cold]
fn after_failure(call: Call<impl Engine>, milliseconds: u64, before: Errno) -> c_int {
    let refusal = Errno::current();
    let step = caught(|| connect_errors::after(refusal, call, milliseconds));
    let answer = match step.unwrap_or(Step::Fail(refusal)) {
        Step::Fail(error) => sys::c_result(Err(error)),
        Step::Succeed => 0,
        Step::CallAgain => call.make(),
        Step::CallFresh => {
            let (answer, _) = attempt(call);
            if answer == -1 && Errno::current().0 == EINPROGRESS {
                caught(|| connect_errors::goes_on(call));
            }
            answer
        }
        Step::CallInBackground(flags) => {
            let answer = call.make();
            let error = Errno::current();
            let _ = sys::fcntl(call.fd, libc::F_SETFL, flags);
            let has_failed = answer == -1 && error.0 != EINPROGRESS;
            sys::c_result(Err(if has_failed { error } else { Errno(EINTR) }))
        }
    };
    if answer == 0 {
        before.set();
    }
    answer
}
