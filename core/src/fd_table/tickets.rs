// SPDX-License-Identifier: MIT OR Apache-2.0
//! The report's tickets of descriptors ([`crate::report`]).

use super::descriptor::REPORTED;
use super::entry;
use std::ffi::c_int;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering::Relaxed};

/// Connections are reported, so every accept has to be looked at: no listener is known to be
/// TCP.
static REPORTS: AtomicBool = AtomicBool::new(false);

/// Whether connections are reported.
pub(super) fn are_given() -> bool {
    REPORTS.load(Relaxed)
}

/// Connections are reported from now on.
pub fn report() {
    REPORTS.store(true, Relaxed);
}

/// The report's ticket of `fd`; 0: none.
#[inline]
pub fn ticket(fd: c_int) -> u64 {
    entry(fd).map_or(0, |entry| entry.ticket.load(Relaxed))
}

/// The highest number that has had a ticket; -1: none has.
static HIGHEST_WITH_TICKET: AtomicI32 = AtomicI32::new(-1);

/// Gives `fd` a ticket, or takes it away (0). A descriptor with a ticket is known.
pub fn set_ticket(fd: c_int, ticket: u64) {
    let Some(entry) = entry(fd) else { return };
    entry.ticket.store(ticket, Relaxed);
    if ticket == 0 {
        entry.state.fetch_and(!REPORTED, Relaxed);
    } else {
        entry.state.fetch_or(REPORTED, Relaxed);
        HIGHEST_WITH_TICKET.fetch_max(fd, Relaxed);
    }
}

/// The descriptors that have a ticket.
pub fn with_ticket() -> impl Iterator<Item = c_int> {
    (0..=HIGHEST_WITH_TICKET.load(Relaxed)).filter(|&fd| ticket(fd) != 0)
}
