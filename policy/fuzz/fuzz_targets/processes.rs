// SPDX-License-Identifier: MIT OR Apache-2.0
//! `SMC_PROCESSES`, and two paths, separated by NUL: accepted exactly if the
//! model accepts it, and then it means what the model says.

#![no_main]

mod common;
#[path = "../../tests/policy/model/mod.rs"]
#[allow(dead_code)]
mod model;

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use libfuzzer_sys::fuzz_target;
use smc_policy::{Program, Verdict};

/// Matching sixteen `*` within one component of a path glob takes time that
/// grows steeply with the component; what is wrong shows in short paths too.
const LONGEST_PATH: usize = 20;

fuzz_target!(|input: &[u8]| {
    let (value, paths) = common::value_and_probes(input);
    let (executable, invoked_as) = common::value_and_probes(paths);
    let result = common::read("SMC_PROCESSES", value);
    let Ok(list) = std::str::from_utf8(value) else {
        return assert!(result.is_err());
    };
    let first_item = list.split(',').next().unwrap_or_default().as_bytes();
    for (executable, invoked_as) in [(executable, invoked_as), (first_item, executable)] {
        let executable = &executable[..executable.len().min(LONGEST_PATH)];
        let invoked_as = &invoked_as[..invoked_as.len().min(LONGEST_PATH)];
        let program = Program {
            executable: Path::new(OsStr::from_bytes(executable)),
            invoked_as: Path::new(OsStr::from_bytes(invoked_as)),
        };
        let verdict = result
            .as_ref()
            .ok()
            .map(|config| config.lists.judge_program(&program));
        let expected = model::program(list, executable, invoked_as);
        assert_eq!(
            verdict.map(|verdict| verdict.is_smc()),
            expected,
            "{program:?}: {list:?}"
        );
        if let Some(Verdict::Tcp(reason)) = verdict {
            let line = reason.to_string();
            assert!(
                line.len() < 400 && !line.contains(char::is_control),
                "{line:?}"
            );
        }
    }
});
