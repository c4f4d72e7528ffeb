// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a program has written arrives, as with TCP, whatever it does next.
//!
//! The kernel loses what is still in an SMC socket's send ring when its process
//! ends, and two seconds after its last close or its shutdown, for which it lets
//! the caller wait (`net/smc/smc_close.c`, `smc_close_stream_wait`). So the ring
//! is emptied before: in the background where the program goes on, in the
//! foreground where it ends.

use super::{background, identity, kept, os, ownership, registrations, send};
use crate::{hints, journal, process};
use libc::{c_uint, IPPROTO_TCP, SHUT_RD, SHUT_RDWR, SHUT_WR, TCP_CORK};
use std::ffi::c_int;
use std::time::Duration;

/// The kernel tells of no event when a ring is empty, short of the last close.
/// It is asked again after a part of the time that this has taken so far: what
/// drains fast is seen soon, and a thousand that wait for slow readers cost little.
const PART: u32 = 8;
const FIRST_PAUSE: Duration = Duration::from_micros(200);
const LONGEST_PAUSE: Duration = Duration::from_millis(500);

/// To be called before `fd` is closed: the ring of an SMC socket is emptied, in the
/// background if that takes time.
#[cold]
pub fn before_close(fd: c_int) {
    let is_ours = ownership::is_ours();
    let hint = hints::of(fd);
    if hint.may_flow() {
        if !hint.was_seen_connecting() {
            journal::unseen_connect(fd);
        }
        let_go(fd, is_ours);
    }
    if is_ours {
        kept::forget(fd);
        hints::forget(fd);
    }
}

/// Before all descriptors from `first` to `last` are closed.
pub fn before_closing_from(first: c_uint, last: c_uint) {
    flowing_from(first, last).for_each(before_close);
}

/// The same, where they are closed in this thread's own copy of the table alone.
pub fn before_letting_go_from(first: c_uint, last: c_uint) {
    flowing_from(first, last).for_each(before_replacing);
}

fn flowing_from(first: c_uint, last: c_uint) -> impl Iterator<Item = c_int> {
    hints::flowing()
        .filter(move |&fd| c_uint::try_from(fd).is_ok_and(|fd| (first..=last).contains(&fd)))
}

/// As [`before_close`], where the call that closes `fd` may fail.
#[cold]
pub fn before_replacing(fd: c_int) {
    let_go(fd, ownership::is_ours());
}

fn let_go(fd: c_int, is_ours: bool) {
    if is_ours {
        kept::restore(fd);
    }
    if !is_to_be_drained(fd) {
        return;
    }
    match kept::linger(fd) {
        // The program wants it thrown away.
        Some(0) => return,
        // The program wants to wait.
        Some(seconds) => {
            uncork(fd);
            drain(fd, os::now() + Duration::from_secs(seconds));
        }
        None => uncork(fd),
    }
    if has_unsent(fd) && background::drain(fd).is_err() {
        drain(fd, latest());
    }
}

/// Whether `shutdown(fd, how)` is done: its writing side in the background. False:
/// the call can be made, since the ring is empty.
#[cold]
pub fn before_shutdown(fd: c_int, how: c_int) -> bool {
    if !matches!(how, SHUT_WR | SHUT_RDWR) || !identity::is_smc(fd) {
        return false;
    }
    let is_in_background = has_unsent(fd) && shuts_in_background(fd);
    if how == SHUT_RDWR {
        // The kernel wakes those who wait before it ends the reading side, so that
        // poll(2) and select(2) see nothing and sleep on: this comes first.
        let _ = os::shutdown(fd, SHUT_RD);
        if is_in_background {
            wake_readers(fd);
        }
    }
    is_in_background
}

/// Whether the writing side is shut in the background when all is sent.
fn shuts_in_background(fd: c_int) -> bool {
    uncork(fd);
    if !has_unsent(fd) {
        return false;
    }
    if background::drain_and_shut(fd).is_err() {
        drain(fd, latest());
        return false;
    }
    hints::ends_writing(fd);
    true
}

/// The reading side alone was shut, of which the kernel tells nobody who waits.
#[cold]
pub fn after_end_of_reading(fd: c_int) {
    if identity::is_smc(fd) {
        wake_readers(fd);
    }
}

/// Wakes who waits in a call, if the ring has room, and who waits by epoll. Who waits
/// by poll or select for something to read sleeps on.
fn wake_readers(fd: c_int) {
    send::wake_waiters(fd);
    registrations::look_anew(fd);
}

/// Before the process ends: everything that it or its threads in the background
/// have not sent yet, for at most `SMC_DRAIN_TIMEOUT`.
pub fn before_end() {
    let is_unseen = |&fd: &c_int| !hints::of(fd).was_seen_connecting();
    hints::flowing()
        .filter(is_unseen)
        .for_each(journal::unseen_connect);
    drain_all(|_| true);
}

/// Before another program takes the process: what will be closed.
pub fn before_exec() {
    drain_all(|fd| {
        os::fcntl(fd, libc::F_GETFD, 0).is_ok_and(|flags| flags & libc::FD_CLOEXEC != 0)
    });
}

/// Until when the program may be kept waiting.
fn latest() -> Duration {
    os::now() + process::drain_timeout()
}

/// Waits for what is under way in the background, for at most `SMC_DRAIN_TIMEOUT`.
pub fn finish() {
    background::wait_for_all(latest);
}

fn drain_all(concerns: impl Fn(c_int) -> bool) {
    let mut deadline = None;
    let mut until = || *deadline.get_or_insert_with(latest);
    let concerned =
        |&fd: &c_int| concerns(fd) && is_to_be_drained(fd) && kept::linger(fd) != Some(0);
    if ownership::is_ours() {
        // An exec can fail: what is under way goes on then.
        let has_ended = |&fd: &c_int| !(hints::of(fd).is_connecting() && identity::is_smc(fd));
        hints::flowing().filter(has_ended).for_each(kept::restore);
    }
    // All that is held back goes first: no connection waits for another's peer.
    hints::flowing().filter(concerned).for_each(uncork);
    for fd in hints::flowing().filter(concerned) {
        drain(fd, until());
    }
    background::wait_for_all(until);
}

fn is_to_be_drained(fd: c_int) -> bool {
    is_smc_with_unsent(fd) && is_ours_to_drain(fd)
}

fn is_smc_with_unsent(fd: c_int) -> bool {
    has_unsent(fd) && identity::is_smc(fd)
}

/// Whether something is in the ring, or on its way if this is no SMC socket.
fn has_unsent(fd: c_int) -> bool {
    os::unsent(fd).is_ok_and(|bytes| bytes > 0)
}

/// What is held back (`TCP_CORK`, `MSG_MORE`) goes now.
fn uncork(fd: c_int) {
    let _ = os::set_int_option(fd, IPPROTO_TCP, TCP_CORK, 0);
}

/// In a child: whether the parent has let go of the socket. As long as it has
/// not, nothing is lost when the child lets go of it.
fn is_ours_to_drain(fd: c_int) -> bool {
    process::is_first() || os::shares_file(os::parent_id(), fd) != Some(true)
}

/// In the background: how long until it is worth looking again; `None` when the ring
/// is empty, or the connection lost.
pub fn look(fd: c_int, so_far: Duration) -> Option<Duration> {
    let goes_on = has_unsent(fd) && !os::wait_for(fd, 0, Duration::ZERO).is_ok_and(is_lost);
    goes_on.then(|| pause_after(so_far))
}

fn pause_after(so_far: Duration) -> Duration {
    (so_far / PART).clamp(FIRST_PAUSE, LONGEST_PAUSE)
}

fn is_lost(seen: i16) -> bool {
    seen & (libc::POLLERR | libc::POLLHUP | libc::POLLNVAL) != 0
}

/// Waits until the ring is empty, the connection is lost, or it is `deadline`.
fn drain(fd: c_int, deadline: Duration) {
    let begun = os::now();
    while has_unsent(fd) {
        let now = os::now();
        let rest = deadline.saturating_sub(now);
        if rest.is_zero() {
            return;
        }
        let pause = pause_after(now.saturating_sub(begun)).min(rest);
        match os::wait_for(fd, 0, pause) {
            Ok(seen) if is_lost(seen) => return,
            Ok(_) => {}
            // poll(2) obeys RLIMIT_NOFILE, even with one descriptor.
            Err(_) => os::sleep(pause),
        }
    }
}
