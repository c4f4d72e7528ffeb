// SPDX-License-Identifier: MIT OR Apache-2.0
//! The memory that the processes of a program and `smcctl run --report` share.
//!
//! A connection is a [`Slot`] for as long as something is to be found out about it:
//! the library writes what it knows, the reader asks the kernel,
//! adds it to its own sums and frees the slot. So nothing here grows, however long
//! the program runs. No locks: a process may be killed at any instruction. What
//! does not fit is counted without its details ([`Table::overflow`]).
//!
//! Whatever the other side writes, reading it is safe; at worst it is wrong.

mod executed;
mod facts;
mod slot;
mod ticket;

pub use facts::{Facts, Kind, Role};
pub use slot::{Entry, Slot};
pub use ticket::{Phase, Ticket};

use executed::{Executed, PLACES};
use ticket::{NO_SLOT, PHASE_BITS};

use std::sync::atomic::{
    AtomicU32, AtomicU64,
    Ordering::{Acquire, Relaxed, Release, SeqCst},
};

/// The environment variable that has the path of the file with the table.
pub const VARIABLE: &str = "SMC_REPORT";

/// Says that this is the table, and how it is laid out.
const LAYOUT: u64 = 0x534d_4352_5054_0003;

/// Connections about which something is being found out at one time.
pub const SLOTS: usize = 4096;
const WORDS: usize = SLOTS / 64;
/// A place is looked for in so many slots.
const PROBES: u32 = 64;

/// What a futex holds beside the thread that owns it (`include/uapi/linux/futex.h`).
const FUTEX_OWNER: u32 = 0x3fff_ffff;

/// The memory itself.
#[repr(C, align(64))]
#[derive(Debug)]
pub struct Table {
    layout: AtomicU64,
    /// Changes with everything that the reader should look at; a futex.
    changes: AtomicU32,
    /// The reader sleeps on it.
    asleep: AtomicU32,
    /// Where the next place is looked for.
    cursor: AtomicU32,
    /// Changes with everything that the reader has done.
    done: AtomicU32,
    /// Programs that were started with the library.
    programs: AtomicU32,
    /// Connections that were made without `connect`.
    without_connect: AtomicU32,
    /// A program was executed when there was no place left in `executed`.
    more_executed: AtomicU32,
    /// Programs that may not have it.
    executed: [Executed; PLACES],
    /// A robust mutex that the reader holds as long as it lives (its first word
    /// names the owner, and the kernel takes it out when that ends).
    reader: [AtomicU64; 8],
    /// Connections without details: connecting and accepting, TCP and SMC.
    overflow: [AtomicU64; 4],
    /// A bit for each slot that the reader should look at.
    dirty: [AtomicU64; WORDS],
    slots: [Slot; SLOTS],
}

impl Table {
    /// Makes zeroed memory a table.
    pub fn begin(&self) {
        self.layout.store(LAYOUT, Release);
    }

    /// Whether this is a table.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        self.layout.load(Acquire) == LAYOUT
    }

    /// Where the reader's mutex is.
    #[must_use]
    pub fn mutex(&self) -> &[AtomicU64; 8] {
        &self.reader
    }

    /// Whether somebody reads.
    #[must_use]
    pub fn is_read(&self) -> bool {
        let bytes = self.first_mutex_word();
        bytes & FUTEX_OWNER != 0
    }

    fn first_mutex_word(&self) -> u32 {
        let [first, ..] = &self.reader;
        let [a, b, c, d, ..] = first.load(Relaxed).to_ne_bytes();
        u32::from_ne_bytes([a, b, c, d])
    }

    /// One more program has the library.
    pub fn program_started(&self) {
        self.programs.fetch_add(1, Relaxed);
    }

    /// How many programs were started with the library.
    #[must_use]
    pub fn programs(&self) -> u32 {
        self.programs.load(Relaxed)
    }

    /// Counts a connection that was made without `connect` (io_uring) and that nothing
    /// else is known of.
    pub fn add_without_connect(&self) {
        self.without_connect.fetch_add(1, Relaxed);
    }

    /// How many connections were made without `connect`.
    #[must_use]
    pub fn without_connect(&self) -> u32 {
        self.without_connect.load(Relaxed)
    }

    // ---- The library's side ------------------------------------------------------

    /// Writes an entry into a free slot. `None`: there is none, and the caller
    /// counts it with [`Table::add_overflow`].
    #[must_use]
    pub fn write(&self, entry: &Entry, phase: Phase) -> Option<Ticket> {
        let ticket = self.claim()?;
        let slot = self.slot(ticket)?;
        slot.put(entry);
        self.step(ticket, Phase::Claimed, phase).then_some(ticket)
    }

    fn claim(&self) -> Option<Ticket> {
        let begin = self.cursor.fetch_add(1, Relaxed);
        (0..PROBES).find_map(|probe| {
            let place = begin.wrapping_add(probe) as usize % SLOTS;
            let slot = self.slots.get(place)?;
            let state = slot.state.load(Relaxed);
            let generation = state >> PHASE_BITS;
            let claimed = Phase::Claimed.state(generation);
            let is_free = Phase::of(state) == Phase::Free
                && (slot.state)
                    .compare_exchange(state, claimed, Acquire, Relaxed)
                    .is_ok();
            is_free.then(|| Ticket {
                generation,
                slot: u32::try_from(place).unwrap_or(0),
            })
        })
    }

    /// From one phase to the next, and the reader should look; false if the slot
    /// was not in `from`, or is another connection's by now.
    pub fn step(&self, ticket: Ticket, from: Phase, to: Phase) -> bool {
        let moved = self.slot(ticket).is_some_and(|slot| {
            let (before, after) = (from.state(ticket.generation), to.state(ticket.generation));
            (slot.state)
                .compare_exchange(before, after, Release, Relaxed)
                .is_ok()
        });
        if moved {
            let place = ticket.slot as usize;
            if let Some(word) = self.dirty.get(place / 64) {
                word.fetch_or(1 << (place % 64), Release);
            }
        }
        moved
    }

    /// Something has changed; true: the reader sleeps, and [`Table::changes`] is to be woken.
    #[must_use]
    pub fn notify(&self) -> bool {
        self.changes.fetch_add(1, SeqCst);
        self.asleep.load(SeqCst) != 0
    }

    /// The futex that the reader sleeps on.
    #[must_use]
    pub fn changes(&self) -> &AtomicU32 {
        &self.changes
    }

    /// Counts a connection without its details.
    pub fn add_overflow(&self, role: Role, kind: Kind) {
        if let Some(count) = self.overflow.get(overflow_place(role, kind)) {
            count.fetch_add(1, Relaxed);
        }
    }

    /// How many connections were counted without their details.
    #[must_use]
    pub fn overflow(&self, role: Role, kind: Kind) -> u64 {
        self.overflow
            .get(overflow_place(role, kind))
            .map_or(0, |count| count.load(Relaxed))
    }

    /// What phase the connection of this ticket is in; [`Phase::Free`] when the
    /// reader is done with it.
    #[must_use]
    pub fn phase(&self, ticket: Ticket) -> Phase {
        self.state(ticket).map_or(Phase::Free, Phase::of)
    }

    fn state(&self, ticket: Ticket) -> Option<u32> {
        let state = self.slot(ticket)?.state.load(Acquire);
        (state >> PHASE_BITS == ticket.generation).then_some(state)
    }

    /// What is to be waited on until the reader is done with `ticket`: a futex and
    /// its value; `None` when it is.
    #[must_use]
    pub fn waits_on(&self, ticket: Ticket) -> Option<(&Slot, u32)> {
        let state = self.state(ticket)?;
        let waits = matches!(Phase::of(state), Phase::Made | Phase::GivenUp);
        Some((self.slot(ticket)?, state)).filter(|_| waits)
    }

    /// What the reader has done so far; changes while it is at work.
    #[must_use]
    pub fn done(&self) -> u32 {
        self.done.load(Relaxed)
    }

    /// The slot of a ticket, whosever it is by now.
    #[must_use]
    pub fn slot(&self, ticket: Ticket) -> Option<&Slot> {
        self.slots.get(ticket.slot as usize)
    }

    /// The connections that a process had begun to make, and what is known of them.
    pub fn begun_by(&self, process: u32) -> impl Iterator<Item = (Ticket, Entry)> + '_ {
        self.slots
            .iter()
            .enumerate()
            .filter_map(move |(place, slot)| {
                let state = slot.state.load(Acquire);
                let is_begun =
                    Phase::of(state) == Phase::Connecting && slot.process.load(Relaxed) == process;
                let ticket = Ticket {
                    generation: state >> PHASE_BITS,
                    slot: u32::try_from(place).ok()?,
                };
                is_begun.then(|| (ticket, slot.entry()))
            })
    }

    // ---- The reader's side -------------------------------------------------------

    /// All that are in use: a process may have been killed before it could say so.
    pub fn all(&self, mut each: impl FnMut(Ticket)) {
        for (place, slot) in self.slots.iter().enumerate() {
            let state = slot.state.load(Acquire);
            if Phase::of(state) != Phase::Free {
                each(Ticket {
                    generation: state >> PHASE_BITS,
                    slot: u32::try_from(place).unwrap_or(NO_SLOT),
                });
            }
        }
    }

    /// Takes note of the slots that something was done to.
    pub fn take_dirty(&self, mut each: impl FnMut(Ticket)) {
        for (at, word) in self.dirty.iter().enumerate() {
            if word.load(Relaxed) == 0 {
                continue;
            }
            let mut bits = word.swap(0, Acquire);
            while bits != 0 {
                let place = at * 64 + bits.trailing_zeros() as usize;
                bits &= bits - 1;
                if let Some(slot) = self.slots.get(place) {
                    each(Ticket {
                        generation: slot.state.load(Acquire) >> PHASE_BITS,
                        slot: u32::try_from(place).unwrap_or(0),
                    });
                }
            }
        }
    }

    /// What the futex says now; to be read before looking for work.
    #[must_use]
    pub fn changes_value(&self) -> u32 {
        self.changes.load(SeqCst)
    }

    /// The reader is about to sleep on it, or is awake again.
    pub fn sleeps(&self, is: bool) {
        self.asleep.store(is.into(), SeqCst);
    }

    /// The reader is done with a connection that was in `phase`. `None`: it is not
    /// in that phase any more. Else whether somebody waits on the slot's futex.
    #[must_use]
    pub fn free(&self, ticket: Ticket, phase: Phase) -> Option<bool> {
        let slot = self.slot(ticket)?;
        let next = ticket.generation.wrapping_add(1) & (u32::MAX >> PHASE_BITS);
        let (before, after) = (phase.state(ticket.generation), Phase::Free.state(next));
        let freed = slot.state.compare_exchange(before, after, SeqCst, Relaxed);
        self.done.fetch_add(1, Relaxed);
        freed.ok().map(|_| slot.waiters.load(SeqCst) != 0)
    }
}

fn overflow_place(role: Role, kind: Kind) -> usize {
    usize::from(role == Role::Accepting) << 1 | usize::from(kind == Kind::Smc)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests;
