// SPDX-License-Identifier: MIT OR Apache-2.0
//! Another program is executed, which may not have the library: smcctl has to say so.

use super::leave;
use super::memory::table;
use super::process_id;
use crate::sys;
use std::ffi::c_char;

/// The process is about to execute the program at `path`; null: its name is not known.
pub fn before(path: *const c_char) {
    leave::before_exec();
    if let Some(table) = table() {
        let path = sys::path_of_program(path).unwrap_or_default();
        let name = path.rsplit(|byte| *byte == b'/').next();
        table.executes(process_id(), name.unwrap_or_default());
    }
}

/// It could not.
pub fn failed() {
    if let Some(table) = table() {
        table.has_library(process_id());
    }
}
