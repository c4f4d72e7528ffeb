// SPDX-License-Identifier: MIT OR Apache-2.0
//! `smcctl apply`: applies a configuration file.

use crate::configuration::apply::{apply, Applied, Status};
use crate::configuration::parse::{parse, Problem};
use crate::configuration::{Line, FILE};
use crate::failure::{words, Failure, Outcome, EXIT_FALSE};
use crate::output::{Column, Output, Report, Table};
use crate::system::files::Root;
use anstream::eprintln;
use clap::{Args, ValueHint};
use serde::Serialize;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Exit status for a file with an error.
const INVALID_FILE: u8 = 2;

/// Arguments of `smcctl apply`.
#[derive(Debug, Args)]
#[command(after_help = "\
Exit status:
  0  all settings are set
  1  some settings failed; with --dry-run: some settings differ
  2  usage error, or an error in the file: nothing was changed")]
pub struct Arguments {
    /// The file; - for standard input
    #[arg(default_value = FILE, value_hint = ValueHint::FilePath)]
    file: PathBuf,
    /// Show what would change, and change nothing
    #[arg(short = 'n', long)]
    dry_run: bool,
}

#[derive(Serialize)]
struct Row {
    line: usize,
    setting: String,
    outcome: Status,
    note: Option<&'static str>,
    reason: Option<String>,
    fix: Option<String>,
}

#[derive(Serialize)]
struct ApplyReport {
    file: PathBuf,
    dry_run: bool,
    settings: Vec<Row>,
}

impl Report for ApplyReport {
    fn text(&self) -> String {
        let mut table = Table::new(&[
            Column::Left("OUTCOME"),
            Column::Right("LINE"),
            Column::Left("SETTING"),
            Column::Left("NOTE"),
        ]);
        for row in &self.settings {
            let outcome = match row.outcome {
                Status::Already => "already set",
                Status::Changed => "changed",
                Status::WouldChange => "would change",
                Status::Failed => "failed",
            };
            table.row([
                outcome.to_owned(),
                row.line.to_string(),
                row.setting.clone(),
                row.note.unwrap_or_default().to_owned(),
            ]);
        }
        table.text()
    }
}

/// Runs the command.
///
/// # Errors
/// When the file cannot be read.
pub fn run(arguments: &Arguments, output: &mut Output) -> Outcome {
    let file = &arguments.file;
    let lines = match parse(&text(file)?) {
        Ok(lines) => lines,
        Err(problems) => {
            for Problem { line, what } in problems {
                eprintln!("smcctl: {}:{line}: {what}", name(file));
            }
            eprintln!("smcctl: nothing was changed");
            return Ok(ExitCode::from(INVALID_FILE));
        }
    };
    if lines.is_empty() {
        output.say(&format!("{}: no settings", name(file)))?;
    }
    let applied = apply(&Root::new("/"), lines, arguments.dry_run);
    let all_set = applied
        .iter()
        .all(|one| matches!(one.status, Status::Already | Status::Changed));
    if !applied.is_empty() || output.is_json() {
        output.show(&ApplyReport {
            file: file.clone(),
            dry_run: arguments.dry_run,
            settings: applied.iter().map(row).collect(),
        })?;
    }
    report_failures(file, &applied);
    Ok(ExitCode::from(if all_set { 0 } else { EXIT_FALSE }))
}

fn row(applied: &Applied) -> Row {
    let failure = applied.failure.as_ref();
    Row {
        line: applied.line.number,
        setting: applied.line.setting.to_string(),
        outcome: applied.status,
        note: applied.note,
        reason: failure.map(|failure| failure.what().to_owned()),
        fix: failure.and_then(Failure::fix).map(str::to_owned),
    }
}

/// Prints why settings failed, without repeating the line before.
fn report_failures(file: &Path, applied: &[Applied]) {
    let mut before = None;
    for one in applied {
        let Some(failure) = &one.failure else {
            continue;
        };
        if before != Some(failure) {
            let Line { number, .. } = one.line;
            let _ = failure.at(&format!("{}:{number}", name(file))).report();
        }
        before = Some(failure);
    }
}

fn name(file: &Path) -> String {
    if file == Path::new("-") {
        "standard input".to_owned()
    } else {
        file.display().to_string()
    }
}

fn text(file: &Path) -> Result<String, Failure> {
    let read = if file == Path::new("-") {
        io::read_to_string(io::stdin())
    } else {
        fs::read_to_string(file)
    };
    read.map_err(|error| match error.kind() {
        ErrorKind::NotFound => {
            Failure::new(format!("cannot find {}", file.display())).fixed_by("sudo smcctl save")
        }
        ErrorKind::InvalidData => Failure::new(format!("cannot read {}: not UTF-8", name(file))),
        _ => Failure::new(format!("cannot read {}: {}", name(file), words(&error))),
    })
}
