// SPDX-License-Identifier: MIT OR Apache-2.0
//! `smcctl ueid`: user EIDs, of which hosts need a common one for SMC version 2.

use crate::failure::{Failure, Outcome};
use crate::kernel::generic::{errno, refused, Family};
use crate::kernel::settings::{self, EID_LENGTH, MAX_UEIDS};
use crate::output::{Output, Report};
use clap::{Args, Subcommand};
use serde::Serialize;
use std::fmt::Write;
use std::io;
use std::process::ExitCode;

/// Arguments of `smcctl ueid`.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Show the user EIDs
    #[command(visible_alias = "show")]
    List,
    /// Add a user EID, until the next boot
    Add {
        /// At most 32 letters, digits, `.` and `-`; converted to upper case
        #[arg(value_parser = ueid)]
        ueid: String,
    },
    /// Remove a user EID
    #[command(visible_alias = "del")]
    Remove {
        /// The user EID
        #[arg(value_parser = ueid)]
        ueid: String,
    },
    /// Remove all user EIDs
    Flush,
}

/// Parses a user EID, in the form that the kernel accepts.
pub(crate) fn ueid(text: &str) -> Result<String, String> {
    let allowed = |byte: u8| {
        byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'.' || byte == b'-'
    };
    let text = text.to_ascii_uppercase();
    let first = text.bytes().next();
    if text.len() > EID_LENGTH
        || !text.bytes().all(allowed)
        || !first.is_some_and(|byte| byte.is_ascii_alphanumeric())
    {
        return Err(format!(
            "expected 1 to {EID_LENGTH} letters, digits, . and -, starting with a letter or digit"
        ));
    }
    Ok(text)
}

#[derive(Serialize)]
struct Ueids {
    ueids: Vec<String>,
}

impl Report for Ueids {
    fn text(&self) -> String {
        self.ueids.iter().fold(String::new(), |mut text, ueid| {
            let _ = writeln!(text, "{ueid}");
            text
        })
    }
}

/// Runs the command.
///
/// # Errors
/// When the kernel refuses it.
pub fn run(arguments: &Arguments, output: &mut Output) -> Outcome {
    match &arguments.action {
        None | Some(Action::List) => {}
        Some(Action::Add { ueid }) => add(ueid)?,
        Some(Action::Remove { ueid }) => {
            ignore_again(settings::remove_ueid(Family::smc()?, ueid)).map_err(
                |error| match error.raw_os_error() {
                    Some(errno::ENOENT) => Failure::new(format!("no user EID {ueid} is set")),
                    _ => refused("remove a user EID", &error),
                },
            )?;
        }
        Some(Action::Flush) => ignore_again(settings::flush_ueids(Family::smc()?))
            .map_err(|error| refused("remove the user EIDs", &error))?,
    }
    let ueids = settings::ueids()?;
    if ueids.is_empty() {
        output.say("no user EIDs: SMC version 2 needs one, except within an IBM Z machine")?;
    }
    output.show(&Ueids { ueids })?;
    Ok(ExitCode::SUCCESS)
}

/// Adds a user EID.
pub(crate) fn add(ueid: &str) -> Result<(), Failure> {
    settings::add_ueid(Family::smc()?, ueid).map_err(|error| add_failure(ueid, &error))
}

/// On IBM Z, EAGAIN means that the last one was removed and the system EID was enabled.
fn ignore_again(answer: io::Result<()>) -> io::Result<()> {
    match answer {
        Err(error) if error.raw_os_error() == Some(errno::EAGAIN) => Ok(()),
        answer => answer,
    }
}

fn add_failure(ueid: &str, error: &io::Error) -> Failure {
    match error.raw_os_error() {
        Some(errno::EEXIST) => Failure::new(format!("user EID {ueid} is already set")),
        Some(errno::ERANGE) => Failure::new(format!(
            "cannot add user EID {ueid}: the kernel stores at most {MAX_UEIDS}"
        ))
        .fixed_by("sudo smcctl ueid remove UEID"),
        Some(errno::EINVAL) => Failure::new(format!("the kernel rejects user EID {ueid}")),
        _ => refused("add a user EID", error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invalid_ueid_is_rejected() {
        assert_eq!(ueid("My.eid-1"), Ok("MY.EID-1".to_owned()));
        for bad in ["", ".A", "-A", "A_B", "A B", &"A".repeat(33)] {
            assert!(ueid(bad).is_err(), "{bad}");
        }
    }
}
