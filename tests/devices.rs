// SPDX-License-Identifier: MIT OR Apache-2.0
//! `smcctl devices`, `pnetid`, `ueid`, `linkgroups`, `links` and `stats` say what the
//! kernel says, asked by somebody else.
//!
//! Needs `cargo build --release -p smc-shim -p smcctl` first.
#![allow(missing_docs)]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use kit::machine::Machine;
use kit::SMCCTL_IN_PATH;
use serde_json::Value;

#[path = "devices/counted.rs"]
mod counted;
#[path = "devices/documented.rs"]
mod documented;
#[path = "devices/listed.rs"]
mod listed;
#[path = "devices/used.rs"]
mod used;

/// Reads what the kernel has counted.
const COUNT: &str = env!("CARGO_BIN_EXE_count");
const PYTHON: &str = "/usr/bin/python3";

/// What else is asked is in PATH, too.
const PATH: &str = "export PATH=$PATH:/usr/sbin:/sbin; ";

/// What a script that must end well writes.
fn said(machine: &Machine, script: &str) -> String {
    let output = machine
        .run(&format!("{SMCCTL_IN_PATH}{PATH} set -e; {script}"))
        .unwrap();
    assert_eq!(output.status, 0, "{script}: {output:?}");
    output.out
}

/// The same, in JSON.
fn json(machine: &Machine, script: &str) -> Value {
    let text = said(machine, script);
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{script}: {error}: {text}"))
}

/// What smcctl says.
fn smcctl(machine: &Machine, arguments: &str) -> Value {
    json(machine, &format!("smcctl --json {arguments}"))
}

/// What the kernel says to a program that shares nothing with smcctl.
fn kernel(machine: &Machine, arguments: &str) -> Value {
    json(
        machine,
        &format!("{PYTHON} tests/devices/netlink.py {arguments}"),
    )
}

fn list(value: &Value) -> &Vec<Value> {
    value.as_array().unwrap()
}

/// The one of a list whose `key` is `value`.
fn find<'a>(all: &'a Value, key: &str, value: &Value) -> &'a Value {
    let found: Vec<_> = list(all).iter().filter(|one| one[key] == *value).collect();
    assert_eq!(found.len(), 1, "{key} {value}: {all}");
    found[0]
}
