// SPDX-License-Identifier: MIT OR Apache-2.0
//! `smcctl seid`: the EID that IBM Z machines have by themselves.

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

/// Runs it.
///
/// # Errors
/// Why it could not be done.
pub fn run(arguments: &Arguments, output: &mut Output) -> Outcome {
    let action = arguments.action.unwrap_or(Action::Show);
    if !matches!(action, Action::Show) {
        set(matches!(action, Action::Enable))?;
    }
    output.show(&settings::read_seid()?)?;
    Ok(ExitCode::SUCCESS)
}

/// Has it offered to peers, or not.
pub(crate) fn set(enable: bool) -> Result<(), Failure> {
    settings::set_seid(Family::smc()?, enable).map_err(|error| match error.raw_os_error() {
        Some(errno::EOPNOTSUPP) => {
            Failure::new("this machine has no system EID: only IBM Z has one")
        }
        Some(errno::ENOENT) => Failure::new("without a user EID the system EID must stay enabled")
            .fixed_by("sudo smcctl ueid add UEID"),
        _ => refused("change the system EID", &error),
    })
}
