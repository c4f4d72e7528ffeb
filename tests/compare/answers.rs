// SPDX-License-Identifier: MIT OR Apache-2.0
//! What is the same is found to be the same, and what is slower to be so much slower.

use super::{compare, interval};

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
