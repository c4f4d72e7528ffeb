// SPDX-License-Identifier: MIT OR Apache-2.0
//! `smcctl check`: is this host ready for SMC?

use super::explain::wrapped;
use crate::check::finding::{Finding, Level};
use crate::check::peer::{address, client, server, Connection};
use crate::check::{self, Diagnosis, Privilege};
use crate::explain::topics::TOPICS;
use crate::failure::{Outcome, EXIT_FALSE};
use crate::output::{styled, Output, Report, BAD, DOUBTFUL, FAINT, GOOD, STRONG};
use crate::system::files::Root;
use clap::{Args, ValueHint};
use std::cell::RefCell;
use std::fmt::Write;
use std::process::ExitCode;

/// Arguments of `smcctl check`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Also check whether smc_run can start this program over SMC
    #[arg(long, value_name = "FILE", value_hint = ValueHint::ExecutablePath)]
    program: Option<String>,
    /// Also connect to `smcctl check --listen`, or any SMC server, on this host
    #[arg(long, value_name = "HOST[:PORT]", conflicts_with = "listen")]
    peer: Option<String>,
    /// Be the server for --peer, until interrupted
    #[arg(long, value_name = "PORT", num_args = 0..=1, default_missing_value = "4343",
          conflicts_with = "program", value_parser = clap::value_parser!(u16).range(1..))]
    listen: Option<u16>,
}

impl Report for Diagnosis {
    fn text(&self) -> String {
        let mut text = String::new();
        for finding in &self.findings {
            let mark = match finding.level {
                Level::Ok => styled("ok     ", GOOD),
                Level::Note => styled("note   ", STRONG),
                Level::Warning => styled("warning", DOUBTFUL),
                Level::Problem => styled("problem", BAD),
            };
            // The mark is inserted after wrapping, since its colour has no width.
            let what = wrapped(&finding.what, &format!("{:9}{:9}", "", finding.subject));
            let _ = write!(text, "{mark}{}", what.get(7..).unwrap_or_default());
            for line in wrapped(&finding.why, &" ".repeat(18)).lines() {
                let _ = writeln!(text, "{}", styled(line, FAINT));
            }
            for command in &finding.fix {
                let _ = writeln!(text, "{:18}fix: {}", "", styled(command, STRONG));
            }
        }
        text.push('\n');
        for verdict in &self.verdicts {
            let status = if verdict.possible {
                styled("possible", GOOD)
            } else {
                styled("not possible", BAD)
            };
            let _ = writeln!(text, "{} {status}", verdict.variant);
            let note = if verdict.through.is_empty() {
                verdict.note.clone()
            } else {
                format!("through {}; {}", verdict.through.join(", "), verdict.note)
            };
            text += &wrapped(&note, "  ");
        }
        text += "\nLimitations (smcctl explain TOPIC):\n";
        for topic in TOPICS {
            let _ = writeln!(text, "  {:13}{}", topic.name, topic.brief);
        }
        text
    }
}

/// Runs the command.
///
/// # Errors
/// When the peer cannot be resolved, or the server cannot listen.
pub fn run(arguments: &Arguments, output: &mut Output) -> Outcome {
    if let Some(port) = arguments.listen {
        return listen(port, output);
    }
    let address = arguments
        .peer
        .as_deref()
        .map(address::resolve)
        .transpose()?;
    // First, since an SMC socket may load the module.
    let connected = address.map(client::connect);
    let root = Root::new("/");
    let privilege = Privilege::of(&root);
    let (host, failure) = check::inspect(&root);
    let mut more = check::programs::findings(arguments.program.as_deref());
    more.extend(connected.as_ref().map(|connected| match connected {
        Ok(connection) => connection.finding(),
        Err(failure) => Finding::problem(
            "peer",
            failure.what(),
            "only a connection shows whether two hosts can use SMC",
        ),
    }));
    let mut diagnosis = check::diagnose(&root, &host, failure.as_ref(), privilege, more);
    diagnosis.peer = connected.and_then(Result::ok);
    output.show(&diagnosis)?;
    Ok(if diagnosis.ready {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(EXIT_FALSE)
    })
}

impl Report for Connection {
    fn text(&self) -> String {
        format!("{}: {}\n", self.address, self.describe())
    }
}

fn listen(port: u16, output: &mut Output) -> Outcome {
    let output = RefCell::new(output);
    server::listen(
        port,
        || {
            output.borrow_mut().say(&format!(
                "listening on port {port}; on the other host: smcctl check --peer HOST:{port}"
            ))
        },
        |connection| output.borrow_mut().show(connection),
    )?;
    Ok(ExitCode::SUCCESS)
}
