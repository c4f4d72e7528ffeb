// SPDX-License-Identifier: MIT OR Apache-2.0
//! Which connections a program makes and accepts, for `smcctl run --report`. It is off
//! unless the environment names the memory that smcctl reads ([`table::VARIABLE`]).
//!
//! The hooks say what they see before and after the program's calls, and that is written
//! to shared memory ([`table`]). Whether a connection is SMC-R or SMC-D, and why it fell
//! back, smcctl asks the kernel, as long as the socket is there: so a program that closes a
//! connection before smcctl is done with it waits, for milliseconds and at most
//! [`leave::LIMIT`].

pub mod connections;
pub mod exec;
pub mod leave;
mod memory;
mod socket;
pub mod table;
mod tickets;

pub use socket::address_of;
pub use table::Kind;
pub use tickets::is_watched;

use crate::panics::caught;
use crate::{fd_table, sys};
use std::ffi::CStr;

/// Whether this process reports.
#[inline]
pub fn is_on() -> bool {
    memory::is_mapped()
}

/// Switches the report on: the memory is the file at `path`. To be called once, while the
/// program is being loaded.
pub fn switch_on(path: &CStr) {
    let Some(table) = memory::map(path) else {
        return;
    };
    fd_table::report();
    table.program_started();
    table.has_library(process_id());
    connections::after_exec(table);
    sys::before_each_fork(before_fork);
}

extern "C" fn before_fork() {
    caught(connections::before_fork);
}

/// This process as the table names it. Asked each time: a child has its own.
fn process_id() -> u32 {
    sys::process_id().unsigned_abs()
}
