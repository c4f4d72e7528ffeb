// SPDX-License-Identifier: MIT OR Apache-2.0
//! The end of a listener by `shutdown` or `connect(AF_UNSPEC)`, and a listener that becomes
//! TCP.
//!
//! On TCP it stops listening, stays bound, and those who wait in `accept` get EINVAL. SMC
//! answers ENOTCONN or EINVAL, listens on and lets them wait. Here a bound TCP socket takes
//! the number, with its epoll registrations, and a connection of our own wakes those who
//! wait on the old one: `accept` knows that it is not for them.
//!
//! When the program listens again it is as SMC ([`super::listen`]), and at the same address
//! or not at all.

use super::required_address;
use crate::convert::replace;
use crate::engine::Engine;
use crate::sys::{self, address, Errno};
use crate::{fd_table, identity};
use libc::{SHUT_RD, SHUT_RDWR, SOL_SOCKET, SO_REUSEADDR};
use std::ffi::c_int;
use std::time::Duration;

/// The most threads that are woken from an accept of one listener.
const MOST_WAITING: usize = 256;

/// How long the connections of our own may take, all together.
const WAKE_LIMIT: Duration = Duration::from_secs(2);

/// What `shutdown(fd, how)` returns of a listening SMC socket; `None` when that is for the
/// kernel to say.
#[cold]
pub fn shutdown(engine: impl Engine, fd: c_int, how: c_int) -> Option<Result<(), Errno>> {
    // The number may be another file's by now.
    if !is_smc_listener(fd) {
        return None;
    }
    if how != SHUT_RD && how != SHUT_RDWR {
        // TCP: nothing to shut for writing, and no error.
        return (how == libc::SHUT_WR).then_some(Ok(()));
    }
    Some(stop(engine, fd))
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
pub fn stop(engine: impl Engine, fd: c_int) -> Result<(), Errno> {
    let descriptor = fd_table::get(fd);
    let bound = put_tcp(engine, fd, |local| {
        replace::chosen_by_program(local, descriptor)
    })?;
    fd_table::listener_shut(fd);
    if let (Some((local, length)), false) = (bound.wanted, bound.is_bound) {
        required_address::require(fd, &local, length)?;
    }
    Ok(())
}

/// SMC listener `fd` listens as TCP: for options that SMC ignores once it listens.
/// Connections that wait to be accepted are lost.
///
/// # Errors
/// As [`stop`], and when the address is not to be had any more: then it does not listen.
#[cold]
pub fn become_tcp(engine: impl Engine, fd: c_int) -> Result<(), Errno> {
    let backlog = sys::backlog(fd).ok_or(Errno(libc::EBADF))?;
    let bound = put_tcp(engine, fd, Some)?;
    if !bound.is_bound {
        return Err(Errno(libc::EADDRINUSE));
    }
    sys::listen(fd, backlog)?;
    fd_table::listening(fd, false);
    Ok(())
}

/// An address as the kernel writes it, and its length.
type Address = (libc::sockaddr_storage, usize);

/// What became of the address of a listener that was replaced.
struct Outcome {
    /// What the new socket is to be bound to, if anything.
    wanted: Option<Address>,
    is_bound: bool,
}

/// Puts a TCP socket behind SMC listener `fd`, bound to what `wanted` says of its address,
/// if that is to be had, and wakes those who wait for connections.
fn put_tcp(
    engine: impl Engine,
    fd: c_int,
    wanted: impl FnOnce(Address) -> Option<Address>,
) -> Result<Outcome, Errno> {
    let (local, length) = sys::local_address(fd)?;
    let wanted = wanted((local, length));
    let port = |(address, length): &Address| {
        address::internet(address, *length).map(|address| address.port())
    };
    let keeps_port = wanted.as_ref().and_then(port) == port(&(local, length));
    let reuses = sys::get_int_option(fd, SOL_SOCKET, SO_REUSEADDR)?;
    // What was set before it listened is not known any more.
    fd_table::created_with_options(fd);
    // An unconnected TCP socket is hung up, as one that was shut down is: those who wait
    // for it by epoll are woken up.
    if let Err(error) = replace::as_unbound_tcp(engine, fd) {
        fd_table::listening(fd, true);
        return Err(error);
    }
    // `accept` has to know what wakes it.
    fd_table::listener_shut(fd);
    // Connections of the old listener may linger at the address.
    let _ = sys::set_int_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    let bind = || wanted.is_none_or(|(wanted, length)| sys::bind(fd, &wanted, length).is_ok());
    let peer = address::reachable(&local, length);
    let call = |deadline| peer.is_some_and(|peer| call_and_hang_up(&peer, length, deadline));
    let is_bound = bind_and_wake(fd, bind, keeps_port, call);
    let _ = sys::set_int_option(fd, SOL_SOCKET, SO_REUSEADDR, reuses);
    Ok(Outcome { wanted, is_bound })
}

/// The port is free when nobody waits on the old listener any more. Until then there is a
/// connection for each thread in an accept, else one for those who poll; one, too, if the
/// port is not wanted, and would not tell. Whether the socket is bound in the end.
fn bind_and_wake(
    fd: c_int,
    bind: impl Fn() -> bool,
    keeps_port: bool,
    call: impl Fn(Duration) -> bool,
) -> bool {
    let deadline = sys::now() + WAKE_LIMIT;
    let mut is_bound = bind();
    for round in 0..MOST_WAITING {
        let is_free = keeps_port && is_bound;
        let waiting = sys::threads_in_accept(fd);
        let are_all_awake = match waiting {
            Some(count) => count == 0 && (is_free || round > 0),
            // The port alone tells.
            None => is_free || !keeps_port && round > 0,
        };
        if are_all_awake {
            break;
        }
        let goes_on = call(deadline);
        wait_until_fewer(fd, waiting.unwrap_or(0));
        is_bound = is_bound || bind();
        if !goes_on {
            break;
        }
    }
    is_bound
}

/// Waits a moment for a thread to leave its accept, so that no connection too many is made:
/// another process that has the old listener would get it.
fn wait_until_fewer(fd: c_int, waiting: usize) {
    const LOOKS: usize = 50;
    const PAUSE: Duration = Duration::from_micros(100);
    let mut looks = 0..LOOKS;
    let is_unchanged = || sys::threads_in_accept(fd).is_some_and(|now| now >= waiting);
    while waiting > 0 && is_unchanged() && looks.next().is_some() {
        sys::sleep(PAUSE);
    }
}

/// Connects to `peer` and hangs up. False: nobody is there, or it is `deadline`.
fn call_and_hang_up(peer: &libc::sockaddr_storage, length: usize, deadline: Duration) -> bool {
    let kind = libc::SOCK_STREAM | libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK;
    let Ok(caller) = sys::socket(address::family(peer), kind, 0) else {
        return false;
    };
    let is_there = match sys::connect(caller, peer, length) {
        Ok(()) => true,
        Err(Errno(libc::EINPROGRESS)) => {
            let rest = deadline.saturating_sub(sys::now());
            let seen = sys::wait_for(caller, libc::POLLOUT, rest);
            seen.is_ok_and(|seen| seen & (libc::POLLOUT | libc::POLLERR) == libc::POLLOUT)
        }
        Err(_) => false,
    };
    sys::close(caller);
    is_there
}
