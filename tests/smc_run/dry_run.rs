// SPDX-License-Identifier: MIT OR Apache-2.0
//! `-n`: what is printed is what would be started.

use crate::sandbox::{command, library, run, smc_run, Scratch, AWKWARD};

#[test]
fn a_dry_run_pastes_back() {
    let scratch = Scratch::new();
    let show = scratch.program(
        "show it's",
        "#!/bin/sh\nprintf '%s\\0' \"$SMC_PORTS\" \"$SMC_PROCESSES\" \"$LD_PRELOAD\" \"$@\"\n",
    );
    let options = ["-p", "!22,in:80", "--processes", "!it's,show*"];
    let arguments = || {
        options
            .iter()
            .copied()
            .chain([show.to_str().unwrap()])
            .chain(AWKWARD)
    };
    let with_preload = |command: &mut std::process::Command| {
        run(command
            .env("LD_PRELOAD", "libm.so.6 libdl.so.2")
            .env("SMC_HOSTS", "!192.0.2.0/24"))
    };
    let started = with_preload(&mut smc_run(arguments()));
    let printed = with_preload(&mut smc_run(["-n"].into_iter().chain(arguments())));
    let line = printed.quietly(0);
    assert!(line.contains("SMC_HOSTS='!192.0.2.0/24' "), "{line}");
    let pasted = run(command("/bin/sh").args(["-c", line]));
    assert_eq!(pasted.quietly(0), started.quietly(0));
}

#[test]
fn a_dry_run_checks_but_starts_and_writes_nothing() {
    let scratch = Scratch::new();
    let (marker, log) = (
        scratch.path().join("started"),
        scratch.path().join("journal"),
    );
    let (touch, journal) = (["touch", marker.to_str().unwrap()], log.to_str().unwrap());
    for option in ["-n", "--dry-run"] {
        let printed = run(&mut smc_run(
            [option, "-d", "--log-file", journal].iter().chain(&touch),
        ));
        let expected = format!(
            "SMC_LOG_FILE={journal} SMC_DEBUG=1 LD_PRELOAD={} touch {}\n",
            library().display(),
            marker.display()
        );
        assert_eq!(printed.quietly(0), expected);
        assert!(!marker.exists() && !log.exists());
    }
    run(&mut smc_run(["-n", "-p", "bad"].iter().chain(&touch))).refused(2);
    run(&mut smc_run(["-n", "no-such-program"])).refused(127);
}
