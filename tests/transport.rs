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

/// Each variable with a value that does not parse, and what the line names.
const BAD: [(&str, &str, &str); 11] = [
    ("SMC_LOG_FILE", "/nowhere/journal", "/nowhere/journal"),
    ("SMC_PORTS", "80,http", "http"),
    ("SMC_PROCESSES", "redis-*,ngin[x", "ngin[x"),
    ("SMC_HOSTS", "::1,example.com", "example.com"),
    ("SMC_SOCKET", "tcp", "tcp"),
    ("SMC_REQUIRE", "2", "2"),
    ("SMC_SNDBUF", "12q", "12q"),
    ("SMC_RCVBUF", "-1", "-1"),
    ("SMC_LOG", "info,a=b=c", "a=b=c"),
    ("SMC_DEBUG", "yes", "yes"),
    ("SMC_DISABLE", "on", "on"),
];

/// The library that `smc_run` preloads.
fn library() -> String {
    let asked = Command::new(checkout().join("smc_run"))
        .args(["printenv", "LD_PRELOAD"])
        .output();
    let library = asked.map(|asked| String::from_utf8_lossy(&asked.stdout).trim().to_owned());
    let library = library.unwrap_or_default();
    assert!(library.ends_with("libsmc_shim.so"), "{library:?}");
    library
}

#[test]
fn a_bad_value_by_plain_preload_is_one_line_and_tcp() {
    let library = library();
    for (variable, value, item) in BAD {
        let mut command = Command::new(PROBE);
        command.arg("127.0.0.1").env("LD_PRELOAD", &library);
        let under_shim = sockets_of(&mut command);
        if variable == "SMC_LOG_FILE" {
            // Only a journal that is wanted needs its file.
            command.env("SMC_DEBUG", "1");
        }
        let output = command.env(variable, value).output();
        let output = output.unwrap_or_else(|error| panic!("{command:?}: {error}"));
        assert!(output.status.success(), "{command:?}: {output:?}");
        assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), tcp(2));
        let said = String::from_utf8_lossy(&output.stderr);
        let named = match variable {
            "SMC_LOG_FILE" => format!("\"{item}\" cannot be appended to"),
            _ => format!(" \"{item}\": expected "),
        };
        assert!(
            said.starts_with(&format!("smc_shim: {variable}: "))
                && said.contains(&named)
                && said.ends_with('\n')
                && said.lines().count() == 1,
            "{said}"
        );
        // The control: without the value it would not have been TCP.
        assert_eq!(
            under_shim == tcp(2),
            Kernel::expected() == Kernel::Without,
            "{under_shim}"
        );
    }
}
