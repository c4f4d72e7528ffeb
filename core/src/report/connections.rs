// SPDX-License-Identifier: MIT OR Apache-2.0
//! When a connection is written to the table. It is known
//!
//! - after a `connect` that waits, and after an `accept`: at once;
//! - after a `connect` that does not wait: at the first later moment that shows it
//!   (the program asks for `SO_ERROR` or connects again, shuts down, closes, ends),
//!   or when smcctl sees it in the kernel's list.
//!
//! Before the socket may be gone smcctl must have seen it: [`super::leave`].

use super::memory::table;
use super::socket::{self, Address};
use super::table::{Entry, Facts, Kind, Phase, Role, Slot, Table, Ticket};
use super::{process_id, tickets};
use crate::sys;
use libc::{EALREADY, EINPROGRESS, EINTR, EISCONN};
use std::ffi::{c_int, c_uint};

/// What `fd` is before a connect; `None`: it is not reported.
pub fn before_connect(fd: c_int) -> Option<Kind> {
    table()?;
    socket::kind(fd)
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
        }
        tickets::remember(fd, None);
        return;
    }
    if is_slotless(fd) && matches!(error, 0 | EISCONN | EALREADY) {
        count_slotless(table, fd);
        return;
    }
    if let Some(ticket) = begun {
        if error == 0 || error == EISCONN {
            made(table, ticket, fd);
        } else if let (Some(slot), Some(inode)) = (table.slot(ticket), sys::inode(fd)) {
            // The shim may have put another socket in its place.
            slot.put(&Entry {
                inode,
                ..slot.entry()
            });
        }
        return;
    }
    // A further connect says nothing of the first that is not known: not when that has been
    // counted already, either.
    let is_counted = tickets::of(fd).is_some_and(Ticket::has_slot);
    let is_old = is_counted && error == 0 || matches!(error, EISCONN | EALREADY);
    let Some(peer) = peer.filter(|_| !is_old) else {
        return;
    };
    let phase = if error == 0 {
        Phase::Made
    } else {
        Phase::Connecting
    };
    write(table, fd, Role::Connecting, Some(before), peer, phase);
}

/// `fd` is a new socket.
pub fn created(fd: c_int) {
    let Some(table) = table() else { return };
    replaced(table, fd);
    let is_smc = socket::kind(fd) == Some(Kind::Smc);
    tickets::remember(fd, is_smc.then_some(Ticket::NOT_CONNECTED));
}

/// `fd` was accepted.
pub fn accepted(fd: c_int) {
    let Some(table) = table() else { return };
    if let Some(local) = socket::local_address(fd) {
        write(table, fd, Role::Accepting, None, local, Phase::Made);
    }
}

/// Writes a connection that is there, or being made, to the table.
fn write(
    table: &Table,
    fd: c_int,
    role: Role,
    before: Option<Kind>,
    (address, port): Address,
    phase: Phase,
) {
    let Some((is, inode)) = socket::kind(fd).zip(sys::inode(fd)) else {
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
    if phase == Phase::Connecting && !tickets::has_place(fd) && !facts.is_known_to_smc() {
        // Nobody would ever say what came of it.
        return;
    }
    let entry = Entry {
        facts,
        process: process_id(),
        inode,
        address,
    };
    replaced(table, fd);
    let ticket = table.write(&entry, phase);
    if ticket.is_none() && phase == Phase::Made {
        table.add_overflow(role, is);
    }
    notify(table);
    let remembered = match (ticket, phase) {
        (None, Phase::Connecting) => Some(Ticket::without_slot(entry.process)),
        (ticket, Phase::Connecting) => ticket,
        (ticket, _) => ticket.filter(|_| facts.is_known_to_smc()),
    };
    tickets::remember(fd, remembered);
}

/// Whether this process is making a connection of `fd` that there is no slot for.
pub fn is_slotless(fd: c_int) -> bool {
    let process = tickets::of(fd).and_then(Ticket::slotless_of);
    process.is_some_and(|process| process == process_id())
}

/// Counts it when it is there.
pub fn count_slotless(table: &Table, fd: c_int) {
    if let Some(kind) = socket::kind(fd).filter(|_| is_connected(fd)) {
        table.add_overflow(Role::Connecting, kind);
        tickets::remember(fd, None);
    }
}

fn made_as(fd: c_int, is: Kind) -> Kind {
    match is {
        Kind::Smc => Kind::Smc,
        Kind::Tcp => socket::created_as(fd),
    }
}

/// The ticket of `fd` if it is in `phase` and still of this socket.
pub fn live(table: &Table, fd: c_int, phase: Phase) -> Option<Ticket> {
    let ticket = tickets::of(fd)?;
    let is_in_phase = table.phase(ticket) == phase;
    let inode = table.slot(ticket)?.entry().inode;
    (is_in_phase && sys::inode(fd) == Some(inode)).then_some(ticket)
}

/// A connection that was being made is there.
pub fn made(table: &Table, ticket: Ticket, fd: c_int) {
    let (Some(slot), Some(is)) = (table.slot(ticket), socket::kind(fd)) else {
        return;
    };
    let mut entry = slot.entry();
    entry.facts.is = is;
    entry.facts.made = made_as(fd, is);
    slot.put(&entry);
    if table.step(ticket, Phase::Connecting, Phase::Made) {
        notify(table);
    }
}

/// A connection that was being made will not be.
pub fn give_up(table: &Table, ticket: Ticket) {
    let _ = table.free(ticket, Phase::Connecting);
}

/// The kernel has answered `error` to a `getsockopt` of `SO_ERROR`.
#[cold]
pub fn after_so_error(fd: c_int, error: c_int) {
    let Some(table) = table() else { return };
    if is_slotless(fd) {
        if error == 0 {
            count_slotless(table, fd);
        } else {
            tickets::remember(fd, None);
        }
        return;
    }
    let Some(ticket) = live(table, fd, Phase::Connecting) else {
        return;
    };
    if error != 0 {
        give_up(table, ticket);
        tickets::remember(fd, None);
    } else if is_connected(fd) {
        made(table, ticket, fd);
    }
}

/// Whether `fd` is, or has been, connected.
pub fn is_connected(fd: c_int) -> bool {
    socket::has_peer(fd) || socket::kind(fd) == Some(Kind::Tcp) && socket::has_been_connected(fd)
}

/// `to` is the same open file as `fd`.
#[cold]
pub fn duplicated(fd: c_int, to: c_int) {
    let Some(table) = table() else { return };
    if is_anothers(table, to) {
        return;
    }
    let Some(ticket) = tickets::of(fd) else {
        tickets::remember(to, None);
        return;
    };
    if ticket == Ticket::NOT_CONNECTED {
        // A connect of the one would not be seen of the other.
        tickets::remember(fd, None);
        tickets::remember(to, None);
        return;
    }
    if let Some(slot) = table
        .slot(ticket)
        .filter(|_| table.phase(ticket) == Phase::Connecting)
    {
        slot.put_copies();
    }
    // What has no slot would be counted by each of its numbers.
    let has_slot = ticket.slotless_of().is_none();
    tickets::remember(to, Some(ticket).filter(|_| has_slot));
}

/// What is looked for after exec has one of these numbers.
const FIRST_NUMBERS: c_int = 1024;

/// The process has executed this program, which may have inherited connections that were
/// being made.
pub fn after_exec(table: &Table) {
    let process = process_id();
    if table.begun_by(process).next().is_none() {
        return;
    }
    for fd in (0..FIRST_NUMBERS).filter(|&fd| socket::kind(fd).is_some()) {
        let inode = sys::inode(fd);
        let begun = table
            .begun_by(process)
            .find(|(_, entry)| Some(entry.inode) == inode);
        if let Some((ticket, _)) = begun {
            tickets::remember(fd, Some(ticket));
        }
    }
}

/// The process is about to fork: of each descriptor there will be one more.
pub fn before_fork() {
    let Some(table) = table() else { return };
    for fd in tickets::between(0, c_uint::MAX) {
        let Some(ticket) = tickets::of(fd) else {
            continue;
        };
        if ticket == Ticket::NOT_CONNECTED {
            tickets::remember(fd, None);
        } else if table.phase(ticket) == Phase::Connecting {
            if let Some(slot) = table.slot(ticket) {
                slot.put_copies();
            }
        }
    }
}

/// `fd` is another socket by now, and this process has not seen the end of what it
/// was before: closed by a system call of its own, or replaced by the shim.
fn replaced(table: &Table, fd: c_int) {
    let Some(ticket) = tickets::of(fd) else {
        return;
    };
    let is_begun = table.phase(ticket) == Phase::Connecting;
    if let Some(entry) = table.slot(ticket).map(Slot::entry).filter(|_| is_begun) {
        if entry.process != process_id() || entry.facts.has_copies {
            return;
        }
        if entry.facts.is_known_to_smc() {
            let _ = table.step(ticket, Phase::Connecting, Phase::GivenUp);
        } else {
            give_up(table, ticket);
        }
    }
}

/// Whether another process is making the connection that is remembered of `fd`: in
/// a child of vfork, whose memory is that of its parent.
pub fn is_anothers(table: &Table, fd: c_int) -> bool {
    let Some(ticket) = tickets::of(fd) else {
        return false;
    };
    let maker = ticket.slotless_of().or_else(|| {
        let is_begun = table.phase(ticket) == Phase::Connecting;
        let slot = table.slot(ticket).filter(|_| is_begun);
        slot.map(|slot| slot.entry().process)
    });
    maker.is_some_and(|maker| maker != process_id())
}

/// Wakes the reader, if it sleeps.
pub fn notify(table: &Table) {
    if table.notify() {
        sys::futex_wake_shared(table.changes());
    }
}
