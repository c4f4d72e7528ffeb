// SPDX-License-Identifier: MIT OR Apache-2.0
//! What is written down when. A connection is known
//!
//! - after a `connect` that waits, and after an `accept`: at once;
//! - after a `connect` that does not wait: at the first later moment that shows it
//!   (the program asks for `SO_ERROR` or connects again, shuts down, closes, ends),
//!   or when smcctl sees it in the kernel's list.
//!
//! Before the socket may be gone smcctl must have seen it: [`crate::leaving`].

use crate::kernel::{self, Address};
use crate::memory::table;
use crate::numbers;
use libc::{EALREADY, EINPROGRESS, EINTR, EISCONN};
use std::ffi::{c_int, c_uint};
use table::{Entry, Facts, Kind, Phase, Role, Table, Ticket};

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

/// `fd` is a new socket.
pub fn created(fd: c_int) {
    let Some(table) = table() else { return };
    replaced(table, fd);
    let is_smc = kernel::kind(fd) == Some(Kind::Smc);
    numbers::remember(fd, is_smc.then_some(Ticket::NOT_CONNECTED));
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
    replaced(table, fd);
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
pub fn is_slotless(fd: c_int) -> bool {
    let process = numbers::of(fd).and_then(Ticket::slotless_of);
    process.is_some_and(|process| process == kernel::process_id())
}

/// Counts it when it is there.
pub fn count_slotless(table: &Table, fd: c_int) {
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
pub fn live(table: &Table, fd: c_int, phase: Phase) -> Option<Ticket> {
    let ticket = numbers::of(fd)?;
    let is_in_phase = table.phase(ticket) == phase;
    let inode = table.slot(ticket)?.entry().inode;
    (is_in_phase && kernel::inode(fd) == Some(inode)).then_some(ticket)
}

/// A connection that was being made is there.
pub fn made(table: &Table, ticket: Ticket, fd: c_int) {
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
pub fn give_up(table: &Table, ticket: Ticket) {
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

pub fn is_connected(fd: c_int) -> bool {
    kernel::peer_address(fd).is_some()
        || kernel::kind(fd) == Some(Kind::Tcp) && kernel::has_been_connected(fd)
}

/// `to` is the same open file as `fd`.
#[cold]
pub fn duplicated(fd: c_int, to: c_int) {
    let Some(table) = table() else { return };
    if is_anothers(table, to) {
        return;
    }
    let Some(ticket) = numbers::of(fd) else {
        numbers::remember(to, None);
        return;
    };
    if ticket == Ticket::NOT_CONNECTED {
        // A connect of the one would not be seen of the other.
        numbers::remember(fd, None);
        numbers::remember(to, None);
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
    numbers::remember(to, Some(ticket).filter(|_| has_slot));
}

/// What is looked for after exec has one of these numbers.
const FIRST_NUMBERS: c_int = 1024;

/// The process has executed this program: it may have kept connections that it had
/// begun to make.
pub fn after_exec(table: &Table) {
    let process = kernel::process_id();
    if table.begun_by(process).next().is_none() {
        return;
    }
    for fd in (0..FIRST_NUMBERS).filter(|&fd| kernel::kind(fd).is_some()) {
        let inode = kernel::inode(fd);
        let kept = table
            .begun_by(process)
            .find(|(_, entry)| Some(entry.inode) == inode);
        if let Some((ticket, _)) = kept {
            numbers::remember(fd, Some(ticket));
        }
    }
}

/// The process is about to fork: of each descriptor there will be one more.
pub fn before_fork() {
    let Some(table) = table() else { return };
    for fd in numbers::between(0, c_uint::MAX) {
        let Some(ticket) = numbers::of(fd) else {
            continue;
        };
        if ticket == Ticket::NOT_CONNECTED {
            numbers::remember(fd, None);
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
    let Some(ticket) = numbers::of(fd) else {
        return;
    };
    let is_begun = table.phase(ticket) == Phase::Connecting;
    if let Some(entry) = table
        .slot(ticket)
        .map(table::Slot::entry)
        .filter(|_| is_begun)
    {
        if entry.process != kernel::process_id() || entry.facts.has_copies {
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
    let Some(ticket) = numbers::of(fd) else {
        return false;
    };
    let maker = ticket.slotless_of().or_else(|| {
        let is_begun = table.phase(ticket) == Phase::Connecting;
        let slot = table.slot(ticket).filter(|_| is_begun);
        slot.map(|slot| slot.entry().process)
    });
    maker.is_some_and(|maker| maker != kernel::process_id())
}

pub fn ring(table: &Table) {
    if table.ring() {
        kernel::wake(table.bell());
    }
}
