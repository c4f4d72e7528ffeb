// SPDX-License-Identifier: MIT OR Apache-2.0
//! Executing another program, which may not have the library: smcctl is to say so.

use crate::memory::table;
use crate::{kernel, leaving};
use std::ffi::c_char;

/// The process is about to execute the program at `path`; null: it is not known by name.
pub fn before(path: *const c_char) {
    leaving::before_exec();
    if let Some(table) = table() {
        let path = kernel::string(path).unwrap_or_default();
        let name = path.rsplit(|byte| *byte == b'/').next();
        table.executes(kernel::process_id(), name.unwrap_or_default());
    }
}

/// It could not.
pub fn failed() {
    if let Some(table) = table() {
        table.has_library(kernel::process_id());
    }
}
