// SPDX-License-Identifier: MIT OR Apache-2.0
//! `smcctl check`: what it finds is so, what it prints helps, and what it says of a
//! connection is what the kernel has counted.
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
use kit::scene::Serving;
use kit::SMCCTL_IN_PATH as PATH;
use serde_json::Value;

#[path = "check/bare.rs"]
mod bare;
#[path = "check/devices.rs"]
mod devices;
#[path = "check/front.rs"]
mod front;
#[path = "check/host.rs"]
mod host;

/// Reads what the kernel has counted.
const COUNT: &str = env!("CARGO_BIN_EXE_count");

/// `smcctl` is where the printed commands find it: in PATH.
fn run(machine: &Machine, script: &str) -> Output {
    machine.run(&format!("{PATH}{script}")).unwrap()
}

/// What `smcctl check` says and with which status.
fn check(machine: &Machine) -> Output {
    let output = run(machine, "smcctl check");
    assert!(output.err.is_empty(), "{output:?}");
    output
}

/// The commands that it printed.
fn fixes(output: &Output) -> Vec<&str> {
    output
        .out
        .lines()
        .filter_map(|text| text.trim_start().strip_prefix("fix: "))
        .collect()
}

/// Does only what is printed, until nothing is, or it is ready. The last answer.
fn follow(machine: &Machine) -> Output {
    let mut said = check(machine);
    for _ in 0..4 {
        if said.status == 0 {
            break;
        }
        let commands = fixes(&said);
        assert!(!commands.is_empty(), "not ready, and no word how: {said:?}");
        for command in commands {
            let done = run(machine, command);
            assert_eq!(done.status, 0, "{command}: {done:?}");
        }
        said = check(machine);
    }
    said
}

/// What a client of `smcctl check --listen` says, in JSON, of their connection.
fn peer(listener: &mut Serving<'_>) -> Value {
    let said = listener.to(&format!("{PATH} smcctl check --peer $SERVER --json"));
    serde_json::from_str::<Value>(&said).unwrap()["peer"].take()
}

/// Whether it says so of a variant: the line `SMC-R v2 possible`.
fn is_possible(output: &Output, variant: &str) -> bool {
    let [yes, no] = ["possible", "not possible"].map(|is| {
        let verdict = format!("{variant} {is}");
        output.out.lines().any(|line| line == verdict)
    });
    assert_ne!(yes, no, "one verdict for {variant}: {output:?}");
    yes
}
