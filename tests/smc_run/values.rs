// SPDX-License-Identifier: MIT OR Apache-2.0
//! Values that do not parse, and the journal's file: one line, nothing started.

use crate::sandbox::{as_nobody, command, run, smc_run, Scratch};
use std::fs;
use std::os::unix::fs::PermissionsExt;

/// Variable, an option that sets it, a value that no parser should take.
const BAD: [(&str, &str, &str); 15] = [
    ("SMC_PORTS", "-p", "http"),
    ("SMC_PORTS", "--ports", "80,,81"),
    ("SMC_PORTS", "-p", "0"),
    ("SMC_PORTS", "-p", "65536"),
    ("SMC_PORTS", "-p", "90-80"),
    ("SMC_PORTS", "-p", "80 81"),
    ("SMC_PROCESSES", "-P", "ngin[x"),
    ("SMC_HOSTS", "-H", "example.com"),
    ("SMC_HOSTS", "--hosts", "10.0.0.0/33"),
    ("SMC_RCVBUF", "-r", "1 garbage"),
    ("SMC_RCVBUF", "-r", "512|"),
    ("SMC_RCVBUF", "--rcvbuf", "-1"),
    ("SMC_SNDBUF", "-t", "1g2"),
    ("SMC_SNDBUF", "--sndbuf", "k"),
    ("SMC_SOCKET", "--socket", "tcp"),
];

/// Variables that no option gives a value to.
const BAD_WITHOUT_OPTION: [(&str, &str, &str); 6] = [
    ("SMC_DRAIN_TIMEOUT", "", "5s"),
    ("SMC_RETRY_AFTER", "", "86401"),
    ("SMC_DEBUG", "", "yes"),
    ("SMC_REQUIRE", "", "2"),
    ("SMC_LOG", "", "a=b=c"),
    ("SMC_DISABLE", "", "on"),
];

#[test]
fn every_variable_is_tested_here() {
    let mut settings = smc_policy::VARIABLES.to_vec();
    let all = BAD.into_iter().chain(BAD_WITHOUT_OPTION);
    let mut tested: Vec<_> = all.map(|(variable, ..)| variable).collect();
    tested.push("SMC_LOG_FILE"); // any path is one: see the last tests here
    settings.sort_unstable();
    tested.sort_unstable();
    tested.dedup();
    assert_eq!(tested, settings);
}

#[test]
fn a_bad_value_of_an_option_is_one_line_and_starts_nothing() {
    let scratch = Scratch::new();
    let marker = scratch.path().join("started");
    for (_, option, value) in BAD {
        let outcome = run(&mut smc_run([
            option,
            value,
            "touch",
            marker.to_str().unwrap(),
        ]));
        let line = outcome.refused(2);
        assert!(line.starts_with(&format!("smc_run: {option}: ")), "{line}");
        assert!(
            line.contains("expected"),
            "does not say what is expected: {line}"
        );
        assert!(!marker.exists(), "{option} {value} started the command");
    }
}

#[test]
fn a_bad_value_of_a_variable_is_one_line_and_starts_nothing() {
    let scratch = Scratch::new();
    let marker = scratch.path().join("started");
    for (variable, _, value) in BAD.into_iter().chain(BAD_WITHOUT_OPTION) {
        let outcome = run(smc_run(["touch", marker.to_str().unwrap()]).env(variable, value));
        let line = outcome.refused(2);
        assert!(
            line.starts_with(&format!("smc_run: {variable}: ")) && line.contains("\": expected "),
            "{line}"
        );
        assert!(!marker.exists(), "{variable}={value} started the command");
    }
}

#[test]
fn a_bad_value_is_found_though_the_program_is_not_listed() {
    let outcome = run(&mut smc_run([
        "-P",
        "no-such-program",
        "-p",
        "http",
        "true",
    ]));
    assert!(
        outcome
            .refused(2)
            .starts_with("smc_run: -p: invalid port \"http\": "),
        "{outcome:?}"
    );
}

#[test]
fn a_good_value_beside_a_bad_word_in_an_argument_is_no_problem() {
    let argument = "smc_shim: SMC_PORTS: cannot be preloaded (no)";
    assert_eq!(
        run(&mut smc_run(["-p", "80", "printf", "%s", argument])).quietly(0),
        argument
    );
}

#[test]
fn lines_of_the_journal_are_no_problem() {
    // Not being listed is a decision that goes to the journal as a program starts.
    let mut command = smc_run(["-d", "-P", "no-such-program", "echo", "started"]);
    let outcome = run(&mut command);
    assert_eq!(
        (outcome.code(), outcome.stdout.as_str()),
        (Some(0), "started\n"),
        "{outcome:?}"
    );
    assert!(
        outcome.stderr.starts_with("echo["),
        "no journal to tell apart: {outcome:?}"
    );
}

#[test]
fn only_the_command_writes_to_the_log_file() {
    let scratch = Scratch::new();
    let log = scratch.write("journal", "kept\n");
    let path = log.to_str().unwrap();
    run(&mut smc_run([
        "-d",
        "--log-file",
        path,
        "-P",
        "no-such-program",
        "echo",
    ]))
    .quietly(0);
    let journal = fs::read_to_string(&log).unwrap();
    let programs: Vec<_> = journal
        .lines()
        .map(|line| line.split('[').next().unwrap())
        .collect();
    assert_eq!(programs, ["kept", "echo"], "{journal}");
}

#[test]
fn the_log_file_of_an_option_does_not_move_with_the_command() {
    let scratch = Scratch::new();
    let mut command = smc_run([
        "--log-file=journal",
        "-d",
        "sh",
        "-c",
        "cd /; echo $SMC_LOG_FILE",
    ]);
    let outcome = run(command.current_dir(scratch.path()));
    let expected = format!("{}/journal\n", scratch.path().display());
    assert_eq!(
        (outcome.code(), &outcome.stdout),
        (Some(0), &expected),
        "{outcome:?}"
    );
}

#[test]
fn a_log_file_that_cannot_be_appended_to_is_refused() {
    let scratch = Scratch::new();
    scratch.install("lib/libsmc_shim.so"); // where somebody else may read it
    let folder = scratch.path().to_str().unwrap();
    let read_only = scratch.write("read-only", "");
    fs::set_permissions(&read_only, fs::Permissions::from_mode(0o444)).unwrap();
    let cases = [
        (
            format!("{folder}/no/such/file"),
            format!("no directory {folder}/no/such/"),
        ),
        (folder.to_owned(), "is a directory".to_owned()),
        (
            format!("{folder}/read-only"),
            "permission denied".to_owned(),
        ),
        (
            "/proc/new".to_owned(),
            "permission denied in /proc/".to_owned(),
        ),
    ];
    for (path, why) in cases {
        let mut by_option = command(scratch.path().join("bin/smc_run"));
        by_option.args(["--log-file", &path, "echo", "started"]);
        let said = format!("smc_run: --log-file: cannot append to {path}: {why}");
        assert_eq!(run(as_nobody(&mut by_option)).refused(2), said);
        let mut by_variable = command(scratch.path().join("bin/smc_run"));
        by_variable
            .args(["echo", "started"])
            .env("SMC_LOG_FILE", &path);
        let said = said.replace("--log-file:", "SMC_LOG_FILE:");
        assert_eq!(run(as_nobody(&mut by_variable)).refused(2), said);
    }
    let mut control = command(scratch.path().join("bin/smc_run"));
    control.args(["--log-file", "/dev/null", "echo", "started"]);
    assert_eq!(run(as_nobody(&mut control)).quietly(0), "started\n");
}
