// SPDX-License-Identifier: MIT OR Apache-2.0
//! `smcctl completions`: what a shell needs to complete smcctl's commands.

use crate::cli::Cli;
use crate::failure::{Failure, Outcome};
use clap::{Args, Command, CommandFactory, ValueEnum};
use clap_complete::{generate, Shell};
use std::io::{self, Write};
use std::process::ExitCode;

/// Arguments of `smcctl completions`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The shell that is to read it
    shell: For,
}

/// The shells that smcctl speaks to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum For {
    /// `/usr/share/bash-completion/completions/smcctl`
    Bash,
    /// `_smcctl` in a folder of `$fpath`
    Zsh,
    /// `~/.config/fish/completions/smcctl.fish`
    Fish,
}

/// The script for a shell.
#[must_use]
pub fn script(shell: For) -> Vec<u8> {
    let shell = match shell {
        For::Bash => Shell::Bash,
        For::Zsh => Shell::Zsh,
        For::Fish => Shell::Fish,
    };
    // clap_complete offers what is hidden, too.
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

/// Runs it. `--json` changes nothing: shells read shell.
///
/// # Errors
/// When standard output takes no more.
pub fn run(arguments: &Arguments) -> Outcome {
    let mut out = io::stdout().lock();
    out.write_all(&script(arguments.shell))
        .and_then(|()| out.flush())
        .map_err(|error| Failure::of_output(&error))?;
    Ok(ExitCode::SUCCESS)
}
