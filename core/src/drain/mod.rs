// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a program has written arrives, as with TCP, whatever it does next.
//!
//! The kernel loses what is still in an SMC socket's send ring when its process ends, and
//! two seconds after its last close or its shutdown, for which it lets the caller wait
//! (`net/smc/smc_close.c`, `smc_close_stream_wait`). So the ring is drained before: in the
//! background if the program goes on, in the foreground if it ends.

mod background;
mod deadlines;
mod drain_set;
mod mailbox;
mod ring;
mod sharing;
mod tasks;
mod thread;

pub use background::is_busy;

use crate::convert::{epoll_registrations, saved_options};
use crate::fd_table::{self, State};
use crate::sys;
use crate::{events, identity, vfork};
use background::Work;
use deadlines::Deadlines;
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
    let is_shut_in_background = fd_table::get(fd).state() == State::Draining;
    let has_unsent = is_smc_with_unsent(fd);
    if !has_unsent && !is_shut_in_background {
        return;
    }
    match sharing::of(fd) {
        Sharing::Child if has_unsent => drop(background::start(fd, Work::DrainShared)),
        Sharing::Duplicate if has_unsent => drop(start_or_wait(fd, Work::Drain)),
        Sharing::Parent | Sharing::Child | Sharing::Duplicate => {}
        Sharing::Nobody => {
            let is_drained_in_background = has_unsent && release_last(fd);
            if is_drained_in_background || is_shut_in_background {
                stop_notifications(fd);
            }
        }
    }
}

/// `fd`, which has unsent data, is the last descriptor of its file. Whether it is drained in
/// the background.
fn release_last(fd: c_int) -> bool {
    match saved_options::linger(fd) {
        // The program wants it thrown away.
        Some(0) => return false,
        // The program wants to wait.
        Some(seconds) => {
            uncork(fd);
            let _ = wait_until_sent(fd, sys::now() + Duration::from_secs(seconds));
        }
        None => uncork(fd),
    }
    has_unsent(fd) && start_or_wait(fd, Work::Drain)
}

/// Starts `work` in the background, or else waits until `fd` is drained. Whether it is started.
fn start_or_wait(fd: c_int, work: Work) -> bool {
    let is_started = background::start(fd, work).is_ok();
    if !is_started {
        let _ = wait_until_sent(fd, Deadlines::default().of_counted());
    }
    is_started
}

/// The program closes `fd`, and a thread has its file: nothing that happens to it is an event
/// for the program any more, by epoll or by signal (`O_ASYNC`).
fn stop_notifications(fd: c_int) {
    epoll_registrations::end(fd);
    if let Ok(flags) = sys::fcntl(fd, libc::F_GETFL, 0) {
        if flags & libc::O_ASYNC != 0 {
            let _ = sys::fcntl(fd, libc::F_SETFL, flags & !libc::O_ASYNC);
        }
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
    let is_started = has_unsent(fd) && start_or_wait(fd, Work::DrainAndShut);
    if is_started {
        fd_table::draining(fd);
    }
    is_started
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

/// Waits for what is drained in the background, for at most `SMC_DRAIN_TIMEOUT`.
pub fn finish() {
    let _ = background::wait_for_all(&mut Deadlines::default());
}

fn drain_all(concerns: impl Fn(c_int) -> bool) {
    let mut deadlines = Deadlines::default();
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
    // A parent can close a shared socket while this waits: then it is this process's to drain.
    let mut has_waited = true;
    while has_waited {
        // What is withheld is sent first: no connection waits for another's peer.
        fd_table::maybe_connected()
            .filter(is_concerned)
            .for_each(uncork);
        has_waited = false;
        for fd in fd_table::maybe_connected().filter(is_concerned) {
            has_waited |= wait_until_sent(fd, deadlines.of_counted());
        }
        has_waited |= background::wait_for_all(&mut deadlines);
    }
}

fn is_smc_with_unsent(fd: c_int) -> bool {
    has_unsent(fd) && identity::is_smc(fd)
}
