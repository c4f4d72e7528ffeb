// SPDX-License-Identifier: MIT OR Apache-2.0
//! `smcctl compare`: its answer is right, it is given only where the kernel says SMC,
//! and whatever happens, nothing is left running.
//!
//! Needs `cargo build --release -p smc-shim -p smcctl` first.
#![allow(
    missing_docs,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use serde_json::Value;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};

#[path = "compare/answers.rs"]
mod answers;
#[path = "compare/failures.rs"]
mod failures;
#[path = "compare/hosts.rs"]
mod hosts;
#[path = "compare/transport_check.rs"]
mod transport_check;

fn smcctl() -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into());
    kit::checkout().join(target).join("release/smcctl")
}

/// Held by those that use one port, or that count what the kernel counts.
fn alone() -> MutexGuard<'static, ()> {
    static ONE: Mutex<()> = Mutex::new(());
    ONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How a comparison ended, and what it said.
#[derive(Debug)]
struct Said {
    status: i32,
    out: String,
    err: String,
}

impl Said {
    fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|_| panic!("{self:?}"))
    }

    /// What it says of a metric.
    fn row(&self, name: &str) -> Value {
        let json = self.json();
        let rows = json["compared"].as_array().unwrap();
        let row = rows.iter().find(|row| row["name"] == name);
        row.unwrap_or_else(|| panic!("no {name}: {self:?}")).clone()
    }
}

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(smcctl());
    command
        .args(["--json", "compare", "--no-save"])
        .args(arguments)
        .current_dir(kit::checkout())
        .stdin(Stdio::null());
    command
}

fn compare(arguments: &[&str]) -> Said {
    let output = command(arguments).output().unwrap();
    Said {
        status: output.status.code().unwrap_or(-1),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// The processes on whose command line this word is.
fn processes_with(word: &str) -> Vec<String> {
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let own = std::process::id().to_string();
    let lines = processes
        .filter(|process| process.file_name().to_str() != Some(&own))
        .filter_map(|process| fs::read(process.path().join("cmdline")).ok());
    lines
        .map(|line| String::from_utf8_lossy(&line).replace('\0', " "))
        .filter(|line| line.contains(word))
        .collect()
}

/// The interval of a row.
fn interval(row: &Value) -> (f64, f64) {
    let ends = row["interval"]
        .as_array()
        .unwrap_or_else(|| panic!("{row}"));
    (ends[0].as_f64().unwrap(), ends[1].as_f64().unwrap())
}
