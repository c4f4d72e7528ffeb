// SPDX-License-Identifier: MIT OR Apache-2.0
//! The command line. One more command: a line in [`Command`], a line in `run`,
//! and a file in [`crate::commands`].

use crate::commands::{
    apply, check, compare, completions, connections, devices, enable, explain, limit_handshakes,
    linkgroups, links, list, load, pnetid, run, save, seid, stats, ueid,
};
use crate::failure::Outcome;
use crate::output::Output;
use clap::{Parser, Subcommand};

const EXIT_STATUS: &str = "\
Exit status:
  0  it is so, or it was done
  1  it is not so, or it failed: standard error says why and what puts it right
  2  a wrong command line";

/// Is this host ready for SMC, and is it really SMC?
///
/// Shows and sets what Shared Memory Communications on Linux needs.
#[derive(Debug, Parser)]
#[command(name = "smcctl", version, after_help = EXIT_STATUS, max_term_width = 80)]
#[command(subcommand_required = true, arg_required_else_help = true)]
pub struct Cli {
    /// Answer in JSON
    #[arg(long, global = true)]
    pub json: bool,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What can be asked and done.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Is this host ready for SMC, and what is missing?
    Check(check::Arguments),
    /// Every SMC socket: what it really is, whose, and why it is TCP
    Connections(connections::Arguments),
    /// Load the kernel modules of SMC
    Load(load::Arguments),
    /// What a reason for falling back to TCP means, and what to do about it
    Explain(explain::Arguments),
    /// Show the devices that SMC can use, by pnetid
    Devices(devices::Arguments),
    /// Show the link groups: what connections to a host share
    Linkgroups(linkgroups::Arguments),
    /// Show the links of SMC-R link groups
    Links(links::Arguments),
    /// Show what the kernel has counted
    Stats(stats::Arguments),
    /// Show and set which devices share a network
    Pnetid(pnetid::Arguments),
    /// Show and set user EIDs; SMC version 2 needs a common one
    Ueid(ueid::Arguments),
    /// Show and set the system EID (IBM Z only)
    Seid(seid::Arguments),
    /// Show and set whether a busy server answers with TCP
    LimitHandshakes(limit_handshakes::Arguments),
    /// Set what a configuration file says
    Apply(apply::Arguments),
    /// Write what is set now to a configuration file
    Save(save::Arguments),
    /// Put a service of systemd on SMC, by a drop-in
    Enable(enable::Arguments),
    /// Take a service off SMC again
    Disable(enable::Disable),
    /// Show the services that were put on SMC, and what their connections are
    List(list::Arguments),
    /// Run a program over SMC, and say what its connections were
    Run(run::Arguments),
    /// Write what a shell needs to complete these commands
    Completions(completions::Arguments),
    /// Is a workload faster on SMC? Runs it over TCP and over SMC in turn
    Compare(Box<compare::Arguments>),
}

impl Command {
    /// Does it.
    ///
    /// # Errors
    /// Why it could not be done.
    pub fn run(self, output: &mut Output) -> Outcome {
        match self {
            Self::Check(arguments) => check::run(&arguments, output),
            Self::Connections(arguments) => connections::run(&arguments, output),
            Self::Load(arguments) => load::run(&arguments, output),
            Self::Explain(arguments) => explain::run(&arguments, output),
            Self::Devices(arguments) => devices::run(&arguments, output),
            Self::Linkgroups(arguments) => linkgroups::run(&arguments, output),
            Self::Links(arguments) => links::run(&arguments, output),
            Self::Stats(arguments) => stats::run(&arguments, output),
            Self::Pnetid(arguments) => pnetid::run(&arguments, output),
            Self::Ueid(arguments) => ueid::run(&arguments, output),
            Self::Seid(arguments) => seid::run(&arguments, output),
            Self::LimitHandshakes(arguments) => limit_handshakes::run(&arguments, output),
            Self::Apply(arguments) => apply::run(&arguments, output),
            Self::Save(arguments) => save::run(&arguments, output),
            Self::Enable(arguments) => enable::run(&arguments, output),
            Self::Disable(arguments) => enable::disable(&arguments, output),
            Self::List(arguments) => list::run(&arguments, output),
            Self::Run(arguments) => run::run(arguments, output),
            Self::Completions(arguments) => completions::run(&arguments),
            Self::Compare(arguments) => compare::run(&arguments, output),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
