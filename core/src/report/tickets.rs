// SPDX-License-Identifier: MIT OR Apache-2.0
//! Which descriptors are connections about which something is to be found out: a ticket for
//! each. A ticket that is out of date costs a question, as does a number that is another
//! file's by now ([`super::connections`] compares inodes).

use super::table::Ticket;
use crate::fd_table;
use std::ffi::{c_int, c_uint};

/// Whether something can be remembered of `fd`.
pub fn has_place(fd: c_int) -> bool {
    fd_table::is_tracked(fd)
}

/// Whether `fd` has a ticket.
#[inline]
pub fn is_watched(fd: c_int) -> bool {
    fd_table::ticket(fd) != 0
}

/// The ticket of `fd`, if it has one.
#[inline]
pub fn of(fd: c_int) -> Option<Ticket> {
    match fd_table::ticket(fd) {
        0 => None,
        number => Ticket::from_number(number),
    }
}

/// Remembers the ticket of `fd`, or that it has none.
pub fn remember(fd: c_int, ticket: Option<Ticket>) {
    fd_table::set_ticket(fd, ticket.map_or(0, Ticket::number));
}

/// The numbers from `first` to `last` that have one.
pub fn between(first: c_uint, last: c_uint) -> impl Iterator<Item = c_int> {
    fd_table::with_ticket()
        .filter(move |&fd| c_uint::try_from(fd).is_ok_and(|fd| (first..=last).contains(&fd)))
}
