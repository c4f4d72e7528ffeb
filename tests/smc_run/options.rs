// SPDX-License-Identifier: MIT OR Apache-2.0
//! The command line: forms of options, help, version, usage errors.

use crate::sandbox::{checkout, run, smc_run, Scratch};
use std::fs;

const WITH_VALUE: [(&str, &str, &str, &str); 7] = [
    ("-p", "--ports", "SMC_PORTS", "in:80,!81"),
    ("-P", "--processes", "SMC_PROCESSES", "nginx,!/usr/bin/c*"),
    ("-H", "--hosts", "SMC_HOSTS", "192.0.2.0/24,!::1"),
    ("-r", "--rcvbuf", "SMC_RCVBUF", "512k"),
    ("-t", "--sndbuf", "SMC_SNDBUF", "1m"),
    ("", "--socket", "SMC_SOCKET", "af_smc"),
    ("", "--log-file", "SMC_LOG_FILE", "/dev/null"),
];

#[test]
fn an_option_takes_its_value_in_every_usual_form() {
    for (short, long, variable, value) in WITH_VALUE {
        let mut forms = vec![
            vec![format!("{long}={value}")],
            vec![long.into(), value.into()],
        ];
        if !short.is_empty() {
            forms.push(vec![format!("{short}{value}")]);
            forms.push(vec![short.into(), value.into()]);
        }
        for mut form in forms {
            form.extend(["printenv".into(), variable.into()]);
            assert_eq!(
                run(&mut smc_run(&form)).quietly(0),
                format!("{value}\n"),
                "{form:?}"
            );
        }
    }
}

#[test]
fn options_without_value_set_theirs() {
    let cases = [
        ("-d", "SMC_DEBUG"),
        ("--debug", "SMC_DEBUG"),
        ("--require", "SMC_REQUIRE"),
    ];
    for (option, variable) in cases {
        assert_eq!(
            run(&mut smc_run([option, "printenv", variable])).quietly(0),
            "1\n"
        );
        assert_eq!(run(&mut smc_run(["printenv", variable])).quietly(1), "");
    }
}

#[test]
fn options_stop_at_the_command() {
    for before in [&[][..], &["--"], &["-p", "80"], &["-p", "80", "--"]] {
        let command = ["printf", "%s\\n", "-p", "bad", "--help", "--", "-x"];
        let outcome = run(&mut smc_run(before.iter().chain(&command)));
        assert_eq!(
            outcome.quietly(0),
            "-p\nbad\n--help\n--\n-x\n",
            "{before:?}"
        );
    }
}

#[test]
fn a_command_may_be_named_like_an_option() {
    let scratch = Scratch::new();
    scratch.program("-v", "#!/bin/sh\necho \"started $*\"\n");
    let mut command = smc_run(["--", "-v", "-h"]);
    let path = format!(
        "{}:{}",
        scratch.path().display(),
        std::env::var("PATH").unwrap()
    );
    assert_eq!(run(command.env("PATH", path)).quietly(0), "started -h\n");
}

#[test]
fn the_users_variable_wins_unless_the_option_is_given() {
    let get = |option: &[&str], variable: &str, value: &str| {
        let arguments = option.iter().copied().chain(["printenv", variable]);
        run(smc_run(arguments).env(variable, value))
            .quietly(0)
            .to_owned()
    };
    assert_eq!(get(&[], "SMC_PORTS", "80"), "80\n");
    assert_eq!(get(&["-p", "81"], "SMC_PORTS", "80"), "81\n");
    assert_eq!(get(&["-p", "81", "-p", "82"], "SMC_PORTS", "80"), "82\n");
    assert_eq!(get(&["-p", "81"], "SMC_DEBUG", "0"), "0\n");
    assert_eq!(get(&["-d"], "SMC_DEBUG", "0"), "1\n");
}

#[test]
fn help_goes_to_standard_output() {
    let help = run(&mut smc_run(["-h"])).quietly(0).to_owned();
    assert!(
        help.starts_with("Usage: smc_run [options] [--] command [arguments]\n"),
        "{help}"
    );
    assert_eq!(run(&mut smc_run(["--help", "-x"])).quietly(0), help);
    assert!(
        help.lines().all(|line| line.len() <= 80),
        "wider than a terminal: {help}"
    );
}

/// Options in the first column of the help, with the names of their values cut off.
fn options_of(help: &str) -> Vec<&str> {
    let lines = help
        .lines()
        .filter(|line| line.trim_start().starts_with('-'));
    let words = lines
        .flat_map(str::split_whitespace)
        .map(|word| word.trim_end_matches(','));
    words.filter(|word| word.starts_with('-')).collect()
}

#[test]
fn help_man_page_and_script_know_the_same_options() {
    let help = run(&mut smc_run(["-h"])).stdout;
    let listed = options_of(&help);
    let page = fs::read_to_string(checkout().join("docs/smc_run.1")).expect("docs/smc_run.1");
    let page = page.replace("\\-", "-");
    for (short, long, ..) in WITH_VALUE {
        for option in [short, long]
            .into_iter()
            .filter(|option| !option.is_empty())
        {
            assert!(
                listed.contains(&option),
                "{option} is not in the help: {listed:?}"
            );
        }
    }
    assert_eq!(listed.len(), 5 * 2 + 2 + 2 + 4 * 2, "{listed:?}");
    for option in listed {
        let name = option.trim_start_matches('-');
        let macro_form = if option.starts_with("--") {
            format!("Fl -{name}")
        } else {
            format!("Fl {name}")
        };
        assert!(
            page.contains(&macro_form),
            "{option} is not in the man page"
        );
        // A known option fails for another reason, if at all.
        let said = run(&mut smc_run([option])).stderr;
        assert!(!said.contains("unknown option"), "{option}: {said}");
    }
}

#[test]
fn the_version_is_the_packages() {
    let manifest = fs::read_to_string(checkout().join("Cargo.toml")).expect("Cargo.toml");
    let line = manifest
        .lines()
        .find(|line| line.starts_with("version = "))
        .expect("version");
    let version = line.split('"').nth(1).expect("quoted");
    for option in ["-v", "--version"] {
        let outcome = run(&mut smc_run([option]));
        assert_eq!(
            outcome.quietly(0),
            format!("smc_run (smc-shim) {version}\n")
        );
    }
}

#[test]
fn a_usage_error_names_the_option_and_starts_nothing() {
    let scratch = Scratch::new();
    let marker = scratch.path().join("started");
    let start = ["touch", marker.to_str().unwrap()];
    let wrong: [(&[&str], &str); 10] = [
        (&["-x"], "-x: unknown option"),
        (&["--nope=1"], "--nope: unknown option"),
        (&["-dx"], "-x: unknown option"),
        (&["--port", "80"], "--port: unknown option"),
        (&["--debug=1"], "--debug: unexpected value"),
        (&["--require="], "--require: unexpected value"),
        (&["--dry-run=yes"], "--dry-run: unexpected value"),
        (&["-p", ""], "-p: missing value: expected a list of ports"),
        (
            &["--log-file="],
            "--log-file: missing value: expected the path of a file",
        ),
        (&["--rcvbuf="], "--rcvbuf: missing value: expected a size"),
    ];
    for (options, said) in wrong {
        let outcome = run(&mut smc_run(options.iter().chain(&start)));
        assert!(
            outcome.refused(2).starts_with(&format!("smc_run: {said}")),
            "{outcome:?}"
        );
        assert!(!marker.exists(), "{options:?} started the command");
    }
    run(&mut smc_run(start)).quietly(0);
    assert!(marker.exists(), "without a wrong option it is started");
}

#[test]
fn an_option_at_the_end_misses_its_value() {
    for (short, long, ..) in WITH_VALUE {
        for option in [short, long]
            .into_iter()
            .filter(|option| !option.is_empty())
        {
            let outcome = run(&mut smc_run([option]));
            assert!(
                outcome
                    .refused(2)
                    .contains(&format!(" {option}: missing value: expected ")),
                "{outcome:?}"
            );
        }
    }
}

#[test]
fn without_a_command_there_is_an_error() {
    for arguments in [&[][..], &["-d"], &["--"], &["-p", "80", "--"], &["-n"]] {
        let outcome = run(&mut smc_run(arguments));
        assert!(
            outcome.refused(2).contains("missing command"),
            "{outcome:?}"
        );
    }
}
