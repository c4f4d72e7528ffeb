// SPDX-License-Identifier: MIT OR Apache-2.0
//! `smcctl run`: starts a program by `smc_run`, and tells afterwards what its
//! connections were if it is asked to.

use crate::failure::{words, Failure, Outcome};
use crate::output::{Output, Report};
use crate::run::not_counted::NotCounted;
use crate::run::reader::Reader;
use crate::run::reason::Explainer;
use crate::run::report::ConnectionReport;
use crate::run::shared_memory::SharedTable;
use crate::run::start::{inherits_signals, kernel_has_smc, open_files, Running, Signals};
use clap::{Args, ValueHint};
use smc_policy::Config;
use std::ffi::{OsStr, OsString};
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{exit, Command};

/// Transport to run, and how.
#[derive(Debug, Args)]
#[command(override_usage = "smcctl run [--report] [smc_run options] [--] COMMAND [ARGUMENTS]")]
pub struct Arguments {
    /// Say on standard error what its connections were when it has ended
    #[arg(long)]
    report: bool,
    /// Transport smc_run wants preloaded; it has seen to everything else.
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

/// Does it; comes back only when it cannot.
///
/// # Errors
/// When there is no `smc_run`, no library, or no shared memory.
pub fn run(arguments: Arguments, output: &Output) -> Outcome {
    match arguments.prepared {
        Some(preload) => report(&arguments.command, &preload, output),
        None => Err(hand_over(&arguments, output)),
    }
}

/// Becomes `smc_run`, which knows the options and, for a report, comes back here.
fn hand_over(arguments: &Arguments, output: &Output) -> Failure {
    let Some(smc_run) = smc_run() else {
        return Failure::new("there is no smc_run beside smcctl or above it");
    };
    let mut command = Command::new(&smc_run);
    if arguments.report {
        command.arg(if output.is_json() {
            "--report=json"
        } else {
            "--report"
        });
    }
    inherits_signals(&mut command);
    let error = command.args(&arguments.command).exec();
    Failure::new(format!(
        "cannot execute {}: {}",
        smc_run.display(),
        words(&error)
    ))
}

/// Beside this program, or at the top of the checkout that it was built in.
pub(crate) fn smc_run() -> Option<PathBuf> {
    let folder = folder()?;
    let in_checkout = folder
        .ancestors()
        .filter(|above| above.join("Cargo.toml").exists());
    std::iter::once(folder.as_path())
        .chain(in_checkout)
        .map(|folder| folder.join("smc_run"))
        .find(|path| path.is_file())
}

fn folder() -> Option<PathBuf> {
    Some(std::env::current_exe().ok()?.parent()?.to_owned())
}

pub(crate) const SHIM: &str = "libsmc_shim.so";
pub(crate) const LIBRARY: &str = "libsmc_report.so";

/// Adds the report's library to those that are preloaded: in front of the shim, which
/// is behind nothing but what has to be the first, such as a sanitizer's runtime.
pub(crate) fn add_library(preload: &mut Vec<PathBuf>) -> Result<(), Failure> {
    let place = preload.iter().position(|library| library.ends_with(SHIM));
    let library = library(preload)?;
    preload.insert(place.unwrap_or(preload.len()), library);
    Ok(())
}

/// Beside this program, beside the shim, or where libraries are installed.
fn library(preload: &[PathBuf]) -> Result<PathBuf, Failure> {
    let folder = folder().unwrap_or_default();
    let beside_shim = preload
        .iter()
        .filter(|library| library.ends_with(SHIM))
        .filter_map(|library| library.parent());
    let lib = folder.with_file_name("lib");
    // As Debian's packages have it.
    let of_architecture = lib.join(format!("{}-linux-gnu/smc-shim", std::env::consts::ARCH));
    let found = [folder.as_path()]
        .into_iter()
        .chain(beside_shim)
        .chain([lib.as_path(), &lib.join("smc-shim"), &of_architecture])
        .map(|folder| folder.join(LIBRARY))
        .find(|path| path.is_file());
    let found = found.ok_or_else(|| {
        Failure::new(format!("there is no {LIBRARY} beside smcctl or {SHIM}"))
            .fixed_by("cargo build --release -p smc-report")
    })?;
    if found
        .as_os_str()
        .as_bytes()
        .iter()
        .any(|byte| b" :$".contains(byte))
    {
        let path = found.display();
        return Err(Failure::new(format!(
            "{path}: LD_PRELOAD takes no path with a space, colon or dollar sign; move it"
        )));
    }
    Ok(found)
}

/// Runs the command with what is to be preloaded, and tells.
fn report(command: &[OsString], preload: &OsStr, output: &Output) -> Outcome {
    let config = Config::from_env(|name| std::env::var_os(name))
        .map_err(|problem| Failure::new(problem.to_string()))?;
    let name = command.first().map(Path::new).and_then(Path::file_name);
    let name = name.unwrap_or_default().to_string_lossy().into_owned();

    let mut libraries: Vec<PathBuf> = preload
        .as_bytes()
        .split(|byte| b" :".contains(byte))
        .filter(|path| !path.is_empty() && !path.ends_with(LIBRARY.as_bytes()))
        .map(|path| PathBuf::from(OsStr::from_bytes(path)))
        .collect();
    let inherited = open_files();
    let shared = SharedTable::create()?;
    let mut variables = Vec::new();
    // Transport the shim cannot enter, this library must not.
    if config.disabled || libraries.iter().any(|library| library.ends_with(SHIM)) {
        add_library(&mut libraries)?;
        variables.push((table::VARIABLE, Some(shared.path().into())));
    }
    let joined = libraries.iter().map(|path| path.as_os_str());
    let joined = joined.collect::<Vec<_>>().join(OsStr::new(":"));
    variables.push((
        "LD_PRELOAD",
        Some(joined).filter(|joined| !joined.is_empty()),
    ));

    let signals = Signals::block();
    let reader = Reader::begin(shared.table(), Explainer::new(config, kernel_has_smc()))?;
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
    let (end, goes_on) = running.wait(&signals, || {
        say(
            "smcctl: the command has ended, and goes on in the background; the report comes\n\
             smcctl: when all of it has ended, or now when this process is interrupted\n",
        );
    });
    let tally = reader.end();
    let is_counted = shared.table().programs() > 0;
    let not_counted = (
        NotCounted::of(shared.table()),
        shared.table().without_connect(),
    );
    drop(shared);
    let told = ConnectionReport::new(name, &tally, is_counted, not_counted, goes_on);
    if output.is_json() {
        let text = serde_json::to_string_pretty(&told).unwrap_or_default();
        say(&format!("{text}\n"));
    } else {
        say(&told.text());
    }
    end.repeat()
}

/// Standard output is the program's.
fn say(text: &str) {
    let _ = anstream::stderr().lock().write_all(text.as_bytes());
}
