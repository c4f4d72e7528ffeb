// SPDX-License-Identifier: MIT OR Apache-2.0
//! The end of a listener by `shutdown`.
//!
//! On TCP it stops listening, stays bound, and whoever waits in `accept` gets
//! EINVAL. SMC answers ENOTCONN, listens on and lets them wait. Here a bound TCP
//! socket takes the number, and a connection of our own wakes those who wait on
//! the old one: `accept` knows that it is not for them.

use super::os::{self, Errno};
use super::{accept, address, identity, renew};
use crate::hints;
use libc::{SHUT_RD, SHUT_RDWR, SOL_SOCKET, SO_ACCEPTCONN, SO_REUSEADDR};
use std::ffi::c_int;
use std::time::Duration;

/// As many threads may wait in an accept of one listener.
const MOST_WAITING: usize = 256;

/// What `shutdown(fd, how)` answers on a listening SMC socket; `None` when that is
/// the kernel's to say.
#[cold]
pub fn shutdown(fd: c_int, how: c_int) -> Option<Result<(), Errno>> {
    // The number may be another file's by now.
    if os::get_int_option(fd, SOL_SOCKET, SO_ACCEPTCONN) != Ok(1) || !identity::is_smc(fd) {
        return None;
    }
    if how != SHUT_RD && how != SHUT_RDWR {
        // TCP: nothing to shut for writing, and no error.
        return (how == libc::SHUT_WR).then_some(Ok(()));
    }
    let (local, length) = os::local_address(fd).ok()?;
    let reuses = os::get_int_option(fd, SOL_SOCKET, SO_REUSEADDR).ok()?;
    if let Err(error) = renew::as_unbound_tcp(fd) {
        return Some(Err(error));
    }
    hints::shut(fd);
    wake(&local, length);
    // Connections of the old listener may linger at the address.
    let _ = os::set_int_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    let _ = os::bind(fd, &local, length);
    let _ = os::set_int_option(fd, SOL_SOCKET, SO_REUSEADDR, reuses);
    Some(Ok(()))
}

/// Connects to the old listener once for those who poll, and for each thread that
/// waits in an accept, until it is gone.
fn wake(local: &libc::sockaddr_storage, length: usize) {
    let Some(peer) = address::reachable(local, length) else {
        return;
    };
    for round in 0..MOST_WAITING {
        let kind = libc::SOCK_STREAM | libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK;
        let Ok(caller) = os::socket(address::family(&peer), kind, 0) else {
            return;
        };
        let begun = os::connect(caller, &peer, length);
        let refused = match begun {
            Ok(()) => false,
            Err(Errno(libc::EINPROGRESS)) => {
                let seen = os::wait_for(caller, libc::POLLOUT, Duration::from_secs(1));
                !seen.is_ok_and(|seen| seen & (libc::POLLERR | libc::POLLHUP) == 0)
            }
            Err(_) => true,
        };
        os::close(caller);
        if refused || (round > 0 && !accept::is_waited_for()) {
            return;
        }
    }
}
