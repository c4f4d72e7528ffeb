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

/// (row, value, whether its limit is kept): `NAME (UNIT)  VALUE …  [BROKEN]`.
fn rows(output: &Output) -> Vec<(String, String, bool)> {
    let table = String::from_utf8_lossy(&output.stdout);
    let row = |line: &str| {
        let (left, right) = line.split_once(")  ")?;
        let (name, _unit) = left.rsplit_once(" (")?;
        let value = right.split_whitespace().next()?;
        Some((name.into(), value.into(), !line.ends_with("BROKEN")))
    };
    table.lines().filter_map(row).collect()
}

#[test]
fn every_limit_is_kept() {
    let output = bench(&[]);
    let rows = rows(&output);
    assert!(rows.len() > 40, "{output:?}");
    // Ratios of CPU times are for those who read them, on a quiet machine.
    for (name, value, is_kept) in rows.into_iter().filter(|row| !row.0.contains(" over ")) {
        assert!(is_kept, "{name}: {value}");
    }
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
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let rows = rows(&output);
    for (name, kept) in [
        ("socket(), takes part", false),
        ("socket(), does not take part", false),
        ("exported symbols", false),
        ("read()", true),
    ] {
        let row = rows.iter().find(|(row, ..)| row == name);
        assert_eq!(row.map(|row| row.2), Some(kept), "{name}: {row:?}");
    }
}
