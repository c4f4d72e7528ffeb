// SPDX-License-Identifier: MIT OR Apache-2.0
//! `--report`: what the program gets.
//! What the report says is for tests/report.

use crate::sandbox::{as_nobody, command, run, smc_run, Scratch};
use crate::sanitizers::runtime;

#[test]
fn smcctl_is_found_and_what_is_preloaded_stays() {
    for place in [
        "lib/libsmc_shim.so",
        "lib/x86_64-linux-gnu/smc-shim/libsmc_shim.so",
        "lib64/libsmc_shim.so",
    ] {
        let prefix = Scratch::new();
        let installed = prefix.install(place);
        let shim = prefix.path().join(place).display().to_string();
        let mut with = command(&installed);
        let said = run(as_nobody(with.args(["--report", "printenv", "LD_PRELOAD"])));
        assert_eq!(said.stdout, format!("{shim}\n"), "{said:?}");
        assert_eq!(said.stderr, "smcctl: no connections of printenv\n");

        // And again in what the program starts; what else is preloaded stays.
        let mut within = command(&installed);
        within.args(["--report", "sh", "-c", "exec \"$0\" printenv LD_PRELOAD"]);
        let said = run(within.arg(&installed).env("LD_PRELOAD", "libc.so.6"));
        let expected = format!("{shim}:libc.so.6\n");
        assert_eq!(said.stdout, expected, "{said:?}");
    }
}

#[test]
fn it_is_behind_what_has_to_be_the_first() {
    let prefix = Scratch::new();
    let installed = prefix.install("lib/libsmc_shim.so");
    let runtime = runtime("libasan.so");
    let mut with = command(&installed);
    with.args(["--report", "printenv", "LD_PRELOAD"])
        .env("LD_PRELOAD", &runtime)
        .env("ASAN_OPTIONS", "detect_leaks=0");
    let said = run(&mut with);
    let shim = prefix.path().join("lib/libsmc_shim.so");
    let expected = format!("{runtime}:{}\n", shim.display());
    assert_eq!(said.stdout, expected, "{said:?}");
    assert_eq!(said.stderr, "smcctl: no connections of printenv\n");
}

#[test]
fn it_takes_no_value_but_json() {
    let outcome = run(&mut smc_run(["--report=xml", "echo", "started"]));
    assert!(outcome.refused(2).contains("json"), "{outcome:?}");
    let outcome = run(&mut smc_run(["--report=json", "echo", "started"]));
    assert_eq!(outcome.stdout, "started\n");
    assert!(outcome.stderr.starts_with("{\n"), "{outcome:?}");
}

/// A program that is not dynamic runs, and nothing is said that was not seen.
#[test]
fn a_program_that_cannot_be_preloaded_is_not_counted() {
    let scratch = Scratch::new();
    let program = scratch.compile("static", &["-static"], "");
    let outcome = run(smc_run(["--report"]).arg(program));
    assert_eq!(outcome.code(), Some(7), "{outcome:?}");
    assert!(outcome.stderr.contains("were not counted"), "{outcome:?}");
}
