// SPDX-License-Identifier: MIT OR Apache-2.0
//! Runs the commands of a transcript and compares what they print.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use super::{difference, Transcript};
use crate::machine::{Machine, Running};
use std::io::Write;

/// Replays `transcript` of `document`; `script` makes of a command the script that
/// `machine` runs, with both streams in one. What was not as shown.
///
/// # Panics
/// When the machine does not answer, or what runs in the background does not start.
#[must_use]
pub fn replay(
    document: &str,
    transcript: &Transcript,
    machine: Machine,
    script: &dyn Fn(&str) -> String,
) -> Vec<String> {
    let background: Vec<_> = transcript
        .background
        .iter()
        .enumerate()
        .map(|(number, command)| start(machine, command, number, script))
        .collect();
    let mut problems = Vec::new();
    for (index, step) in transcript.steps.iter().enumerate() {
        let output = machine.run(&script(&step.command)).unwrap().out;
        if let Some(difference) = difference(&step.output, &output) {
            let (line, command) = (step.line, &step.command);
            problems.push(format!("{document}:{line}: {command}\n{difference}"));
        }
        if let Some(port) = transcript.listens.filter(|_| index == 0) {
            machine.wait_for_listener(port).unwrap();
        }
    }
    for running in background {
        running.end().unwrap();
    }
    problems
}

/// Starts a command; returns when it has written something, such as a server's answer.
fn start(
    machine: Machine,
    command: &str,
    number: usize,
    script: &dyn Fn(&str) -> String,
) -> Running {
    let file = format!("/tmp/smc-shim-replay-{}-{number}", std::process::id());
    let running = script(&format!("exec {command} >{file}"));
    let running = machine.start(&running).unwrap();
    let waited = format!(
        "for try in $(seq 300); do [ -s {file} ] && rm {file} && exit; sleep 0.1; done; exit 1"
    );
    let waited = machine.run(&waited).unwrap();
    assert_eq!(waited.status, 0, "{command}: wrote nothing in 30 s");
    running
}

/// Says on standard output, which the test harness does not capture here, that a
/// transcript is not replayed.
pub fn print_skipped(document: &str, transcript: &Transcript, reason: &str) {
    let line = transcript.line;
    let _ = writeln!(std::io::stdout(), "skipped: {document}:{line}: {reason}");
}
