// SPDX-License-Identifier: MIT OR Apache-2.0
//! Arbitrary bytes in every variable at once, separated by NUL, in the order of
//! `VARIABLES`: no panic, and what is accepted is within its bounds.

#![no_main]

mod common;

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use libfuzzer_sys::fuzz_target;
use smc_policy::{Config, VARIABLES};

const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];

fuzz_target!(|input: &[u8]| {
    let values: Vec<&[u8]> = input.split(|&byte| byte == 0).collect();
    let config = Config::from_env(|name| {
        let at = VARIABLES
            .iter()
            .position(|&variable| variable == name)
            .expect("a known name");
        values.get(at).map(|value| OsStr::from_bytes(value))
    });
    match config {
        Err(problem) => {
            assert!(VARIABLES.contains(&problem.variable()));
            common::check(&problem);
        }
        Ok(config) => {
            for size in [config.sndbuf, config.rcvbuf].into_iter().flatten() {
                assert!((1..=1_073_741_823).contains(&size), "{size}");
            }
            for item in config.log.iter().flat_map(|filter| filter.split(',')) {
                let (target, level) = item.split_once('=').unwrap_or(("smc_shim", item));
                let target_alone = !item.contains('=') && item.starts_with("smc_shim");
                assert!(
                    target == "smc_shim" || target.starts_with("smc_shim::"),
                    "{item}"
                );
                assert!(
                    target_alone || LEVELS.contains(&&*level.to_ascii_lowercase()),
                    "{item}"
                );
            }
            assert_ne!(config.log_file.as_deref(), Some(OsStr::new("")));
        }
    }
});
