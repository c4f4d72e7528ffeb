// SPDX-License-Identifier: MIT OR Apache-2.0
//! Before a connection may be gone: is it there after all, and has smcctl seen it?

use super::connections::{
    after_so_error, count_slotless, give_up, is_anothers, is_connected, is_slotless, live, made,
    notify,
};
use super::memory::table;
use super::table::{self, Kind, Phase, Table, Ticket};
use super::{process_id, socket, tickets};
use crate::sys;
use std::ffi::{c_int, c_uint};
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::Duration;

/// A program that closes a connection, or ends, waits at most so long until smcctl
/// has seen it.
pub const LIMIT: Duration = Duration::from_secs(2);

/// What smcctl had done when this process waited in vain: it does not wait again
/// before that has changed. 0: it never did.
static IN_VAIN: AtomicU32 = AtomicU32::new(0);

/// `fd` is about to be shut down.
#[cold]
pub fn before_shutdown(fd: c_int) {
    report_before(fd, &mut None);
}

fn report_before(fd: c_int, until: &mut Option<u64>) {
    let Some(table) = table() else { return };
    after_so_error(fd, 0);
    wait(table, fd, until);
}

/// `fd` is about to be closed.
#[cold]
pub fn before_close(fd: c_int) {
    release(fd, &mut None);
}

/// The numbers from `first` to `last` are about to be closed.
#[cold]
pub fn before_close_range(first: c_uint, last: c_uint) {
    let mut until = None;
    tickets::between(first, last).for_each(|fd| release(fd, &mut until));
}

/// The process is about to execute another program, which may keep descriptors.
pub fn before_exec() {
    let mut until = None;
    tickets::between(0, c_uint::MAX).for_each(|fd| report_before(fd, &mut until));
}

/// The process is about to end.
pub fn before_exit() {
    before_close_range(0, c_uint::MAX);
}

fn release(fd: c_int, until: &mut Option<u64>) {
    let Some(table) = table() else { return };
    if tickets::of(fd) == Some(Ticket::NOT_CONNECTED) {
        if is_connected(fd) {
            table.add_without_connect();
        }
    } else if let Some(ticket) = live(table, fd, Phase::Connecting) {
        if is_connected(fd) {
            made(table, ticket, fd);
        } else if !given_up(table, ticket, fd) {
            // A child's copy, or one of several numbers.
            return;
        }
    } else if is_slotless(fd) {
        count_slotless(table, fd);
    }
    wait(table, fd, until);
    if !is_anothers(table, fd) {
        tickets::remember(fd, None);
    }
}

/// The program lets go of a connection that is not there as far as can be seen
/// from here. False: it may be made all the same.
fn given_up(table: &Table, ticket: Ticket, fd: c_int) -> bool {
    let Some(entry) = table.slot(ticket).map(table::Slot::entry) else {
        return true;
    };
    if entry.process != process_id() || entry.facts.has_copies {
        return false;
    }
    if socket::kind(fd) == Some(Kind::Smc) {
        // The kernel's list tells.
        if table.step(ticket, Phase::Connecting, Phase::GivenUp) {
            notify(table);
        }
    } else {
        give_up(table, ticket);
    }
    true
}

/// Waits until smcctl has seen the connection that `fd` is. `until` is set when
/// there is something to wait for.
fn wait(table: &Table, fd: c_int, until: &mut Option<u64>) {
    let Some(ticket) = tickets::of(fd) else {
        return;
    };
    let Some((slot, _)) = table.waits_on(ticket) else {
        return;
    };
    let done = table.done().wrapping_add(1).max(1);
    if IN_VAIN.load(Relaxed) == done {
        return;
    }
    let limit = u64::try_from(LIMIT.as_millis()).unwrap_or(0);
    let until = *until.get_or_insert_with(|| sys::milliseconds() + limit);
    slot.waiting(true);
    while let Some((slot, value)) = table.waits_on(ticket) {
        let now = sys::milliseconds();
        if now >= until {
            IN_VAIN.store(done, Relaxed);
            break;
        }
        if !table.is_read() {
            break;
        }
        // The reader's end wakes nobody: look again.
        let limit = Duration::from_millis((until - now).min(100));
        sys::futex_wait_shared(slot.futex(), value, limit);
    }
    slot.waiting(false);
}
