// SPDX-License-Identifier: MIT OR Apache-2.0
//! `smcctl completions`: completion scripts for shells.

use crate::cli::Cli;
use crate::failure::{Failure, Outcome};
use clap::{Args, Command, CommandFactory, ValueEnum};
use clap_complete::{generate, Shell};
use std::io::{self, Write};
use std::process::ExitCode;

/// Arguments of `smcctl completions`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The shell
    shell: For,
}

/// The supported shells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum For {
    /// `/usr/share/bash-completion/completions/smcctl`
    Bash,
    /// `_smcctl` in a directory of `$fpath`
    Zsh,
    /// `~/.config/fish/completions/smcctl.fish`
    Fish,
}

/// Returns the script for a shell.
#[must_use]
pub fn script(shell: For) -> Vec<u8> {
    let shell = match shell {
        For::Bash => Shell::Bash,
        For::Zsh => Shell::Zsh,
        For::Fish => Shell::Fish,
    };
    // clap_complete would also offer hidden options.
    let mut command = Cli::command().mut_subcommand("run", |run| {
        let shown: Vec<_> = run
            .get_arguments()
            .filter(|one| !one.is_hide_set())
            .collect();
        let about = run.get_about().cloned().unwrap_or_default();
        Command::new("run").about(about).args(shown)
    });
    let mut script = Vec::new();
    generate(shell, &mut command, "smcctl", &mut script);
    script
}

/// Runs it. `--json` has no effect.
///
/// # Errors
/// When writing to standard output fails.
pub fn run(arguments: &Arguments) -> Outcome {
    let mut out = io::stdout().lock();
    out.write_all(&script(arguments.shell))
        .and_then(|()| out.flush())
        .map_err(|error| Failure::of_output(&error))?;
    Ok(ExitCode::SUCCESS)
}
