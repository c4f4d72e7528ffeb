// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the targets share: reading an input, and what holds for any value.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use smc_policy::{Config, Problem};

/// The part before the first NUL, which no environment can contain, and the
/// part behind it.
#[allow(dead_code)]
pub fn value_and_probes(input: &[u8]) -> (&[u8], &[u8]) {
    let end = input
        .iter()
        .position(|&byte| byte == 0)
        .unwrap_or(input.len());
    (&input[..end], input.get(end + 1..).unwrap_or_default())
}

/// Reads a configuration from one variable, and checks what is said about it.
#[allow(dead_code)]
pub fn read(variable: &str, value: &[u8]) -> Result<Config, Problem> {
    let result = Config::from_env(|name| (name == variable).then(|| OsStr::from_bytes(value)));
    if let Err(problem) = &result {
        assert_eq!(problem.variable(), variable);
        check(problem);
    }
    result
}

/// One short line that names the variable, harmless on a terminal.
pub fn check(problem: &Problem) {
    let line = problem.to_string();
    assert!(line.len() < 400, "{line}");
    assert!(!line.contains(char::is_control), "{line:?}");
    assert!(line.starts_with(problem.variable()), "{line}");
    assert!(
        line.ends_with(&format!(": expected {}", problem.expected())),
        "{line}"
    );
}
