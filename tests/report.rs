// SPDX-License-Identifier: MIT OR Apache-2.0
//! What `smc_run --report` says a program's connections were is what the kernel
//! has counted; and the program does not notice it.
#![allow(missing_docs)]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

#[path = "report/agrees.rs"]
mod agrees;
#[path = "report/background.rs"]
mod background;
#[path = "report/endings.rs"]
mod endings;
#[path = "report/passes.rs"]
mod passes;
#[path = "report/told.rs"]
mod told;
#[path = "report/unseen.rs"]
mod unseen;

const COUNT: &str = env!("CARGO_BIN_EXE_count");
const PYTHON: &str = "/usr/bin/python3 tests/report";
