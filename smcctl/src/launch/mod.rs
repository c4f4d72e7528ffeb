// SPDX-License-Identifier: MIT OR Apache-2.0
//! `smcctl run`, which `smc_run` becomes: from options to environment variables to `exec`.

mod command;
mod elf;
mod exec;
mod library;
mod log_file;
mod options;
mod privileges;
mod program;
mod script;
mod search;

pub use command::prepare;
pub use exec::Launch;
pub use options::{parse, Format, Options, Parsed};

use std::fmt;
use std::process::ExitCode;

/// Why nothing is started: a line and the exit status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    status: u8,
    what: String,
}

impl Refusal {
    fn new(status: u8, what: impl Into<String>) -> Self {
        Self {
            status,
            what: what.into(),
        }
    }

    /// Prints the line on standard error. Returns the exit status.
    #[must_use]
    pub fn report(&self) -> ExitCode {
        warn(&self.what);
        self.status.into()
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

/// Prints a line on standard error. If that is closed, nobody wants to know.
fn warn(what: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stderr(), "smc_run: {what}");
}
