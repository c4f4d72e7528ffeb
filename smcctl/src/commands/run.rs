// SPDX-License-Identifier: MIT OR Apache-2.0
//! `smcctl run`: starts a program with `smc_run`, and with `--report` prints afterwards
//! what its connections were.

use crate::failure::{words, Failure, Outcome};
use crate::kernel::smc_socket::Supported;
use crate::output::{Output, Report};
use crate::preload::{self, Libraries};
use crate::run::child::Running;
use crate::run::descriptors;
use crate::run::not_counted::NotCounted;
use crate::run::reader::Reader;
use crate::run::reason::Explainer;
use crate::run::report::ConnectionReport;
use crate::run::shared_memory::SharedTable;
use crate::run::signals::{self, Signals};
use crate::smc_run;
use clap::{Args, ValueHint};
use smc_core::report::table;
use smc_policy::Config;
use std::ffi::{OsStr, OsString};
use std::io::{self, Write};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{exit, Command};

/// Arguments of `smcctl run`.
#[derive(Debug, Args)]
#[command(override_usage = "smcctl run [--report] [smc_run options] [--] COMMAND [ARGUMENTS]")]
pub struct Arguments {
    /// At the end print on standard error what its connections were
    #[arg(long)]
    report: bool,
    /// The LD_PRELOAD that smc_run determined; it has set up everything else.
    #[arg(long, hide = true)]
    prepared: Option<OsString>,
    /// Options of smc_run (`smc_run -h` lists them), and the command
    #[arg(
        required = true,
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
/// When `smc_run`, the library or shared memory is missing.
pub fn run(arguments: Arguments, output: &Output) -> Outcome {
    match arguments.prepared {
        Some(list) => report(&arguments.command, &list, output),
        None => Err(exec_smc_run(&arguments, output)),
    }
}

/// Becomes `smc_run`, which parses its options and, for a report, executes this again
/// with `--prepared`.
fn exec_smc_run(arguments: &Arguments, output: &Output) -> Failure {
    let smc_run = match smc_run::find_own() {
        Ok(path) => path,
        Err(failure) => return failure,
    };
    let mut command = Command::new(&smc_run);
    if arguments.report {
        command.arg(if output.is_json() {
            "--report=json"
        } else {
            "--report"
        });
    }
    signals::inherit(&mut command);
    let error = command.args(&arguments.command).exec();
    let smc_run = smc_run.display();
    Failure::new(format!("cannot execute {smc_run}: {}", words(&error)))
}

/// Runs the command with the libraries in `prepared`, and prints the report.
fn report(command: &[OsString], prepared: &OsStr, output: &Output) -> Outcome {
    let config = Config::from_env(|name| std::env::var_os(name))
        .map_err(|problem| Failure::new(problem.to_string()))?;
    let name = command.first().map(Path::new).and_then(Path::file_name);
    let name = name.unwrap_or_default().to_string_lossy().into_owned();

    let libraries = Libraries::parse(prepared);
    let inherited = descriptors::open();
    let shared = SharedTable::create()?;
    let mut variables = Vec::new();
    // The shim reports; the connections of a program that cannot load it are not counted.
    if libraries.find(preload::SHIM).is_some() {
        variables.push((table::VARIABLE, Some(shared.path().into())));
    }
    variables.push((preload::VARIABLE, libraries.value()));

    let signals = Signals::block();
    let reader = Reader::begin(
        shared.table(),
        Explainer::new(config, Supported::probe().any()),
    )?;
    let running = match Running::start(command, &variables, &signals, &inherited) {
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
    if output.is_json() {
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
