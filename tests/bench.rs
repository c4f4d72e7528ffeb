// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the shim may cost: every limit that `scripts/bench` prints is kept, and
//! a library that breaks them is found out.
#![allow(missing_docs, clippy::panic, reason = "a test fails by panicking")]

use kit::checkout;
use std::path::Path;
use std::process::{Command, Output};

fn run(command: &mut Command) -> Output {
    command
        .current_dir(checkout())
        .output()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"))
}

fn bench(options: &[&str]) -> Output {
    run(Command::new("scripts/bench").args(options))
}

#[test]
fn every_limit_is_kept() {
    let output = bench(&[]);
    let table = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{output:?}\n{table}");
    for row in ["program start, full policy", "read()", "exported symbols"] {
        assert!(table.contains(row), "no row {row:?}\n{table}");
    }
    assert!(!table.contains("BROKEN"), "{table}");
}

#[test]
fn a_library_that_costs_more_breaks_them() {
    let library = Path::new(env!("CARGO_TARGET_TMPDIR")).join("comparator.so");
    let library = library.to_string_lossy();
    let built = run(Command::new("cc")
        .args(["-O2", "-shared", "-fPIC", "-o", &library])
        .arg("-DLIBC=\"smc-bench-kernel.so\"")
        .args(["tests/bench/comparator.c", "-ldl"]));
    assert!(built.status.success(), "{built:?}");

    let output = bench(&["--library", &library]);
    let table = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    for (row, is_broken) in [
        ("socket(), takes part", true),
        ("socket(), does not take part", true),
        ("exported symbols", true),
        ("read()", false),
    ] {
        let line = table.lines().find(|line| line.starts_with(row));
        let broken = line.map(|line| line.ends_with("BROKEN"));
        assert_eq!(broken, Some(is_broken), "{row}\n{table}");
    }
}
