// SPDX-License-Identifier: MIT OR Apache-2.0
//! `smcctl`: checks, configures and monitors SMC.

use clap::Parser;
use smcctl::cli::Cli;
use smcctl::commands::run;
use smcctl::output::Output;
use std::process::ExitCode;

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    // smc_run starts programs by this: without the rest of the command line, it is faster.
    let outcome = if arguments.next().is_some_and(|command| command == "run") {
        run::start(arguments.collect(), false)
    } else {
        let cli = Cli::parse();
        cli.command.run(&mut Output::new(cli.json))
    };
    outcome.unwrap_or_else(|failure| failure.report())
}

/// The loader calls this before Rust's runtime changes signal actions and opens descriptors.
#[used]
#[link_section = ".init_array"]
static AT_LOAD: extern "C" fn() = {
    extern "C" fn at_load() {
        smcctl::run::signals::save_inherited();
        smcctl::run::descriptors::save_closed();
    }
    at_load
};
