// SPDX-License-Identifier: MIT OR Apache-2.0
//! The send ring of an SMC socket: whether it holds unsent data, and waiting until it does
//! not.

use crate::sys;
use libc::{IPPROTO_TCP, TCP_CORK};
use std::ffi::c_int;
use std::time::Duration;

/// The kernel reports no event when a ring is empty, short of the last close. So it is
/// asked again after a part of the time that draining has taken so far: what drains fast is
/// seen soon, and a thousand sockets with slow readers cost little.
const PART: u32 = 8;
const FIRST_PAUSE: Duration = Duration::from_micros(200);
const LONGEST_PAUSE: Duration = Duration::from_millis(500);

/// Whether data is in the ring; of a socket that is not SMC, whether data is in flight.
pub(super) fn has_unsent(fd: c_int) -> bool {
    sys::unsent(fd).is_ok_and(|bytes| bytes > 0)
}

/// Sends what is withheld (`TCP_CORK`, `MSG_MORE`).
pub(super) fn uncork(fd: c_int) {
    let _ = sys::set_int_option(fd, IPPROTO_TCP, TCP_CORK, 0);
}

/// How long until it is worth looking again; `None` when the ring is empty, or the
/// connection lost.
pub(super) fn pause_until_next_look(fd: c_int, so_far: Duration) -> Option<Duration> {
    let goes_on = has_unsent(fd) && !sys::wait_for(fd, 0, Duration::ZERO).is_ok_and(is_lost);
    goes_on.then(|| pause_after(so_far))
}

fn pause_after(so_far: Duration) -> Duration {
    (so_far / PART).clamp(FIRST_PAUSE, LONGEST_PAUSE)
}

fn is_lost(seen: i16) -> bool {
    seen & (libc::POLLERR | libc::POLLHUP | libc::POLLNVAL) != 0
}

/// Waits until the ring is empty, the connection is lost, or `deadline`. Whether it had to.
pub(super) fn wait_until_sent(fd: c_int, deadline: Duration) -> bool {
    let began = sys::now();
    let mut has_waited = false;
    while has_unsent(fd) {
        let now = sys::now();
        let rest = deadline.saturating_sub(now);
        if rest.is_zero() {
            break;
        }
        let pause = pause_after(now.saturating_sub(began)).min(rest);
        match sys::wait_for(fd, 0, pause) {
            Ok(seen) if is_lost(seen) => break,
            Ok(_) => {}
            // poll(2) obeys RLIMIT_NOFILE, even with one descriptor.
            Err(_) => sys::sleep(pause),
        }
        has_waited = true;
    }
    has_waited
}
