// SPDX-License-Identifier: MIT OR Apache-2.0
//! `connect`: the moment when the destination is known.
//!
//! Decides, makes the call, and leaves what SMC refuses or breaks off to
//! `recover`.
//!
//! A thread that waits in the call can be cancelled (pthread_cancel(3)), and is then
//! unwound from there through these functions. What catches panics would not let it
//! pass, so panics are caught around everything but the call.

use super::os::{self, Errno};
use super::{address, demote, kept, recover, slow};
use crate::hints::{self, Hint};
use crate::panics::caught;
use crate::{journal, process};
use libc::{sockaddr, socklen_t, SO_SNDTIMEO};
use smc_policy::{Reason, Verdict};
use std::ffi::c_int;
use std::net::SocketAddr;

/// `connect(2)` as the program would have reached it.
pub type ConnectCall = unsafe extern "C-unwind" fn(c_int, *const sockaddr, socklen_t) -> c_int;

/// A `connect` call of the program. The methods are unsafe as the call itself is:
/// `address` must be what the program passed.
#[derive(Clone, Copy)]
pub struct Call {
    pub real: ConnectCall,
    pub fd: c_int,
    pub address: *const sockaddr,
    pub length: socklen_t,
}

impl Call {
    /// # Safety
    /// As the program's own call.
    pub unsafe fn make(self) -> c_int {
        // SAFETY: as the caller promises.
        unsafe { (self.real)(self.fd, self.address, self.length) }
    }

    /// Where the program wants to go; `None` when that is no internet address.
    pub fn peer(self) -> Option<SocketAddr> {
        let copied = address::copy(self.address, self.length);
        copied.and_then(|(address, length)| address::internet(&address, length))
    }
}

/// The program's `connect()`. A destination that is on the lists, or no lists:
/// the real call and nothing else that the kernel would have to do.
///
/// # Safety
/// `real` must be `connect(2)`, `address` what the program passed to it.
#[inline]
pub unsafe fn connect(
    real: ConnectCall,
    fd: c_int,
    address: *const sockaddr,
    length: socklen_t,
) -> c_int {
    let call = Call {
        real,
        fd,
        address,
        length,
    };
    if process::judges_connect() || slow::remembers_any() {
        // SAFETY: as the caller promises.
        return unsafe { judged(call) };
    }
    // SAFETY: as the caller promises.
    unsafe { attempt(call) }
}

/// # Safety
/// As for [`connect`].
#[inline(never)]
unsafe fn judged(call: Call) -> c_int {
    let decided = caught(|| decide(call)).flatten();
    // SAFETY: as the caller promises.
    let answer = unsafe { attempt(call) };
    if let Some((peer, verdict)) = decided {
        caught(|| journal::decision("connect", &peer, call.fd, &verdict));
    }
    answer
}

/// Where the program wants to go, and how; the socket is TCP then if that is the answer.
fn decide(call: Call) -> Option<(SocketAddr, Verdict<'static>)> {
    let (process, peer) = process::get().zip(call.peer())?;
    let mut verdict = process.config.lists.at_connect(peer);
    if verdict.is_smc() && slow::remembers_any() && slow::remembers(peer.ip()) {
        verdict = Verdict::Tcp(Reason::SlowHandshake { host: peer.ip() });
    }
    if let Verdict::Tcp(_) = verdict {
        demote::to_tcp(call.fd);
    }
    Some((peer, verdict))
}

/// # Safety
/// As for [`connect`].
unsafe fn attempt(call: Call) -> c_int {
    let before = Errno::current();
    // SAFETY: as the caller promises.
    let (answer, time) = unsafe { timed(call) };
    if answer == 0 {
        return 0;
    }
    // SAFETY: as the caller promises.
    let answer = unsafe { recover::refused(call, time) };
    if answer == 0 {
        before.set();
    }
    answer
}

/// The real call, and how many milliseconds it took: none where that does not matter.
///
/// # Safety
/// As for [`connect`].
pub unsafe fn timed(call: Call) -> (c_int, u64) {
    let hint = hints::of(call.fd);
    if !hint.made_here() {
        // SAFETY: as the caller promises.
        let answer = unsafe { call.make() };
        if answer == 0 && hint.may_flow() {
            hints::flows(call.fd);
        }
        return (answer, 0);
    }
    caught(|| kept::keep(call.fd, hint));
    let begun = os::milliseconds();
    // SAFETY: as the caller promises.
    let answer = unsafe { made(call, hint) };
    let time = os::milliseconds().wrapping_sub(begun);
    if answer == 0 {
        caught(|| connected(call, hint, time));
    }
    (answer, time)
}

#[inline]
fn connected(call: Call, hint: Hint, time: u64) {
    hints::flows(call.fd);
    hints::answered(call.fd);
    kept::restore(call.fd);
    if hint.is_connecting() {
        recover::ended(call.fd);
    }
    if time > slow::SLOW {
        if let Some(peer) = call.peer() {
            slow::remember(call.fd, peer.ip());
        }
    }
}

/// # Safety
/// As for [`connect`].
#[inline]
unsafe fn made(call: Call, hint: Hint) -> c_int {
    if hint.may_have_set(SO_SNDTIMEO) {
        // SAFETY: as the caller promises.
        unsafe { recover::bounded(call) }
    } else {
        // SAFETY: as the caller promises.
        unsafe { call.make() }
    }
}
