// SPDX-License-Identifier: MIT OR Apache-2.0
//! `smc_run`: from options to environment variables to `exec`.
//!
//! Runs the script of this checkout with the library and the smcctl of its release build. Needs
//! `cargo build --release -p smc-shim -p smcctl` first, and `cc` for the small programs.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

#[path = "smc_run/dry_run.rs"]
mod dry_run;
#[path = "smc_run/inspection.rs"]
mod inspection;
#[path = "smc_run/install.rs"]
mod install;
#[path = "smc_run/library.rs"]
mod library;
#[path = "smc_run/options.rs"]
mod options;
#[path = "smc_run/programs.rs"]
mod programs;
#[path = "smc_run/real.rs"]
mod real;
#[path = "smc_run/reporting.rs"]
mod reporting;
#[path = "smc_run/sandbox.rs"]
mod sandbox;
#[path = "smc_run/sanitizers.rs"]
mod sanitizers;
#[path = "smc_run/scripts.rs"]
mod scripts;
#[path = "smc_run/shells.rs"]
mod shells;
#[path = "smc_run/start.rs"]
mod start;
#[path = "smc_run/values.rs"]
mod values;
