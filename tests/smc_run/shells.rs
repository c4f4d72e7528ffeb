// SPDX-License-Identifier: MIT OR Apache-2.0
//! The script does the same under every shell that a system may have as `sh`.

use crate::sandbox::{command, run, script, smc_run, Outcome, Scratch};
use std::path::Path;

#[test]
fn other_shells_agree() {
    let scratch = Scratch::new();
    let static_program = scratch.compile("static", &["-static"], "");
    let script = script();
    let cases: [&[&str]; 8] = [
        &["-n", "-p", "6379,!22", "--", "it's", "*"],
        &["-p", "bad", "true"],
        &["no-such-program"],
        &["--", "-v", "-x"],
        &["-p"],
        &["--require", static_program.to_str().unwrap()],
        &[
            "sh",
            "-c",
            "echo \"$LD_PRELOAD $0 $*\"; kill -9 $$",
            "a b",
            "*",
        ],
        &["-P", "no-such-program", static_program.to_str().unwrap()],
    ];
    scratch.program("it's", "#!/bin/sh\n");
    scratch.program("-v", "#!/bin/sh\necho \"started $*\"\n");
    let path = format!(
        "{}:{}",
        scratch.path().display(),
        std::env::var("PATH").unwrap()
    );
    let shells: [&[&str]; 4] = [
        &["dash"],
        &["bash", "--posix"],
        &["busybox", "sh"],
        &["bash"],
    ];
    let present = |shell: &&&[&str]| {
        std::env::split_paths(&path).any(|folder| Path::new(&folder).join(shell[0]).is_file())
    };
    for case in cases {
        let expected = run(smc_run(case).env("PATH", &path));
        for shell in shells.iter().filter(present) {
            let mut other = command(shell[0]);
            other
                .args(&shell[1..])
                .arg(&script)
                .args(case)
                .env("PATH", &path);
            let outcome = run(&mut other);
            let facts = |o: &Outcome| (o.code(), o.signal(), o.stdout.clone(), o.stderr.clone());
            assert_eq!(facts(&outcome), facts(&expected), "{shell:?} {case:?}");
        }
    }
}
