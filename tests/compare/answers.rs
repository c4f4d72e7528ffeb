// SPDX-License-Identifier: MIT OR Apache-2.0
//! What is the same is found to be the same, and what is slower to be so much slower.

use super::{compare, interval};
use std::fs;

/// By 95 % confidence two of forty are wrong; six would be in less than one of a
/// hundred tries.
const WRONG: usize = 6;

#[test]
fn tcp_is_as_fast_as_tcp() {
    let wrong = (0..40).filter(|_| {
        let said = compare(&[
            "-n",
            "8",
            "--a",
            "tcp",
            "--b",
            "tcp",
            "--server",
            "redis-server --port 16411 --save ''",
            "--",
            "redis-benchmark",
            "-p",
            "16411",
            "-q",
            "-t",
            "set",
            "-n",
            "300",
            "-c",
            "4",
        ]);
        assert_eq!(said.status, 0, "{said:?}");
        let (low, high) = interval(&said.row("SET"));
        low > 1.0 || high < 1.0
    });
    let wrong = wrong.count();
    assert!(wrong <= WRONG, "{wrong} of 40");
}

/// Each run of the client reads the file from its beginning.
#[test]
fn the_clients_input_is_read_in_each_run() {
    let path = std::env::temp_dir().join(format!("smcctl-compare-{}", std::process::id()));
    fs::write(&path, "line\n".repeat(4321)).unwrap();
    let input = path.to_str().unwrap();
    let lines = |stdin: &[&str]| {
        let tcp = ["-n", "2", "--a", "tcp", "--b", "tcp"];
        let client = ["--metric", "lines=^([0-9]+)", "--", "wc", "-l"];
        let said = compare(&[&tcp[..], stdin, &client].concat());
        assert_eq!(said.status, 0, "{said:?}");
        said.row("lines")["samples"].to_string()
    };
    let with = lines(&["--stdin", input]);
    let without = lines(&[]);
    fs::remove_file(&path).unwrap();
    assert_eq!(with, "[[4321.0,4321.0],[4321.0,4321.0]]");
    assert_eq!(without, "[[0.0,0.0],[0.0,0.0]]");
}

#[test]
fn a_known_delay_is_found() {
    const FACTOR: f64 = 1.5;
    let mut inside = 0;
    for _ in 0..5 {
        let said = compare(&[
            "-n",
            "10",
            "--a",
            "tcp",
            "--b",
            "env FACTOR=1.5",
            "--metric",
            "answer=took ([0-9.]+):ms",
            "--server",
            "perl tests/compare/workload.pl server 16412",
            "--",
            "perl",
            "tests/compare/workload.pl",
            "client",
            "16412",
        ]);
        assert_eq!(said.status, 0, "{said:?}");
        let (low, high) = interval(&said.row("answer"));
        assert!(low > 1.0, "{said:?}");
        inside += u32::from((low..=high).contains(&FACTOR));
    }
    assert!(inside >= 3, "{inside} of 5");
}
