// SPDX-License-Identifier: MIT OR Apache-2.0
//! What is written down when. A connection is known
//!
//! - after a `connect` that waits, and after an `accept`: at once;
//! - after a `connect` that does not wait: at the first later moment that shows it
//!   (the program asks for `SO_ERROR` or connects again, shuts down, closes, ends),
//!   or when smcctl sees it in the kernel's list.
//!
//! Before the socket may be gone smcctl must have seen it.

use crate::kernel::{self, Address};
use crate::memory::table;
use crate::numbers;
use libc::{EALREADY, EINPROGRESS, EINTR, EISCONN};
use std::ffi::{c_int, c_uint};
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::Duration;
use table::{Entry, Facts, Kind, Phase, Role, Table, Ticket};

/// A program that closes a connection, or ends, waits at most so long until smcctl
/// has seen it.
pub const PATIENCE: Duration = Duration::from_secs(2);

/// What smcctl had done when this process waited in vain: it does not wait again
/// before that has changed. 0: it never did.
static IN_VAIN: AtomicU32 = AtomicU32::new(0);

/// What `fd` is before a connect; `None`: nothing to be written down.
pub fn before_connect(fd: c_int) -> Option<Kind> {
    table()?;
    kernel::kind(fd)
}

/// How a connect has ended: 0, or its errno.
pub fn after_connect(fd: c_int, before: Kind, error: c_int, peer: Option<Address>) {
    let Some(table) = table() else { return };
    let begun = live(table, fd, Phase::Connecting);
    // An address of no family takes a connection back.
    let goes_on = match error {
        0 => peer.is_some(),
        EISCONN | EINPROGRESS | EALREADY | EINTR => true,
        _ => false,
    };
    if !goes_on {
        if let Some(ticket) = begun {
            give_up(table, ticket);
        } else if is_slotless(fd) {
            numbers::remember(fd, None);
        }
        return;
    }
    if is_slotless(fd) && matches!(error, 0 | EISCONN | EALREADY) {
        count_slotless(table, fd);
        return;
    }
    if let Some(ticket) = begun {
        if error == 0 || error == EISCONN {
            made(table, ticket, fd);
        } else if let (Some(slot), Some(inode)) = (table.slot(ticket), kernel::inode(fd)) {
            // The shim may have put another socket in its place.
            slot.put(&Entry {
                inode,
                ..slot.entry()
            });
        }
        return;
    }
    // A second connect tells nothing of the first that is not known.
    let Some(peer) = peer.filter(|_| !matches!(error, EISCONN | EALREADY)) else {
        return;
    };
    let phase = if error == 0 {
        Phase::Made
    } else {
        Phase::Connecting
    };
    write(table, fd, Role::Connecting, Some(before), peer, phase);
}

/// `fd` was accepted.
pub fn accepted(fd: c_int) {
    let Some(table) = table() else { return };
    if let Some(local) = kernel::local_address(fd) {
        write(table, fd, Role::Accepting, None, local, Phase::Made);
    }
}

/// Writes down a connection that is there, or being made.
fn write(
    table: &Table,
    fd: c_int,
    role: Role,
    before: Option<Kind>,
    (address, port): Address,
    phase: Phase,
) {
    let Some((is, inode)) = kernel::kind(fd).zip(kernel::inode(fd)) else {
        return;
    };
    let made = made_as(fd, is);
    let facts = Facts {
        role,
        port,
        before: before.unwrap_or(made),
        made,
        is,
        has_copies: false,
    };
    if phase == Phase::Connecting && !numbers::has_place(fd) && !facts.is_known_to_smc() {
        // Nobody would ever say what came of it.
        return;
    }
    let entry = Entry {
        facts,
        process: kernel::process_id(),
        inode,
        address,
    };
    let ticket = table.write(&entry, phase);
    if ticket.is_none() && phase == Phase::Made {
        table.add_overflow(role, is);
    }
    ring(table);
    let kept = match (ticket, phase) {
        (None, Phase::Connecting) => Some(Ticket::without_slot(entry.process)),
        (ticket, Phase::Connecting) => ticket,
        (ticket, _) => ticket.filter(|_| facts.is_known_to_smc()),
    };
    numbers::remember(fd, kept);
}

/// Whether this process is making a connection of `fd` that there is no slot for.
fn is_slotless(fd: c_int) -> bool {
    let process = numbers::of(fd).and_then(Ticket::slotless_of);
    process.is_some_and(|process| process == kernel::process_id())
}

/// Counts it when it is there.
fn count_slotless(table: &Table, fd: c_int) {
    if let Some(kind) = kernel::kind(fd).filter(|_| is_connected(fd)) {
        table.add_overflow(Role::Connecting, kind);
        numbers::remember(fd, None);
    }
}

fn made_as(fd: c_int, is: Kind) -> Kind {
    match is {
        Kind::Smc => Kind::Smc,
        Kind::Tcp => kernel::made_as(fd),
    }
}

/// The ticket of `fd` if it is in `phase` and still of this socket.
fn live(table: &Table, fd: c_int, phase: Phase) -> Option<Ticket> {
    let ticket = numbers::of(fd)?;
    let is_in_phase = table.phase(ticket) == phase;
    let inode = table.slot(ticket)?.entry().inode;
    (is_in_phase && kernel::inode(fd) == Some(inode)).then_some(ticket)
}

/// A connection that was being made is there.
fn made(table: &Table, ticket: Ticket, fd: c_int) {
    let (Some(slot), Some(is)) = (table.slot(ticket), kernel::kind(fd)) else {
        return;
    };
    let mut entry = slot.entry();
    entry.facts.is = is;
    entry.facts.made = made_as(fd, is);
    slot.put(&entry);
    if table.step(ticket, Phase::Connecting, Phase::Made) {
        ring(table);
    }
}

/// A connection that was being made will not be.
fn give_up(table: &Table, ticket: Ticket) {
    let _ = table.free(ticket, Phase::Connecting);
}

/// The program was told `SO_ERROR` of `fd`.
#[cold]
pub fn told(fd: c_int, error: c_int) {
    let Some(table) = table() else { return };
    if is_slotless(fd) {
        if error == 0 {
            count_slotless(table, fd);
        } else {
            numbers::remember(fd, None);
        }
        return;
    }
    let Some(ticket) = live(table, fd, Phase::Connecting) else {
        return;
    };
    if error != 0 {
        give_up(table, ticket);
    } else if is_connected(fd) {
        made(table, ticket, fd);
    }
}

fn is_connected(fd: c_int) -> bool {
    kernel::peer_address(fd).is_some()
        || kernel::kind(fd) == Some(Kind::Tcp) && kernel::has_been_connected(fd)
}

/// `to` is the same open file as `fd`.
#[cold]
pub fn duplicated(fd: c_int, to: c_int) {
    let Some((table, ticket)) = table().zip(numbers::of(fd)) else {
        numbers::remember(to, None);
        return;
    };
    if let Some(slot) = table
        .slot(ticket)
        .filter(|_| table.phase(ticket) == Phase::Connecting)
    {
        slot.put_copies();
    }
    // What has no slot would be counted by each of its numbers.
    let has_slot = ticket.slotless_of().is_none();
    numbers::remember(to, Some(ticket).filter(|_| has_slot));
}

/// `fd` is about to be shut down.
#[cold]
pub fn before_shutdown(fd: c_int) {
    keep(fd, &mut None);
}

fn keep(fd: c_int, until: &mut Option<u64>) {
    let Some(table) = table() else { return };
    told(fd, 0);
    wait(table, fd, until);
}

/// `fd` is about to be closed.
#[cold]
pub fn before_close(fd: c_int) {
    let_go(fd, &mut None);
}

/// The numbers from `first` to `last` are about to be closed.
#[cold]
pub fn before_closing(first: c_uint, last: c_uint) {
    let mut until = None;
    numbers::between(first, last).for_each(|fd| let_go(fd, &mut until));
}

/// The process is about to execute another program, which may keep descriptors.
pub fn before_exec() {
    let mut until = None;
    numbers::between(0, c_uint::MAX).for_each(|fd| keep(fd, &mut until));
}

/// The process is about to end.
pub fn before_end() {
    before_closing(0, c_uint::MAX);
}

fn let_go(fd: c_int, until: &mut Option<u64>) {
    let Some(table) = table() else { return };
    if let Some(ticket) = live(table, fd, Phase::Connecting) {
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
    numbers::remember(fd, None);
}

/// The program lets go of a connection that is not there as far as can be seen
/// from here. False: it may be made all the same.
fn given_up(table: &Table, ticket: Ticket, fd: c_int) -> bool {
    let Some(entry) = table.slot(ticket).map(table::Slot::entry) else {
        return true;
    };
    if entry.process != kernel::process_id() || entry.facts.has_copies {
        return false;
    }
    if kernel::kind(fd) == Some(Kind::Smc) {
        // The kernel's list tells.
        if table.step(ticket, Phase::Connecting, Phase::GivenUp) {
            ring(table);
        }
    } else {
        give_up(table, ticket);
    }
    true
}

fn ring(table: &Table) {
    if table.ring() {
        kernel::wake(table.bell());
    }
}

/// Waits until smcctl has seen the connection that `fd` is. `until` is set when
/// there is something to wait for.
fn wait(table: &Table, fd: c_int, until: &mut Option<u64>) {
    let Some(ticket) = numbers::of(fd) else {
        return;
    };
    let Some((slot, _)) = table.waits_on(ticket) else {
        return;
    };
    let done = table.done().wrapping_add(1).max(1);
    if IN_VAIN.load(Relaxed) == done {
        return;
    }
    let patience = u64::try_from(PATIENCE.as_millis()).unwrap_or(0);
    let until = *until.get_or_insert_with(|| kernel::milliseconds() + patience);
    slot.waiting(true);
    while let Some((slot, value)) = table.waits_on(ticket) {
        let now = kernel::milliseconds();
        if now >= until {
            IN_VAIN.store(done, Relaxed);
            break;
        }
        if !table.is_read() {
            break;
        }
        // The reader's end wakes nobody: look again.
        let limit = Duration::from_millis((until - now).min(100));
        kernel::sleep(slot.futex(), value, limit);
    }
    slot.waiting(false);
}
