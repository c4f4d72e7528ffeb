// SPDX-License-Identifier: MIT OR Apache-2.0
//! `--report`: how smcctl and its library are found, and what they are given.
//! What the report says is for tests/report.

use crate::sandbox::{self, as_nobody, command, run, smc_run, Scratch};
use crate::sanitizers::runtime;
use std::fs;
use std::path::PathBuf;

/// Installs the script, its library at `library`, smcctl and its library beside the
/// other.
fn install(prefix: &Scratch, library: &str) -> PathBuf {
    let built = |name: &str| {
        let path = sandbox::library().with_file_name(name);
        fs::read(&path).unwrap_or_else(|error| {
            panic!(
                "{}: {error}: cargo build --release -p smcctl -p smc-report",
                path.display()
            )
        })
    };
    prefix.program("bin/smcctl", built("smcctl"));
    let beside = library.replace("libsmc_shim", "libsmc_report");
    prefix.program(&beside, built("libsmc_report.so"));
    prefix.install(library)
}

#[test]
fn its_library_is_in_front_and_found_where_it_is_installed() {
    for place in [
        "lib/libsmc_shim.so",
        "lib/x86_64-linux-gnu/smc-shim/libsmc_shim.so",
        "lib64/libsmc_shim.so",
    ] {
        let prefix = Scratch::new();
        let installed = install(&prefix, place);
        let shim = prefix.path().join(place).display().to_string();
        let report = shim.replace("libsmc_shim", "libsmc_report");
        let mut with = command(&installed);
        let said = run(as_nobody(with.args(["--report", "printenv", "LD_PRELOAD"])));
        assert_eq!(said.stdout, format!("{report}:{shim}\n"), "{said:?}");
        assert_eq!(said.stderr, "smcctl: no connections of printenv\n");

        // And again in what the program starts; what else is preloaded stays.
        let mut within = command(&installed);
        within.args(["--report", "sh", "-c", "exec \"$0\" printenv LD_PRELOAD"]);
        let said = run(within.arg(&installed).env("LD_PRELOAD", "libc.so.6"));
        let expected = format!("{report}:{shim}:libc.so.6\n");
        assert_eq!(said.stdout, expected, "{said:?}");
    }
}

#[test]
fn it_is_behind_what_has_to_be_the_first() {
    let prefix = Scratch::new();
    let installed = install(&prefix, "lib/libsmc_shim.so");
    let runtime = runtime("libasan.so");
    let mut with = command(&installed);
    with.args(["--report", "printenv", "LD_PRELOAD"])
        .env("LD_PRELOAD", &runtime)
        .env("ASAN_OPTIONS", "detect_leaks=0");
    let said = run(&mut with);
    let ours = prefix.path().join("lib/lib").display().to_string();
    let expected = format!("{runtime}:{ours}smc_report.so:{ours}smc_shim.so\n");
    assert_eq!(said.stdout, expected, "{said:?}");
    assert_eq!(said.stderr, "smcctl: no connections of printenv\n");
}

#[test]
fn what_is_missing_is_named() {
    let prefix = Scratch::new();
    let installed = prefix.install("lib/libsmc_shim.so");
    let outcome = run(command(&installed).args(["--report", "echo", "started"]));
    let line = outcome.refused(127);
    let smcctl = prefix.path().join("bin/smcctl");
    assert!(line.contains(&smcctl.display().to_string()), "{line}");
    assert!(line.contains("cargo build --release -p smcctl"), "{line}");

    install(&prefix, "lib/libsmc_shim.so");
    fs::remove_file(prefix.path().join("lib/libsmc_report.so")).unwrap();
    let outcome = run(command(&installed).args(["--report", "echo", "started"]));
    assert_eq!((outcome.code(), outcome.stdout.as_str()), (Some(1), ""));
    assert!(
        outcome.stderr.contains("cannot find libsmc_report.so"),
        "{outcome:?}"
    );
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
