// SPDX-License-Identifier: MIT OR Apache-2.0
//! `smcctl run`, which `smc_run` becomes: starts a program over SMC, and with `--report`
//! prints afterwards what its connections were.

use crate::failure::{words, Failure, Outcome};
use crate::kernel::smc_socket::Supported;
use crate::launch::{self, Format, Launch, Parsed};
use crate::output::{Output, Report};
use crate::preload::{self, Libraries};
use crate::run::child::Running;
use crate::run::descriptors;
use crate::run::not_counted::NotCounted;
use crate::run::reader::Reader;
use crate::run::reason::Explainer;
use crate::run::report::ConnectionReport;
use crate::run::shared_memory::SharedTable;
use crate::run::signals::Signals;
use clap::{Args, ValueHint};
use smc_core::report::table;
use std::ffi::OsString;
use std::io::{self, Write};
use std::path::Path;
use std::process::{exit, ExitCode};

/// Arguments of `smcctl run`.
#[derive(Debug, Args)]
#[command(override_usage = "smcctl run [--report] [smc_run options] [--] COMMAND [ARGUMENTS]")]
#[command(disable_help_flag = true)]
pub struct Arguments {
    /// At the end print on standard error what its connections were
    #[arg(long)]
    report: bool,
    /// Options of smc_run (`smc_run -h` lists them), and the command
    #[arg(
        trailing_var_arg = true,
        allow_hyphen_values = true,
        value_name = "COMMAND",
        value_hint = ValueHint::CommandWithArguments
    )]
    command: Vec<OsString>,
}

/// Runs the command; returns only on failure.
///
/// # Errors
/// When shared memory for the report is missing.
pub fn run(arguments: Arguments, output: &Output) -> Outcome {
    let report = arguments.report.then(|| "--report".into());
    let command = report.into_iter().chain(arguments.command);
    start(command.collect(), output.is_json())
}

/// The same for the arguments behind `smcctl run`.
///
/// # Errors
/// As [`run`].
pub fn start(arguments: Vec<OsString>, is_json: bool) -> Outcome {
    let options = match launch::parse(arguments) {
        Ok(Parsed::Start(options)) => options,
        Ok(Parsed::Print(text)) => {
            let _ = io::stdout().write_all(text.as_bytes());
            return Ok(ExitCode::SUCCESS);
        }
        Err(refusal) => return Ok(refusal.report()),
    };
    let launch = match launch::prepare(&options) {
        Ok(launch) => launch,
        Err(refusal) => return Ok(refusal.report()),
    };
    if options.is_dry_run {
        let printed = io::stdout().write_all(&launch.for_a_shell());
        return printed.map(|()| ExitCode::SUCCESS).map_err(|error| {
            Failure::new(format!(
                "cannot write to standard output: {}",
                words(&error)
            ))
        });
    }
    match options.report {
        Some(format) => report(&launch, is_json || format == Format::Json),
        None => Ok(launch.exec().report()),
    }
}

/// Runs the command and prints the report.
fn report(launch: &Launch, is_json: bool) -> Outcome {
    let name = Path::new(launch.name()).file_name();
    let name = name.unwrap_or_default().to_string_lossy().into_owned();

    let inherited = descriptors::open();
    let shared = SharedTable::create()?;
    let mut variables = launch.variables.clone();
    let list = launch.value(preload::VARIABLE).unwrap_or_default();
    // The shim reports; the connections of a program that cannot load it are not counted.
    if Libraries::parse(&list).find(preload::SHIM).is_some() {
        variables.push((table::VARIABLE, Some(shared.path().into())));
    }

    let signals = Signals::block();
    let reader = Reader::begin(
        shared.table(),
        Explainer::new(launch.config.clone(), Supported::probe().any()),
    )?;
    let running = match Running::start(&launch.command, &variables, &signals, &inherited) {
        Ok(running) => running,
        Err(error) => {
            let failure = Failure::new(format!("{name}: {}", words(&error)));
            let _ = failure.report();
            drop(shared);
            exit(if error.kind() == io::ErrorKind::NotFound {
                127
            } else {
                126
            });
        }
    };
    let (end, is_background) = running.wait(&signals, || {
        print(
            "smcctl: the command goes on in the background; the report comes when all of its\n\
             smcctl: processes have ended, or now when this process is interrupted\n",
        );
    });
    let tally = reader.end();
    let is_counted = shared.table().programs() > 0;
    let not_counted = (
        NotCounted::of(shared.table()),
        shared.table().without_connect(),
    );
    drop(shared);
    let report = ConnectionReport::new(name, &tally, is_counted, not_counted, is_background);
    if is_json {
        let text = serde_json::to_string_pretty(&report).unwrap_or_default();
        print(&format!("{text}\n"));
    } else {
        print(&report.text());
    }
    end.repeat()
}

/// Prints on standard error, since standard output is the program's.
fn print(text: &str) {
    let _ = anstream::stderr().lock().write_all(text.as_bytes());
}
