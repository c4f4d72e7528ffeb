// SPDX-License-Identifier: MIT OR Apache-2.0
//! Events that TCP would not have.
//!
//! On TCP a connection that can be written to no more is writable and hung up, whatever
//! is still to be sent; so is one that could not be made, which is readable, too
//! (`net/ipv4/tcp.c`, `tcp_poll`). SMC says only that there is an error, or that it is
//! hung up (`net/smc/af_smc.c`, `smc_poll`), and who waits to write waits on.

use crate::convert::epoll_registrations::{self, Registration};
use crate::{fd_table, identity, sys};
use libc::{epoll_event, EPOLLERR, EPOLLHUP, EPOLLIN, EPOLLOUT, EPOLLRDHUP};
use std::ffi::c_int;
use std::time::Duration;

#[allow(clippy::cast_sign_loss, reason = "sets of bits")]
const fn bits(events: c_int) -> u32 {
    events as u32
}

const IN: u32 = bits(EPOLLIN);
const OUT: u32 = bits(EPOLLOUT);
const ERROR: u32 = bits(EPOLLERR);
const HUNG_UP: u32 = bits(EPOLLHUP);

/// Ways to ask for a socket to which can be written: `EPOLLOUT`, `EPOLLWRNORM`.
const WRITABLE: u32 = OUT | 0x100;
/// The same to be read: `EPOLLIN`, `EPOLLRDNORM`, `EPOLLRDHUP`.
const READABLE: u32 = IN | 0x40 | bits(EPOLLRDHUP);

/// What says how is waited, not for what: `EPOLLET`, `EPOLLONESHOT`, `EPOLLWAKEUP`,
/// `EPOLLEXCLUSIVE`. After the event of `EPOLLONESHOT` these alone are left.
const MODES: u32 = 0xf000_0000;

/// Whether TCP may never say so: an end, but not writable.
#[inline]
pub fn may_differ(event: &epoll_event) -> bool {
    event.events & (ERROR | HUNG_UP) != 0 && event.events & OUT == 0
}

/// Whether it may be a connection that the peer has ended while the ring was full.
fn is_of_lost(events: u32) -> bool {
    events & (ERROR | HUNG_UP) == ERROR
}

/// Whether it may be a connection that could not be made.
fn is_of_failed_connect(events: u32) -> bool {
    events & IN == 0
}

/// Makes the odd ones among the `events` of `epoll` what they would be on TCP.
#[cold]
pub fn correct(epoll: c_int, events: &mut [epoll_event]) {
    let is_connecting = |fd| fd_table::get(fd).is_connecting();
    let connects = fd_table::maybe_connected().any(is_connecting);
    let is_suspect = |event: &epoll_event| {
        let events = event.events;
        may_differ(event) && (is_of_lost(events) || connects && is_of_failed_connect(events))
    };
    if !fd_table::any_connected() || !events.iter().any(is_suspect) {
        return;
    }
    epoll_registrations::each_with(epoll, |registered| {
        for event in events.iter_mut().filter(|event| is_suspect(event)) {
            if event.u64 == registered.data {
                event.events |= missing(&registered, event.events);
            }
        }
    });
}

/// What TCP would have said besides, if the event is this socket's.
fn missing(registered: &Registration, said: u32) -> u32 {
    let fd = registered.fd;
    if !registered.is_current() || !identity::is_smc(fd) {
        return 0;
    }
    let seen = sys::wait_for(fd, libc::POLLOUT | libc::POLLIN, Duration::ZERO).unwrap_or(0);
    let is_error = seen & libc::POLLERR != 0;
    let is_hung_up = seen & libc::POLLHUP != 0;
    let is_known = registered.events & !MODES != 0;
    let asked = if is_known {
        registered.events
    } else {
        said | OUT
    };
    if seen & (libc::POLLOUT | libc::POLLIN) == 0 && fd_table::get(fd).is_connecting() {
        if is_error || is_hung_up {
            return ERROR | HUNG_UP | asked & (READABLE | WRITABLE);
        }
    } else if is_error && !is_hung_up && seen & libc::POLLOUT == 0 {
        return HUNG_UP | asked & WRITABLE;
    }
    0
}
