// SPDX-License-Identifier: MIT OR Apache-2.0
//! `smcctl`: checks, configures and monitors SMC.

use clap::Parser;
use smcctl::cli::Cli;
use smcctl::output::Output;
use std::process::ExitCode;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let mut output = Output::new(cli.json);
    match cli.command.run(&mut output) {
        Ok(status) => status,
        Err(failure) => failure.report(),
    }
}

/// The loader calls this before Rust's runtime changes the signal actions.
#[used]
#[link_section = ".init_array"]
static AT_LOAD: extern "C" fn() = smcctl::run::signals::save_inherited;
