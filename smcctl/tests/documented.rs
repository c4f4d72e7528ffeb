// SPDX-License-Identifier: MIT OR Apache-2.0
//! The manual page and the completions know the same commands and options as the
//! command line, and can be read by those that they are for.
#![allow(
    missing_docs,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

use clap::{Command, CommandFactory, ValueEnum};
use smcctl::cli::Cli;
use smcctl::commands::completions::{script, For};
use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;
use std::process::{self, Stdio};

fn page() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs/smcctl.8")
}

/// The text of each section, without macros and fonts.
fn sections() -> BTreeMap<String, String> {
    let source = std::fs::read_to_string(page()).unwrap();
    let (mut sections, mut name) = (BTreeMap::<String, String>::new(), String::new());
    for line in source.lines() {
        let line = line.replace("\\-", "-").replace("\\fI", "");
        let line = line.replace("\\fR", "").replace("\\fB", "");
        let (macro_name, rest) = match line.strip_prefix('.') {
            Some(rest) => rest.split_once(' ').unwrap_or((rest, "")),
            None => ("", line.as_str()),
        };
        let text = match macro_name {
            "SH" => {
                rest.clone_into(&mut name);
                continue;
            }
            // Fonts in turn: nothing between them, but for what is quoted.
            "BR" | "RB" | "IR" | "RI" | "BI" | "IB" => {
                let outside = |(at, part): (usize, &str)| match at % 2 {
                    0 => part.replace(' ', ""),
                    _ => part.to_owned(),
                };
                rest.split('"').enumerate().map(outside).collect()
            }
            "" | "B" | "I" => rest.replace('"', ""),
            _ => String::new(),
        };
        let section = sections.entry(name.clone()).or_default();
        section.push_str(&text);
        section.push('\n');
    }
    sections
}

/// Whether `word` is in there by itself.
fn names(text: &str, word: &str) -> bool {
    let of_word = |c: char| c.is_ascii_alphanumeric() || c == '-';
    text.match_indices(word).any(|(at, _)| {
        !text[..at].ends_with(of_word) && !text[at + word.len()..].starts_with(of_word)
    })
}

/// What a user can type in a command: its options, values and subcommands.
fn typed(command: &Command) -> Vec<String> {
    let mut words = Vec::new();
    for argument in command.get_arguments().filter(|one| !one.is_hide_set()) {
        if ["help", "version", "json"].contains(&argument.get_id().as_str()) {
            continue;
        }
        words.extend(argument.get_long().map(|long| format!("--{long}")));
        words.extend(argument.get_short().map(|short| format!("-{short}")));
        words.extend(argument.get_possible_values().iter().filter_map(|value| {
            let is_shown = argument.get_action().takes_values() && !value.is_hide_set();
            is_shown.then(|| value.get_name().to_owned())
        }));
    }
    for subcommand in command.get_subcommands() {
        words.push(subcommand.get_name().to_owned());
        words.extend(subcommand.get_visible_aliases().map(str::to_owned));
        words.extend(typed(subcommand));
    }
    words
}

#[test]
fn the_manual_page_names_everything() {
    let sections = sections();
    for command in Cli::command().get_subcommands() {
        let name = command.get_name();
        let section = sections
            .get(&name.to_uppercase())
            .unwrap_or_else(|| panic!("smcctl(8) has no section for {name}"));
        assert!(section.starts_with(&format!("smcctl {name}")), "{section}");
        for word in typed(command) {
            assert!(
                names(section, &word),
                "smcctl(8), {name}: no word of {word}"
            );
        }
    }
    let general = &sections["DESCRIPTION"];
    for option in ["--json", "--help", "-h", "--version", "-V"] {
        assert!(names(general, option), "{option}");
    }
}

#[test]
fn the_manual_page_names_nothing_else() {
    let general = ["--json", "--help", "--version"];
    for (section, text) in sections() {
        let Some(command) = Cli::command()
            .get_subcommands()
            .find(|one| one.get_name().to_uppercase() == section)
            .cloned()
        else {
            continue;
        };
        let known = typed(&command);
        for word in text.split(|c: char| !c.is_ascii_alphanumeric() && c != '-') {
            let is_known = known.iter().any(|one| one == word) || general.contains(&word);
            let is_option = word.len() > 2 && word.starts_with("--");
            assert!(is_known || !is_option, "{section}: there is no {word}");
        }
    }
}

#[test]
fn the_manual_page_can_be_read() {
    let formatted = process::Command::new("groff")
        .args(["-man", "-ww", "-Tutf8", "-rLL=80n"])
        .arg(page())
        .output()
        .unwrap_or_else(|error| panic!("groff: {error}; apt-get install groff-base"));
    let warnings = String::from_utf8_lossy(&formatted.stderr);
    assert!(
        formatted.status.success() && warnings.is_empty(),
        "{warnings}"
    );
    assert!(formatted.stdout.len() > 1000);
}

/// Gives a script to a program; whether it is content, and what it said.
fn feed(program: &str, arguments: &[&str], text: &[u8]) -> Option<(bool, String)> {
    let mut child = process::Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .ok()?;
    child.stdin.take().unwrap().write_all(text).unwrap();
    let output = child.wait_with_output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    Some((output.status.success(), said))
}

#[test]
fn completions_are_good_shell_and_know_every_command() {
    for shell in For::value_variants() {
        let script = script(*shell);
        let text = String::from_utf8_lossy(&script).into_owned();
        for command in Cli::command().get_subcommands() {
            assert!(names(&text, command.get_name()), "{shell:?}: {command}");
            for option in typed(command).iter().filter(|word| word.starts_with("--")) {
                let word = match shell {
                    For::Fish => option.trim_start_matches('-'),
                    _ => option,
                };
                assert!(names(&text, word), "{shell:?}: no {option}");
            }
        }
        assert!(!text.contains("prepared"), "{shell:?}: it is hidden");
        let name = format!("{shell:?}").to_lowercase();
        let option = if name == "fish" { "--no-execute" } else { "-n" };
        match feed(&name, &[option], &script) {
            Some(checked) => assert_eq!(checked, (true, String::new()), "{name}"),
            None => assert_ne!(*shell, For::Bash, "there is no bash"),
        }
    }
}

/// What bash would offer after these words.
fn offered(words: &[&str]) -> String {
    let mut session = script(For::Bash);
    let last = words.len() - 1;
    let line = format!(
        "\nCOMP_WORDS=({}); COMP_CWORD={last}
         _smcctl smcctl '{}' '{}'; echo \" ${{COMPREPLY[*]}} \"\n",
        words.join(" "),
        words[last],
        words[last - 1],
    );
    session.extend(line.as_bytes());
    feed("bash", &["--norc"], &session).unwrap().1
}

#[test]
fn bash_offers_what_can_come_next() {
    let commands = offered(&["smcctl", "''"]);
    for command in Cli::command().get_subcommands() {
        let name = format!(" {} ", command.get_name());
        assert!(commands.contains(&name), "{name}: {commands}");
    }
    assert_eq!(offered(&["smcctl", "pn"]).trim(), "pnetid");
    let actions = offered(&["smcctl", "ueid", "''"]);
    for action in ["list", "add", "remove", "flush"] {
        assert!(names(&actions, action), "{actions}");
    }
    assert!(names(&offered(&["smcctl", "completions", "z"]), "zsh"));
}
