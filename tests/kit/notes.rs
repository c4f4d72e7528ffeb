// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a run has to report besides passed and failed: tests that cannot run here, and cases
//! that were not as expected once.
//!
//! Each is a line on standard error, which the test runner does not capture, and in the file
//! `SMC_TEST_NOTES`, if set. `scripts/test` and `tests/guests.sh` count them at the end.

use crate::Kernel;
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::thread;

/// Whether this test is skipped, for `reason`. A test that is skipped has not passed.
#[must_use]
pub fn skips(is_skipped: bool, reason: &str) -> bool {
    if is_skipped {
        note("skipped", reason);
    }
    is_skipped
}

/// The same for a test that needs a kernel with SMC.
#[must_use]
pub fn skips_without_smc() -> bool {
    let is_without = Kernel::expected() == Kernel::Without;
    skips(is_without, "needs a kernel with SMC")
}

/// Notes that something was not as expected, and does not fail the run.
pub fn finding(what: &str) {
    note("finding", what);
}

fn note(kind: &str, what: &str) {
    let program = std::env::args().next().unwrap_or_default();
    // `/…/deps/NAME-HASH`
    let program = program.rsplit('/').next().unwrap_or_default();
    let program = program.rsplit_once('-').map_or(program, |(name, _)| name);
    let thread = thread::current();
    let test = thread.name().unwrap_or("?");
    let line = format!("{kind}: {program} {test}: {what}\n");
    let _ = io::stderr().write_all(line.as_bytes());
    if let Some(path) = std::env::var_os("SMC_TEST_NOTES") {
        let file = OpenOptions::new().append(true).create(true).open(path);
        let _ = file.and_then(|mut file| file.write_all(line.as_bytes()));
    }
}
