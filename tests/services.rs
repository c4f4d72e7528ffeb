// SPDX-License-Identifier: MIT OR Apache-2.0
//! A host stays configured: what `smcctl save` writes `smcctl apply` sets again, and
//! services are on SMC by a drop-in of their own, under a real systemd.
//!
//! Needs `cargo build --release -p smc-shim -p smcctl` first.
#![allow(
    missing_docs,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use kit::machine::{Machine, Output};
use kit::SMCCTL_IN_PATH;

#[path = "services/booted.rs"]
mod booted;
#[path = "services/files.rs"]
mod files;
#[path = "services/readme.rs"]
mod readme;
#[path = "services/refused.rs"]
mod refused;
#[path = "services/saved.rs"]
mod saved;
#[path = "services/units.rs"]
mod units;

/// Reads what the kernel has counted.
const COUNT: &str = env!("CARGO_BIN_EXE_count");

/// What administrators use is in PATH, too.
const PATH: &str = "export PATH=$PATH:/usr/sbin:/sbin; ";

/// Runs a script with a scratch folder in `$SCRATCH`.
fn run(script: &str) -> Output {
    let head = "SCRATCH=$(mktemp -d) && export SCRATCH && trap 'rm -rf $SCRATCH' EXIT; ";
    let here = Machine::here().unwrap();
    here.run(&format!("{SMCCTL_IN_PATH}{PATH}{head}{script}"))
        .unwrap()
}

/// What a script that must end well writes.
fn said(script: &str) -> String {
    let output = run(&format!("set -e; {script}"));
    assert_eq!(output.status, 0, "{script}: {output:?}");
    output.out
}
