// SPDX-License-Identifier: MIT OR Apache-2.0
//! Which descriptor numbers are connections that something is to be found out
//! about: a ticket for each. A ticket that is out of date costs a question, as does
//! a number that is another file's by now ([`crate::notes`] compares inodes).

use std::ffi::{c_int, c_uint};
use std::sync::atomic::{AtomicI32, AtomicU64, Ordering::Relaxed};
use table::Ticket;

/// Of numbers from here on nothing is remembered. Zero pages until used.
const NUMBERS: usize = 65_536;
static TICKETS: [AtomicU64; NUMBERS] = [const { AtomicU64::new(0) }; NUMBERS];
static HIGHEST: AtomicI32 = AtomicI32::new(-1);

fn word(fd: c_int) -> Option<&'static AtomicU64> {
    usize::try_from(fd).ok().and_then(|fd| TICKETS.get(fd))
}

/// Whether something can be remembered of `fd`.
pub fn has_place(fd: c_int) -> bool {
    word(fd).is_some()
}

/// The ticket of `fd`, if it has one.
#[inline]
pub fn of(fd: c_int) -> Option<Ticket> {
    match word(fd)?.load(Relaxed) {
        0 => None,
        number => Ticket::from_number(number),
    }
}

/// Remembers the ticket of `fd`, or that it has none.
pub fn remember(fd: c_int, ticket: Option<Ticket>) {
    let Some(word) = word(fd) else { return };
    word.store(ticket.map_or(0, Ticket::number), Relaxed);
    if ticket.is_some() && fd > HIGHEST.load(Relaxed) {
        HIGHEST.fetch_max(fd, Relaxed);
    }
}

/// The numbers from `first` to `last` that have one.
pub fn between(first: c_uint, last: c_uint) -> impl Iterator<Item = c_int> {
    let first = c_int::try_from(first).unwrap_or(c_int::MAX);
    let last = c_int::try_from(last).unwrap_or(c_int::MAX);
    (first..=last.min(HIGHEST.load(Relaxed))).filter(|&fd| of(fd).is_some())
}
