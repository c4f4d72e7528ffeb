// SPDX-License-Identifier: MIT OR Apache-2.0
//! `smcctl limit-handshakes`: whether a server under load falls back to TCP.

use crate::failure::{Failure, Outcome};
use crate::kernel::generic::{refused, Family};
use crate::kernel::settings;
use crate::output::{Output, Report};
use clap::{Args, Subcommand};
use serde::Serialize;
use std::process::ExitCode;

/// Arguments of `smcctl limit-handshakes`.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Clone, Copy, Debug, Subcommand)]
enum Action {
    /// Show whether the limit is on
    Show,
    /// A busy server uses TCP for new connections
    #[command(visible_alias = "on")]
    Enable,
    /// New connections wait for their SMC handshake
    #[command(visible_alias = "off")]
    Disable,
}

#[derive(Serialize)]
struct Limit {
    limit_handshakes: bool,
}

impl Report for Limit {
    fn text(&self) -> String {
        if self.limit_handshakes {
            "enabled: a server busy with SMC handshakes uses TCP\n".to_owned()
        } else {
            "disabled: connections to a busy server wait for their SMC handshake\n".to_owned()
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
    output.show(&Limit {
        limit_handshakes: settings::is_handshake_limit_enabled()?,
    })?;
    Ok(ExitCode::SUCCESS)
}

/// Enables or disables the limit.
pub(crate) fn set(limited: bool) -> Result<(), Failure> {
    settings::set_handshake_limit(Family::smc()?, limited)
        .map_err(|error| refused("set the handshake limit", &error))
}
