// SPDX-License-Identifier: MIT OR Apache-2.0
//! After a send that has taken a part of its data, or nothing: those who wait for room are
//! woken when there is some.
//!
//! TCP marks a socket that has no room left, and wakes those who wait when there is some
//! again: epoll(7) promises an edge after a partial write. SMC sets the mark
//! (`SOCK_NOSPACE`) only when nothing at all was taken, and without it wakes nobody
//! (`net/smc/smc_tx.c`, `smc_tx_sendmsg` and `smc_tx_sndbuf_nonfull`; 6.1 to 7.3). poll(2)
//! of a socket without room sets the mark, too (`smc_poll`).
//!
//! Room that appears between the kernel's look and the mark wakes nobody. So the socket is
//! polled twice: if there is room at the first or the second time, those who wait are woken
//! from here. (After EAGAIN the kernel itself looks again.)
//!
//! And errors become TCP's: SMC says ECONNRESET each time when the peer has gone, raises no
//! SIGPIPE, and has no connection before it is made.

use crate::sys::{self, Errno};
use crate::{fd_table, identity};
use libc::{EAGAIN, ECONNRESET, ENOTCONN, EPIPE, POLLOUT, SIGPIPE};
use std::ffi::c_int;
use std::time::Duration;

/// A call has sent less than it was given on `fd`: `sent` bytes, or -1 and errno.
/// `signals`: TCP would send SIGPIPE, too.
#[cold]
pub fn after_short_send(fd: c_int, sent: isize, signals: bool) {
    if sent >= 0 {
        after_partial(fd);
        return;
    }
    let error = Errno::current().0;
    let may_differ = match error {
        EAGAIN => fd_table::get(fd).state() == fd_table::State::Draining,
        ECONNRESET | ENOTCONN | EPIPE => true,
        _ => false,
    };
    if may_differ && identity::is_smc(fd) {
        let error = as_tcp_would(fd, error);
        if error == EPIPE && signals {
            sys::raise(SIGPIPE);
        }
        Errno(error).set();
    }
}

/// What TCP would say in the place of SMC's `error`.
fn as_tcp_would(fd: c_int, error: c_int) -> c_int {
    match error {
        // At first TCP says so, too, or takes data that nobody will get.
        ECONNRESET if !fd_table::peer_gone(fd) => ECONNRESET,
        ENOTCONN if fd_table::get(fd).is_connecting() => EAGAIN,
        _ => EPIPE,
    }
}

/// A call has taken a part of its data.
fn after_partial(fd: c_int) {
    if identity::is_smc(fd) && (has_room(fd) || has_room(fd)) {
        sys::wake_waiters(fd);
    }
}

/// Whether there is room; if not, those who wait for it are woken when there is.
fn has_room(fd: c_int) -> bool {
    sys::wait_for(fd, POLLOUT, Duration::ZERO).is_ok_and(|seen| seen & POLLOUT != 0)
}
