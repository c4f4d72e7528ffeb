// SPDX-License-Identifier: MIT OR Apache-2.0
//! `smcctl seid`: the system EID, which IBM Z machines have.

use crate::failure::{Failure, Outcome};
use crate::kernel::generic::{errno, refused, Family};
use crate::kernel::settings::{self, Seid};
use crate::output::{Output, Report};
use clap::{Args, Subcommand};
use std::process::ExitCode;

/// Arguments of `smcctl seid`.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Clone, Copy, Debug, Subcommand)]
enum Action {
    /// Show the system EID and whether it is offered to peers
    Show,
    /// Offer it to peers
    Enable,
    /// Offer user EIDs only
    Disable,
}

impl Report for Seid {
    fn text(&self) -> String {
        match &self.seid {
            Some(seid) if self.enabled => format!("{seid} (enabled)\n"),
            Some(seid) => format!("{seid} (disabled)\n"),
            None => "none: only IBM Z with ISM version 2 has a system EID; \
                     use a user EID (smcctl ueid)\n"
                .to_owned(),
        }
    }
}

/// Runs the command.
///
/// # Errors
/// When the kernel refuses it.
pub fn run(arguments: &Arguments, output: &mut Output) -> Outcome {
    let action = arguments.action.unwrap_or(Action::Show);
    if !matches!(action, Action::Show) {
        set(matches!(action, Action::Enable))?;
    }
    output.show(&settings::read_seid()?)?;
    Ok(ExitCode::SUCCESS)
}

/// Enables or disables offering it to peers.
pub(crate) fn set(enable: bool) -> Result<(), Failure> {
    settings::set_seid(Family::smc()?, enable).map_err(|error| match error.raw_os_error() {
        Some(errno::EOPNOTSUPP) => {
            Failure::new("this machine has no system EID; only IBM Z has one")
        }
        Some(errno::ENOENT) => Failure::new("cannot disable the system EID without a user EID")
            .fixed_by("sudo smcctl ueid add UEID"),
        _ => refused("change the system EID", &error),
    })
}
