// SPDX-License-Identifier: MIT OR Apache-2.0
//! The command line. A new command needs a line in [`Command`], a line in `run` and a
//! file in [`crate::commands`].

use crate::commands::{
    apply, check, compare, completions, connections, devices, enable, explain, limit_handshakes,
    linkgroups, links, list, load, pnetid, run, save, seid, stats, ueid,
};
use crate::failure::Outcome;
use crate::output::Output;
use clap::{Parser, Subcommand};

const EXIT_STATUS: &str = "\
Exit status:
  0  success or condition true
  1  failure or condition false; standard error has the reason and the fix
  2  usage error";

/// Check, configure and monitor SMC (Shared Memory Communications)
#[derive(Debug, Parser)]
#[command(name = "smcctl", version, after_help = EXIT_STATUS, max_term_width = 80)]
#[command(subcommand_required = true, arg_required_else_help = true)]
pub struct Cli {
    /// Print JSON
    #[arg(long, global = true)]
    pub json: bool,
    /// The command.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Check whether this host is ready for SMC
    Check(check::Arguments),
    /// Show all SMC sockets: their mode, process, and why some are TCP
    Connections(connections::Arguments),
    /// Load the kernel modules of SMC
    Load(load::Arguments),
    /// Explain a reason for falling back to TCP, and what to do
    Explain(explain::Arguments),
    /// Show the devices that SMC can use, by pnetid
    Devices(devices::Arguments),
    /// Show the link groups that connections share
    Linkgroups(linkgroups::Arguments),
    /// Show the links of SMC-R link groups
    Links(links::Arguments),
    /// Show the kernel's statistics
    Stats(stats::Arguments),
    /// Show and set which devices share a network
    Pnetid(pnetid::Arguments),
    /// Show and set user EIDs, which SMC version 2 needs
    Ueid(ueid::Arguments),
    /// Show and set the system EID (IBM Z only)
    Seid(seid::Arguments),
    /// Show and set whether a busy server falls back to TCP
    LimitHandshakes(limit_handshakes::Arguments),
    /// Apply a configuration file
    Apply(apply::Arguments),
    /// Save the current settings to a configuration file
    Save(save::Arguments),
    /// Make a systemd service use SMC, by a drop-in
    Enable(enable::Arguments),
    /// Remove the drop-in of a service
    Disable(enable::Disable),
    /// Show the enabled services and what their connections are
    List(list::Arguments),
    /// Run a program over SMC, and report what its connections were
    Run(run::Arguments),
    /// Print a completion script for a shell
    Completions(completions::Arguments),
    /// Compare a workload over TCP and over SMC
    Compare(Box<compare::Arguments>),
}

impl Command {
    /// Runs the command.
    ///
    /// # Errors
    /// When the command fails.
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
