// SPDX-License-Identifier: MIT OR Apache-2.0
//! Connects that SMC refuses, breaks off or forgets, and TCP does not.

use super::connect::{self, Call};
use super::os::{self, Errno};
use super::{address, demote, identity, kept, listener, renew, slow};
use crate::panics::caught;
use crate::{hints, process};
use libc::{
    AF_INET, AF_INET6, AF_UNSPEC, EALREADY, ECONNABORTED, ECONNREFUSED, ECONNRESET, EINPROGRESS,
    EINTR, EINVAL, EISCONN, ENETUNREACH, EPIPE, EPROTO, ETIMEDOUT, O_NONBLOCK, SOL_SOCKET,
    SO_ERROR,
};
use std::ffi::c_int;
use std::time::Duration;

/// Errors of a handshake that TCP does not have (`net/smc/smc_clc.c`); a call that
/// has not begun one has others.
const OF_THE_HANDSHAKE: [c_int; 5] = [ETIMEDOUT, ECONNRESET, ENETUNREACH, EPIPE, EPROTO];

/// What is done after a call that failed. The calls are made by [`refused`], where
/// nothing catches what unwinds them (see `connect`).
enum Step {
    /// The program gets this error.
    Fail(Errno),
    /// The program gets no error.
    Succeed,
    /// The program's call once more, which is TCP's now.
    Call,
    /// The same on a fresh socket, which may be SMC.
    CallAnew,
    /// The same, without waiting; then these are its status flags again.
    CallInBackground(c_int),
}

/// What the program gets after its call has failed after `time` milliseconds.
///
/// # Safety
/// As for [`super::connect::connect`]; errno is that of the call.
#[cold]
pub unsafe fn refused(call: Call, time: u64) -> c_int {
    let refusal = Errno::current();
    let step = caught(|| after(refusal, call, time));
    match step.unwrap_or(Step::Fail(refusal)) {
        Step::Fail(error) => os::answer(Err(error)),
        Step::Succeed => 0,
        // SAFETY: as the caller promises.
        Step::Call => unsafe { call.make() },
        Step::CallAnew => {
            // SAFETY: as the caller promises.
            let (answer, _) = unsafe { connect::timed(call) };
            if answer == -1 && Errno::current().0 == EINPROGRESS {
                caught(|| goes_on(call));
            }
            answer
        }
        Step::CallInBackground(flags) => {
            // SAFETY: as the caller promises.
            let answer = unsafe { call.make() };
            let error = Errno::current();
            let _ = os::fcntl(call.fd, libc::F_SETFL, flags);
            let has_failed = answer == -1 && error.0 != EINPROGRESS;
            os::answer(Err(if has_failed { error } else { Errno(EINTR) }))
        }
    }
}

fn after(refusal: Errno, call: Call, time: u64) -> Step {
    let fd = call.fd;
    if refusal.0 == EINPROGRESS {
        goes_on(call);
        return Step::Fail(refusal);
    }
    if process::get().is_none() || !identity::is_smc(fd) {
        return Step::Fail(refusal);
    }
    match refusal.0 {
        EINVAL => not_understood(call),
        // The call of `bounded`: the kernel goes on.
        EINTR if hints::of(fd).is_connecting() => Step::Fail(refusal),
        EINTR => go_on_in_background(fd),
        ECONNABORTED => anew(fd),
        // The program knows that the one before has failed, and the kernel is not done
        // with it yet.
        EALREADY if !hints::of(fd).is_connecting() && renew::is_idle(fd) => anew(fd),
        // The handshake has failed where TCP would have been connected.
        error if OF_THE_HANDSHAKE.contains(&error) && has_tcp(fd) => {
            if time > slow::SLOW {
                if let Some(peer) = call.peer() {
                    slow::remember(fd, peer.ip());
                }
            }
            // A port of the kernel's choice may still be that of the old connection.
            match renew::as_tcp_from_same(fd, hints::of(fd).keeps_port()) {
                Ok(()) => Step::Call,
                Err(_) => Step::Fail(refusal),
            }
        }
        _ => Step::Fail(refusal),
    }
}

/// A connect goes on while the program does other things.
fn goes_on(call: Call) {
    let hint = hints::of(call.fd);
    if (hint.made_here() || hint.may_flow()) && !hint.is_connecting() {
        hints::flows(call.fd);
        hints::connecting(call.fd, true);
        if let Some(peer) = call.peer() {
            slow::begun(call.fd, peer.ip());
        }
    }
}

/// The program hears that a connect of `fd` has come to its end.
pub fn ended(fd: c_int) {
    slow::ended(fd);
    hints::connecting(fd, false);
}

/// ECONNABORTED: a connect before this one has failed. TCP tells why, once, and
/// then begins anew.
fn anew(fd: c_int) -> Step {
    if hints::of(fd).is_connecting() {
        ended(fd);
        return Step::Fail(Errno(ETIMEDOUT));
    }
    match renew::as_unconnected(fd) {
        Ok(()) => Step::CallAnew,
        Err(_) => Step::Fail(Errno(ECONNABORTED)),
    }
}

/// EINVAL: to no address (AF_UNSPEC: TCP disconnects), to another family, on a
/// listener, on a connection of which a side was ended.
fn not_understood(call: Call) -> Step {
    let fd = call.fd;
    let family = match address::copy(call.address, call.length) {
        Some((copied, _)) => address::family(&copied),
        None => return Step::Fail(Errno(EINVAL)),
    };
    if matches!(family, AF_INET | AF_INET6) {
        return is_connected_already(fd);
    }
    if demote::to_tcp(fd) {
        // SMC has not begun it.
        return Step::Call;
    }
    if family != AF_UNSPEC {
        return Step::Fail(Errno(EISCONN));
    }
    let disconnected = if identity::is_listening(fd) {
        listener::stop(fd)
    } else {
        renew::as_disconnected(fd)
    };
    disconnected.map_or_else(Step::Fail, |()| Step::Succeed)
}

/// A connect of what listens, or is connected: SMC says EISCONN only as long as neither
/// side has ended anything (`net/smc/af_smc.c`, `smc_connect`). TCP says 0 to the first
/// call after one that went on in the background.
fn is_connected_already(fd: c_int) -> Step {
    // Of a new SMC socket poll(2) sees nothing.
    let is_new = renew::is_idle(fd)
        && os::wait_for(fd, libc::POLLIN | libc::POLLOUT, Duration::ZERO) == Ok(0);
    if is_new {
        return Step::Fail(Errno(EINVAL));
    }
    if hints::of(fd).is_connecting() {
        ended(fd);
        kept::restore(fd);
    }
    if hints::of(fd).is_unanswered() {
        hints::answered(fd);
        return Step::Succeed;
    }
    Step::Fail(Errno(EISCONN))
}

/// A signal handler has run. TCP goes on connecting while the program does other
/// things; SMC does not, and cannot be asked to. So TCP does, on a fresh socket.
fn go_on_in_background(fd: c_int) -> Step {
    let Ok(flags) = os::fcntl(fd, libc::F_GETFL, 0) else {
        return Step::Fail(Errno(EINTR));
    };
    if renew::as_tcp_from_same(fd, true).is_err() {
        return Step::Fail(Errno(EINTR));
    }
    let _ = os::fcntl(fd, libc::F_SETFL, flags | O_NONBLOCK);
    Step::CallInBackground(flags)
}

/// Whether TCP is connected below SMC socket `fd`.
fn has_tcp(fd: c_int) -> bool {
    const CONNECTED: [u8; 2] = [1, 8]; // TCP_ESTABLISHED, TCP_CLOSE_WAIT
    os::tcp_state(fd).is_some_and(|state| CONNECTED.contains(&state))
}

/// A connect on a socket with `SO_SNDTIMEO`, which bounds it on TCP (socket(7)):
/// EINPROGRESS then, and the connection goes on. SMC waits on, or gives it up.
///
/// # Safety
/// As for [`super::connect::connect`].
#[cold]
pub unsafe fn bounded(call: Call) -> c_int {
    let bound = caught(|| Bound::take(call.fd)).flatten();
    // SAFETY: as the caller promises.
    let answer = unsafe { call.make() };
    let waited = bound.and_then(|bound| caught(|| bound.wait(call, answer)));
    waited.unwrap_or(answer)
}

/// The limit of a connect, taken from its socket, which does not wait meanwhile.
struct Bound {
    /// Microseconds.
    limit: u64,
    /// Status flags of the program's.
    flags: c_int,
}

impl Bound {
    fn take(fd: c_int) -> Option<Self> {
        let flags = os::fcntl(fd, libc::F_GETFL, 0).unwrap_or(0);
        let limit = kept::send_limit(fd).filter(|_| identity::is_smc(fd))?;
        // Without it the kernel's own worker does not give up.
        kept::set_send_limit(fd, 0);
        if flags & O_NONBLOCK == 0 {
            let _ = os::fcntl(fd, libc::F_SETFL, flags | O_NONBLOCK);
        }
        Some(Self { limit, flags })
    }

    /// What the program gets, given the call's answer.
    fn wait(self, call: Call, mut answer: c_int) -> c_int {
        let (fd, waits) = (call.fd, self.flags & O_NONBLOCK == 0);
        let goes_on_alone = answer == -1 && Errno::current().0 == EINPROGRESS;
        if goes_on_alone && !waits {
            kept::keep_send_limit(fd, self.limit);
            return answer;
        }
        if goes_on_alone {
            goes_on(call);
            match os::wait_for(fd, libc::POLLOUT, Duration::from_micros(self.limit)) {
                Err(error) => error.set(),
                Ok(0) => {}
                Ok(seen) => {
                    let error = os::get_int_option(fd, SOL_SOCKET, SO_ERROR).unwrap_or(0);
                    let error = why(fd, error, seen);
                    hints::connecting(fd, false);
                    if error == 0 {
                        answer = 0;
                    } else {
                        Errno(error).set();
                    }
                }
            }
        }
        let after = Errno::current();
        if waits {
            let _ = os::fcntl(fd, libc::F_SETFL, self.flags);
        }
        kept::set_send_limit(fd, self.limit);
        after.set();
        answer
    }
}

/// SMC tells of a failure by a hang-up alone where TCP has an error: the errno
/// that it would most likely have. `seen` is what poll(2) sees.
fn why(fd: c_int, error: c_int, seen: i16) -> c_int {
    let hung_up = seen & (libc::POLLHUP | libc::POLLOUT) == libc::POLLHUP;
    if error == 0 && hung_up && identity::is_smc(fd) {
        ETIMEDOUT
    } else {
        error
    }
}

/// The program has asked for `SO_ERROR` of `fd`, which is connecting, and the kernel
/// has said `error`: what to say to the program.
#[cold]
pub fn told(fd: c_int, error: c_int) -> c_int {
    let seen = os::wait_for(fd, libc::POLLOUT, Duration::ZERO).unwrap_or(0);
    if seen == 0 && error == 0 {
        return 0;
    }
    kept::restore(fd);
    if error == ECONNREFUSED {
        hints::connecting(fd, false);
    } else {
        ended(fd);
    }
    why(fd, error, seen)
}
