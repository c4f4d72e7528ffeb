// SPDX-License-Identifier: MIT OR Apache-2.0
//! The end of a listener by `shutdown` or `connect(AF_UNSPEC)`, and a listener that
//! becomes TCP.
//!
//! On TCP it stops listening, stays bound, and whoever waits in `accept` gets
//! EINVAL. SMC answers ENOTCONN or EINVAL, listens on and lets them wait. Here a bound
//! TCP socket takes the number, with its epoll registrations, and a connection of our
//! own wakes those who wait on the old one: `accept` knows that it is not for them.
//!
//! When the program listens again it is as SMC ([`super::listen`]), and at the same
//! address or not at all.

use super::os::{self, Errno};
use super::{accept, address, identity, rebind, renew};
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
    if !is_smc_listener(fd) {
        return None;
    }
    if how != SHUT_RD && how != SHUT_RDWR {
        // TCP: nothing to shut for writing, and no error.
        return (how == libc::SHUT_WR).then_some(Ok(()));
    }
    Some(stop(fd))
}

/// Whether `fd` listens, and as SMC.
pub fn is_smc_listener(fd: c_int) -> bool {
    identity::is_listening(fd) && identity::is_smc(fd)
}

/// SMC listener `fd` listens no more.
///
/// # Errors
/// When no fresh socket is to be had; it listens on then.
#[cold]
pub fn stop(fd: c_int) -> Result<(), Errno> {
    let hint = hints::of(fd);
    let bound = replace(fd, |local| renew::chosen_by_program(local, hint))?;
    hints::shut(fd);
    if let (Some((local, length)), false) = (bound.wanted, bound.is_there) {
        rebind::require(fd, &local, length);
    }
    Ok(())
}

/// SMC listener `fd` listens as TCP: for options of which SMC makes nothing once it
/// listens. Connections that wait to be accepted are lost.
///
/// # Errors
/// As for [`stop`], and when the address is not to be had any more: then it does not
/// listen.
#[cold]
pub fn become_tcp(fd: c_int) -> Result<(), Errno> {
    let backlog = os::backlog(fd).ok_or(Errno(libc::EBADF))?;
    let bound = replace(fd, Some)?;
    if !bound.is_there {
        return Err(Errno(libc::EADDRINUSE));
    }
    os::listen(fd, backlog)?;
    hints::listening(fd, false);
    Ok(())
}

/// An address as the kernel writes it, and its length.
type Address = (libc::sockaddr_storage, usize);

/// What became of the address of a listener that was replaced.
struct Bound {
    /// What is to be the new socket's, if anything.
    wanted: Option<Address>,
    is_there: bool,
}

/// Puts a TCP socket in the place of SMC listener `fd`, bound to what `wanted` says of its
/// address, if that is to be had, and wakes those who wait for connections.
fn replace(fd: c_int, wanted: impl FnOnce(Address) -> Option<Address>) -> Result<Bound, Errno> {
    let (local, length) = os::local_address(fd)?;
    let wanted = wanted((local, length));
    let port = |(address, length): &Address| {
        address::internet(address, *length).map(|address| address.port())
    };
    let keeps_port = wanted.as_ref().and_then(port) == port(&(local, length));
    let reuses = os::get_int_option(fd, SOL_SOCKET, SO_REUSEADDR)?;
    // Since it listens, what was set before is not remembered.
    hints::options_unknown(fd);
    // An unconnected TCP socket is hung up, as one that was shut down is: whoever
    // waits for it by epoll is woken up.
    if let Err(error) = renew::as_unbound_tcp(fd) {
        hints::listening(fd, true);
        return Err(error);
    }
    // `accept` is to know what wakes it.
    hints::shut(fd);
    // Connections of the old listener may linger at the address.
    let _ = os::set_int_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    let bind = || wanted.is_none_or(|(wanted, length)| os::bind(fd, &wanted, length).is_ok());
    let peer = address::reachable(&local, length);
    let call = |deadline| peer.is_some_and(|peer| call(&peer, length, deadline));
    let is_there = bind_and_wake(fd, bind, keeps_port, call);
    let _ = os::set_int_option(fd, SOL_SOCKET, SO_REUSEADDR, reuses);
    Ok(Bound { wanted, is_there })
}

/// The port is free when nobody waits on the old listener any more. Until then there is a
/// connection for each thread in an accept, else one for those who poll; so there is where
/// the port is not wanted, and would not tell. Whether it is bound in the end.
fn bind_and_wake(
    fd: c_int,
    bind: impl Fn() -> bool,
    keeps_port: bool,
    call: impl Fn(Duration) -> bool,
) -> bool {
    let deadline = os::now() + PATIENCE;
    let mut is_bound = bind();
    for round in 0..MOST_WAITING {
        let is_free = keeps_port && is_bound;
        if !accept::is_waited_for(fd) && (is_free || round > 0) {
            break;
        }
        let goes_on = call(deadline);
        is_bound = is_bound || bind();
        if !goes_on {
            break;
        }
    }
    is_bound
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
