// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a program has written arrives, as with TCP, whatever it does next.
//!
//! The kernel loses what is still in an SMC socket's send ring when its process ends, and
//! two seconds after its last close or its shutdown, for which it lets the caller wait
//! (`net/smc/smc_close.c`, `smc_close_stream_wait`). So the ring is drained before: in the
//! background if the program goes on, in the foreground if it ends.

mod background;
mod drain_set;
mod mailbox;
mod ring;
mod sharing;
mod tasks;
mod thread;

pub use background::is_busy;

use crate::convert::{epoll_registrations, saved_options};
use crate::sys;
use crate::{events, fd_table, identity, process, vfork};
use background::Work;
use libc::{c_uint, SHUT_RD, SHUT_RDWR, SHUT_WR};
use ring::{has_unsent, uncork, wait_until_sent};
use sharing::Sharing;
use std::ffi::c_int;
use std::time::Duration;

/// Before `fd` is closed.
#[cold]
pub fn before_close(fd: c_int) {
    let owns_memory = vfork::owns_memory();
    let descriptor = fd_table::get(fd);
    if descriptor.maybe_connected() {
        if !descriptor.was_connected_by_call() {
            events::connected_without_call(fd);
        }
        release(fd, owns_memory);
    }
    if owns_memory {
        fd_table::Records::clear(fd);
        fd_table::forget(fd);
    }
}

/// Before all descriptors from `first` to `last` are closed.
pub fn before_close_range(first: c_uint, last: c_uint) {
    maybe_connected_in(first, last).for_each(before_close);
}

/// The same, if they are closed in the calling thread's own copy of the table alone.
pub fn before_close_range_unshared(first: c_uint, last: c_uint) {
    maybe_connected_in(first, last).for_each(before_replacing);
}

fn maybe_connected_in(first: c_uint, last: c_uint) -> impl Iterator<Item = c_int> {
    fd_table::maybe_connected()
        .filter(move |&fd| c_uint::try_from(fd).is_ok_and(|fd| (first..=last).contains(&fd)))
}

/// As [`before_close`], if the call that closes `fd` may fail.
#[cold]
pub fn before_replacing(fd: c_int) {
    release(fd, vfork::owns_memory());
}

/// `fd` is about to be closed: what it has not sent is drained.
fn release(fd: c_int, owns_memory: bool) {
    if owns_memory {
        saved_options::restore(fd);
    }
    if !is_smc_with_unsent(fd) {
        return;
    }
    let work = match sharing::of(fd) {
        Sharing::Parent => return,
        Sharing::Child => Work::DrainShared,
        Sharing::Duplicate => Work::Drain,
        Sharing::Nobody => {
            match saved_options::linger(fd) {
                // The program wants it thrown away.
                Some(0) => return,
                // The program wants to wait.
                Some(seconds) => {
                    uncork(fd);
                    wait_until_sent(fd, sys::now() + Duration::from_secs(seconds));
                }
                None => uncork(fd),
            }
            if !has_unsent(fd) {
                return;
            }
            Work::Drain
        }
    };
    if background::start(fd, work).is_err() && work != Work::DrainShared {
        wait_until_sent(fd, latest());
    }
}

/// Before `shutdown(fd, how)`. True: the call is not to be made, since the sending side is
/// shut in the background. False: it can be made, since the ring is empty.
#[cold]
pub fn before_shutdown(fd: c_int, how: c_int) -> bool {
    if !matches!(how, SHUT_WR | SHUT_RDWR) || !identity::is_smc(fd) {
        return false;
    }
    let in_background = has_unsent(fd) && shuts_in_background(fd);
    if how == SHUT_RDWR {
        // The kernel wakes those who wait before it ends the receiving side, so that
        // poll(2) and select(2) see nothing and sleep on: this comes first.
        let _ = sys::shutdown(fd, SHUT_RD);
        if in_background {
            wake_readers(fd);
        }
    }
    in_background
}

/// Whether the sending side is shut in the background when all is sent.
fn shuts_in_background(fd: c_int) -> bool {
    uncork(fd);
    if !has_unsent(fd) {
        return false;
    }
    if background::start(fd, Work::DrainAndShut).is_err() {
        wait_until_sent(fd, latest());
        return false;
    }
    fd_table::draining(fd);
    true
}

/// After `shutdown(fd, SHUT_RD)`, of which the kernel notifies nobody who waits.
#[cold]
pub fn after_shutdown_of_reading(fd: c_int) {
    if identity::is_smc(fd) {
        wake_readers(fd);
    }
}

/// Wakes those who wait in a call, if the ring has room, and those who wait by epoll. Those
/// who wait by poll or select for something to read sleep on.
fn wake_readers(fd: c_int) {
    sys::wake_waiters(fd);
    epoll_registrations::notify_again(fd);
}

/// Before the process ends: everything that it or its threads in the background have not
/// sent yet, for at most `SMC_DRAIN_TIMEOUT`.
pub fn before_exit() {
    fd_table::maybe_connected()
        .filter(|&fd| !fd_table::get(fd).was_connected_by_call())
        .for_each(events::connected_without_call);
    drain_all(|_| true);
}

/// Before another program is executed: what will be closed.
pub fn before_exec() {
    drain_all(|fd| {
        sys::fcntl(fd, libc::F_GETFD, 0).is_ok_and(|flags| flags & libc::FD_CLOEXEC != 0)
    });
}

/// Until when the program may be delayed.
fn latest() -> Duration {
    sys::now() + process::drain_timeout()
}

/// Waits for what is drained in the background, for at most `SMC_DRAIN_TIMEOUT`.
pub fn finish() {
    background::wait_for_all(latest);
}

fn drain_all(concerns: impl Fn(c_int) -> bool) {
    let mut deadline = None;
    let mut until = || *deadline.get_or_insert_with(latest);
    let is_concerned = |&fd: &c_int| {
        concerns(fd)
            && is_smc_with_unsent(fd)
            && sharing::of(fd) != Sharing::Parent
            && saved_options::linger(fd) != Some(0)
    };
    if vfork::owns_memory() {
        // An exec can fail: connects in the background go on then.
        let is_connecting = |fd: c_int| fd_table::get(fd).is_connecting() && identity::is_smc(fd);
        fd_table::maybe_connected()
            .filter(|&fd| !is_connecting(fd))
            .for_each(saved_options::restore);
    }
    // What is withheld is sent first: no connection waits for another's peer.
    fd_table::maybe_connected()
        .filter(is_concerned)
        .for_each(uncork);
    for fd in fd_table::maybe_connected().filter(is_concerned) {
        wait_until_sent(fd, until());
    }
    background::wait_for_all(until);
}

fn is_smc_with_unsent(fd: c_int) -> bool {
    has_unsent(fd) && identity::is_smc(fd)
}
