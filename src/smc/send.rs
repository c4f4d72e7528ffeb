// SPDX-License-Identifier: MIT OR Apache-2.0
//! After a send that has taken a part, or nothing: who waits for room hears of it.
//!
//! TCP marks a socket that has no room left, and wakes whoever waits when there is
//! some again: epoll(7) promises an edge after a partial write. SMC sets the mark
//! (`SOCK_NOSPACE`) only when nothing at all was taken, and without it wakes nobody
//! (`net/smc/smc_tx.c`, `smc_tx_sendmsg` and `smc_tx_sndbuf_nonfull`; 6.1 to 7.3).
//! poll(2) of a socket without room sets the mark, too (`smc_poll`).
//!
//! Room that comes between the kernel's look and the mark is told to nobody. So the socket
//! is polled twice: if there is room at the first or the second time, those who wait are
//! woken from here. (After EAGAIN the kernel itself looks again.)
//!
//! And an error is TCP's: SMC says ECONNRESET each time when the peer has gone, raises no
//! SIGPIPE, and knows no connection before it is made.

use super::identity;
use super::os::{self, Errno};
use crate::hints;
use libc::{EAGAIN, ECONNRESET, ENOTCONN, EPIPE, POLLOUT, SIGPIPE, SOL_SOCKET, SO_SNDBUF};
use std::ffi::c_int;
use std::time::Duration;

/// A call has sent less than it was given on `fd`: `sent` bytes, or -1, and then errno
/// says why. `signals`: TCP would send SIGPIPE, too.
#[cold]
pub fn not_all(fd: c_int, sent: isize, signals: bool) {
    if sent >= 0 {
        after_partial(fd);
        return;
    }
    let error = Errno::current().0;
    let may_differ = match error {
        EAGAIN => hints::of(fd).ends_writing(),
        ECONNRESET | ENOTCONN | EPIPE => true,
        _ => false,
    };
    if may_differ && identity::is_smc(fd) {
        let error = as_on_tcp(fd, error);
        if error == EPIPE && signals {
            os::raise(SIGPIPE);
        }
        Errno(error).set();
    }
}

/// What TCP would say in the place of SMC's `error`.
fn as_on_tcp(fd: c_int, error: c_int) -> c_int {
    match error {
        // At first TCP says so, too, or takes data that nobody will get.
        ECONNRESET if !hints::peer_gone(fd) => ECONNRESET,
        ENOTCONN if hints::of(fd).is_connecting() => EAGAIN,
        _ => EPIPE,
    }
}

/// A call has taken a part of its data.
fn after_partial(fd: c_int) {
    if identity::is_smc(fd) && (has_room(fd) || has_room(fd)) {
        wake_waiters(fd);
    }
}

/// Whether there is room; if not, whoever waits for it is woken when there is.
fn has_room(fd: c_int) -> bool {
    os::wait_for(fd, POLLOUT, Duration::ZERO).is_ok_and(|seen| seen & POLLOUT != 0)
}

/// Wakes those who wait in a call on SMC socket `fd`, and those who wait for room by
/// epoll, poll or select, if there is room.
///
/// Who sets the size of the transmit buffer, to what it is, has the kernel do that
/// (`net/core/sock.c`, `sk_setsockopt`; `net/smc/smc_tx.c`, `smc_tx_write_space`): the
/// ring keeps its size once it is there. The kernel doubles the size that is set.
pub fn wake_waiters(fd: c_int) {
    if let Ok(size) = os::get_int_option(fd, SOL_SOCKET, SO_SNDBUF) {
        let _ = os::set_int_option(fd, SOL_SOCKET, SO_SNDBUF, size / 2);
    }
}
