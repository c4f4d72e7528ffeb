// SPDX-License-Identifier: MIT OR Apache-2.0
//! Scripts: what counts is the program behind `#!`.

use crate::sandbox::{run, smc_run, Scratch};
use std::path::Path;

/// Said of `script` because it is run by `interpreter`, which is static.
#[track_caller]
fn is_refused_for(script: &Path, interpreter: &Path, path: &str) {
    let outcome = run(smc_run(["--require"]).arg(script).env("PATH", path));
    let (script, interpreter) = (script.display(), interpreter.display());
    let expected = format!(
        "smc_run: {script} (run by {interpreter}) is statically linked, so no library can be \
         preloaded; not started because of --require"
    );
    assert_eq!(outcome.refused(3), expected);
}

#[test]
fn a_script_is_judged_by_its_interpreter() {
    let scratch = Scratch::new();
    let program = scratch.compile("interpreter", &["-static"], "");
    let name = program.display();
    let path = format!("{}:/usr/bin:/bin", scratch.path().display());
    let lines = [
        format!("#!{name}"),
        format!("#! \t{name} -x -y"),
        format!("#!{name}\t-x"),
        "#!/usr/bin/env interpreter".to_owned(),
        "#!/usr/bin/env -S VARIABLE=1 interpreter -x".to_owned(),
        "#!/usr/bin/env -Sinterpreter -x".to_owned(),
    ];
    for line in lines {
        let script = scratch.program("script", format!("{line}\n"));
        is_refused_for(&script, &program, &path);
    }
    let inner = scratch.program("inner", format!("#!{name}\n"));
    let outer = scratch.program("outer", format!("#!{}\n", inner.display()));
    is_refused_for(&outer, &program, &path);
    // Without a line end at the end of the file, and started on TCP.
    let script = scratch.program("script", format!("#!{name}"));
    let outcome = run(smc_run([&script]).env("PATH", &path));
    assert!(
        outcome.one_line(7).ends_with("; it runs on TCP"),
        "{outcome:?}"
    );
}

#[test]
fn a_script_of_an_ordinary_interpreter_is_started_without_a_word() {
    let scratch = Scratch::new();
    let body = "[ -n \"$LD_PRELOAD\" ] && exit 9\n";
    for line in [
        "#!/bin/sh",
        "#! /bin/sh -e",
        "#!/usr/bin/env sh",
        "#!/usr/bin/env -S sh -e",
        "",
    ] {
        let script = scratch.program("script", format!("{line}\n{body}"));
        run(smc_run(["--require"]).arg(&script)).quietly(9);
    }
}

#[test]
fn a_script_that_cannot_run_ends_as_in_a_shell() {
    let scratch = Scratch::new();
    let itself = scratch.path().join("itself");
    scratch.program("itself", format!("#!{}\n", itself.display()));
    let lost = scratch.program("lost", "#!/no/such/interpreter\n");
    let nameless = scratch.program("nameless", "#!/usr/bin/env no-such-interpreter\n");
    for script in [&itself, &lost, &nameless] {
        let outcome = run(&mut smc_run([script]));
        let mut shell = crate::sandbox::command("/bin/sh");
        let shell = run(shell.args(["-c", "exec \"$0\""]).arg(script));
        assert_eq!(outcome.code(), shell.code(), "{outcome:?} {shell:?}");
        assert!(matches!(outcome.code(), Some(126 | 127)), "{outcome:?}");
    }
}
