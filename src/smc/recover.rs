// SPDX-License-Identifier: MIT OR Apache-2.0
//! Connects that SMC refuses, breaks off or forgets, and TCP does not.

use super::connect::{self, Call};
use super::os::{self, Errno};
use super::{address, demote, identity, kept, renew, slow};
use crate::{hints, process};
use libc::{
    AF_INET, AF_INET6, AF_UNSPEC, ECONNABORTED, ECONNREFUSED, ECONNRESET, EINPROGRESS, EINTR,
    EINVAL, EISCONN, ENETUNREACH, EPIPE, EPROTO, ETIMEDOUT, O_NONBLOCK, SOL_SOCKET, SO_ERROR,
};
use std::ffi::c_int;
use std::time::Duration;

/// Errors of a handshake that TCP does not have (`net/smc/smc_clc.c`); a call that
/// has not begun one has others.
const OF_THE_HANDSHAKE: [c_int; 5] = [ETIMEDOUT, ECONNRESET, ENETUNREACH, EPIPE, EPROTO];

/// What the program gets after its call has failed after `time` milliseconds.
///
/// # Safety
/// As for [`super::connect::connect`]; errno is that of the call.
#[cold]
pub unsafe fn refused(call: Call, time: u64) -> c_int {
    let refusal = Errno::current();
    let fd = call.fd;
    if refusal.0 == EINPROGRESS {
        // SAFETY: as the caller promises.
        unsafe { goes_on(call) };
        return -1;
    }
    if process::get().is_none() || !identity::is_smc(fd) {
        return -1;
    }
    match refusal.0 {
        // SAFETY: as the caller promises.
        EINVAL => unsafe { not_understood(call) },
        // The call of `bounded`: the kernel goes on.
        EINTR if hints::of(fd).is_connecting() => -1,
        // SAFETY: as the caller promises.
        EINTR => unsafe { go_on_in_background(call) },
        // SAFETY: as the caller promises.
        ECONNABORTED => unsafe { anew(call) },
        // The handshake has failed where TCP would have been connected.
        error if OF_THE_HANDSHAKE.contains(&error) && has_tcp(fd) => {
            if time > slow::SLOW {
                // SAFETY: as the caller promises.
                if let Some(peer) = unsafe { call.peer() } {
                    slow::remember(fd, peer.ip());
                }
            }
            // The port may still be that of the old connection.
            if renew::as_tcp_from_same(fd, false).is_err() {
                refusal.set();
                return -1;
            }
            // SAFETY: as the caller promises.
            unsafe { call.make() }
        }
        _ => -1,
    }
}

/// A connect goes on while the program does other things.
///
/// # Safety
/// As for [`refused`].
unsafe fn goes_on(call: Call) {
    let hint = hints::of(call.fd);
    if (hint.made_here() || hint.may_flow()) && !hint.is_connecting() {
        hints::flows(call.fd);
        hints::connecting(call.fd, true);
        // SAFETY: as the caller promises.
        if let Some(peer) = unsafe { call.peer() } {
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
///
/// # Safety
/// As for [`refused`].
unsafe fn anew(call: Call) -> c_int {
    let fd = call.fd;
    if hints::of(fd).is_connecting() {
        ended(fd);
        Errno(ETIMEDOUT).set();
        return -1;
    }
    if renew::as_unconnected(fd).is_err() {
        return -1;
    }
    // SAFETY: as the caller promises.
    let (answer, _) = unsafe { connect::timed(call) };
    if answer == -1 && Errno::current().0 == EINPROGRESS {
        // SAFETY: as the caller promises.
        unsafe { goes_on(call) };
    }
    answer
}

/// EINVAL: to no address (AF_UNSPEC: TCP disconnects), to another family, on a
/// listener.
///
/// # Safety
/// As for [`refused`].
unsafe fn not_understood(call: Call) -> c_int {
    let fd = call.fd;
    // SAFETY: an SMC socket looks at the address only after the kernel has
    // copied it, or has refused its length; anything unreadable is EFAULT.
    let family = match unsafe { address::copy(call.address, call.length) } {
        Some((copied, _)) => address::family(&copied),
        None => return -1,
    };
    if matches!(family, AF_INET | AF_INET6) {
        if identity::is_listening(fd) {
            Errno(EISCONN).set();
        }
        return -1;
    }
    if demote::to_tcp(fd) {
        // SAFETY: the program's own call, once more: SMC has not begun it.
        return unsafe { call.make() };
    }
    if family == AF_UNSPEC && renew::as_unbound_tcp(fd).is_ok() {
        return 0;
    }
    Errno(EISCONN).set();
    -1
}

/// A signal handler has run. TCP goes on connecting while the program does other
/// things; SMC does not, and cannot be asked to. So TCP does, on a fresh socket.
///
/// # Safety
/// As for [`refused`].
unsafe fn go_on_in_background(call: Call) -> c_int {
    let Ok(flags) = os::fcntl(call.fd, libc::F_GETFL, 0) else {
        return -1;
    };
    if renew::as_tcp_from_same(call.fd, true).is_ok() {
        let _ = os::fcntl(call.fd, libc::F_SETFL, flags | O_NONBLOCK);
        // SAFETY: as the caller promises.
        let answer = unsafe { call.make() };
        let error = Errno::current();
        let _ = os::fcntl(call.fd, libc::F_SETFL, flags);
        if answer == -1 && error.0 != EINPROGRESS {
            error.set();
            return -1;
        }
    }
    Errno(EINTR).set();
    -1
}

/// Whether TCP is connected below SMC socket `fd` (`struct tcp_info`).
fn has_tcp(fd: c_int) -> bool {
    const CONNECTED: [u8; 2] = [1, 8]; // TCP_ESTABLISHED, TCP_CLOSE_WAIT
    let mut state = [0];
    os::get_option(fd, libc::IPPROTO_TCP, libc::TCP_INFO, &mut state).is_ok()
        && CONNECTED.iter().any(|connected| state == [*connected])
}

/// A connect on a socket with `SO_SNDTIMEO`, which bounds it on TCP (socket(7)):
/// EINPROGRESS then, and the connection goes on. SMC waits on, or gives it up.
///
/// # Safety
/// As for [`super::connect::connect`].
#[cold]
pub unsafe fn bounded(call: Call) -> c_int {
    let fd = call.fd;
    let flags = os::fcntl(fd, libc::F_GETFL, 0).unwrap_or(0);
    let Some(limit) = kept::send_limit(fd).filter(|_| identity::is_smc(fd)) else {
        // SAFETY: as the caller promises.
        return unsafe { call.make() };
    };
    // Without it the kernel's own worker does not give up.
    kept::set_send_limit(fd, 0);
    let waits = flags & O_NONBLOCK == 0;
    if waits {
        let _ = os::fcntl(fd, libc::F_SETFL, flags | O_NONBLOCK);
    }
    // SAFETY: as the caller promises.
    let mut answer = unsafe { call.make() };
    let goes_on_alone = answer == -1 && Errno::current().0 == EINPROGRESS;
    if goes_on_alone && !waits {
        kept::keep_send_limit(fd, limit);
        return answer;
    }
    if goes_on_alone {
        // SAFETY: as the caller promises.
        unsafe { goes_on(call) };
        match os::wait_for(fd, libc::POLLOUT, Duration::from_micros(limit)) {
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
        let _ = os::fcntl(fd, libc::F_SETFL, flags);
    }
    kept::set_send_limit(fd, limit);
    after.set();
    answer
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
