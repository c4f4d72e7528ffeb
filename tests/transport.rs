// SPDX-License-Identifier: MIT OR Apache-2.0
//! Is it really SMC? The kernel's own answer for each socket of an unmodified
//! program, with and without `smc_run`, on the kernel that the test runs on.
#![allow(missing_docs, clippy::panic, reason = "a test fails by panicking")]

use kit::{checkout, Kernel};
use std::process::Command;

const PROBE: &str = env!("CARGO_BIN_EXE_probe");

/// What the probe says of its three sockets, run by `command`.
fn sockets_of(command: &mut Command) -> String {
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {output:?}");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

fn under_smc_run(options: &[&str], address: &str) -> String {
    let mut command = Command::new(checkout().join("smc_run"));
    sockets_of(command.args(options).arg(PROBE).arg(address))
}

fn tcp(family: u8) -> String {
    format!("listener {family}/6 client {family}/6 accepted {family}/6")
}

/// (address, family, protocol of an AF_SMC socket over it)
const FAMILIES: [(&str, u8, u8); 2] = [("127.0.0.1", 2, 0), ("::1", 10, 1)];

#[test]
fn without_smc_run_it_is_tcp() {
    for (address, family, _) in FAMILIES {
        let sockets = sockets_of(Command::new(PROBE).arg(address));
        assert_eq!(sockets, tcp(family));
    }
}

#[test]
fn under_smc_run_it_is_what_the_kernel_can_do() {
    for (address, family, af_smc) in FAMILIES {
        let expected = match Kernel::expected() {
            Kernel::Without => tcp(family),
            // The listener stays SMC; connections fall back for want of a device.
            Kernel::AfSmc => {
                format!("listener 43/{af_smc} client {family}/6 accepted {family}/6")
            }
            Kernel::IpprotoSmc => {
                format!("listener {family}/256 client {family}/6 accepted {family}/6")
            }
            Kernel::SmcD | Kernel::SmcR => {
                format!("listener {family}/256 client {family}/256 accepted 43/256")
            }
        };
        assert_eq!(under_smc_run(&[], address), expected);
    }
}

#[test]
fn a_program_or_port_that_is_not_listed_is_tcp() {
    for (address, family, _) in FAMILIES {
        for options in [
            ["-P", "!probe"],
            ["-P", "other"],
            ["-p", "1-1023"],
            ["-H", "203.0.113.7"],
        ] {
            assert_eq!(under_smc_run(&options, address), tcp(family), "{options:?}");
        }
    }
}
