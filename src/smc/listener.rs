// SPDX-License-Identifier: MIT OR Apache-2.0
//! The end of a listener by `shutdown`.
//!
//! On TCP it stops listening, stays bound, and whoever waits in `accept` gets
//! EINVAL. SMC answers ENOTCONN, listens on and lets them wait. Here a bound TCP
//! socket takes the number, with its epoll registrations, and a connection of our
//! own wakes those who wait on the old one: `accept` knows that it is not for them.

use super::os::{self, Errno};
use super::{accept, address, identity, renew};
use crate::hints;
use libc::{SHUT_RD, SHUT_RDWR, SOL_SOCKET, SO_REUSEADDR};
use std::ffi::c_int;
use std::time::Duration;

/// As many threads that wait in an accept of one listener are woken.
const MOST_WAITING: usize = 256;

/// A connection of our own may take as long, and all of them together.
const PATIENCE: Duration = Duration::from_secs(2);

/// What `shutdown(fd, how)` answers on a listening SMC socket; `None` when that is
/// the kernel's to say.
#[cold]
pub fn shutdown(fd: c_int, how: c_int) -> Option<Result<(), Errno>> {
    // The number may be another file's by now.
    if !identity::is_listening(fd) || !identity::is_smc(fd) {
        return None;
    }
    if how != SHUT_RD && how != SHUT_RDWR {
        // TCP: nothing to shut for writing, and no error.
        return (how == libc::SHUT_WR).then_some(Ok(()));
    }
    let (local, length) = os::local_address(fd).ok()?;
    let reuses = os::get_int_option(fd, SOL_SOCKET, SO_REUSEADDR).ok()?;
    // Since it listens, what was set before is not remembered.
    hints::options_unknown(fd);
    // An unconnected TCP socket is hung up, as one that was shut down is: whoever
    // waits for it by epoll is woken up.
    if let Err(error) = renew::as_unbound_tcp(fd) {
        hints::listening(fd, true);
        return Some(Err(error));
    }
    hints::shut(fd);
    // Connections of the old listener may linger at the address.
    let _ = os::set_int_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    bind_and_wake(fd, &local, length);
    let _ = os::set_int_option(fd, SOL_SOCKET, SO_REUSEADDR, reuses);
    Some(Ok(()))
}

/// The address is free when nobody waits on the old listener any more. Until then
/// there is a connection for each thread in an accept, else one for those who poll.
fn bind_and_wake(fd: c_int, local: &libc::sockaddr_storage, length: usize) {
    let deadline = os::now() + PATIENCE;
    let peer = address::reachable(local, length);
    let mut is_bound = os::bind(fd, local, length).is_ok();
    for round in 0..MOST_WAITING {
        if !accept::is_waited_for(fd) && (is_bound || round > 0) {
            break;
        }
        let goes_on = peer.is_some_and(|peer| call(&peer, length, deadline));
        is_bound = is_bound || os::bind(fd, local, length).is_ok();
        if !goes_on {
            break;
        }
    }
}

/// Connects to `peer` and hangs up. False: nobody is there, or it is `deadline`.
fn call(peer: &libc::sockaddr_storage, length: usize, deadline: Duration) -> bool {
    let kind = libc::SOCK_STREAM | libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK;
    let Ok(caller) = os::socket(address::family(peer), kind, 0) else {
        return false;
    };
    let is_there = match os::connect(caller, peer, length) {
        Ok(()) => true,
        Err(Errno(libc::EINPROGRESS)) => {
            let rest = deadline.saturating_sub(os::now());
            let seen = os::wait_for(caller, libc::POLLOUT, rest);
            seen.is_ok_and(|seen| seen & (libc::POLLOUT | libc::POLLERR) == libc::POLLOUT)
        }
        Err(_) => false,
    };
    os::close(caller);
    is_there
}
