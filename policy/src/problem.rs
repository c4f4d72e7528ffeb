// SPDX-License-Identifier: MIT OR Apache-2.0
//! What is said about a value that does not parse.

use std::error::Error;
use std::fmt;

use crate::text::Shown;

/// A variable whose value does not parse.
///
/// Shown as one line of less than 400 bytes that names the variable, the item
/// and what is expected; control characters in the item are escaped and a long
/// item is cut.
///
/// ```
/// use smc_policy::Config;
///
/// let problem = Config::from_env(|name| (name == "SMC_PORTS").then_some("80, 9000-8000"))
///     .err()
///     .unwrap();
/// assert_eq!(
///     problem.to_string(),
///     "SMC_PORTS: \"9000-8000\" runs backwards: expected the lower port first"
/// );
/// assert_eq!(problem.variable(), "SMC_PORTS");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    variable: &'static str,
    /// Already escaped and cut.
    item: String,
    complaint: Complaint,
}

impl Problem {
    #[cold]
    pub(crate) fn new(variable: &'static str, item: &[u8], complaint: Complaint) -> Self {
        Problem {
            variable,
            item: Shown(item).to_string(),
            complaint,
        }
    }

    /// The name of the variable.
    #[must_use]
    pub fn variable(&self) -> &'static str {
        self.variable
    }

    /// The item that is wrong, with its `!` if it has one, escaped and cut as
    /// it is shown. The whole value where it is the whole that is wrong.
    #[must_use]
    pub fn item(&self) -> &str {
        &self.item
    }

    /// What would have been right.
    #[must_use]
    pub fn expected(&self) -> &'static str {
        self.complaint.expected
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Complaint { fault, expected } = self.complaint;
        write!(
            f,
            "{}: \"{}\" {fault}: expected {expected}",
            self.variable, self.item
        )
    }
}

impl Error for Problem {}

/// What is wrong with an item, and what would be right: the two halves of
/// `"item" FAULT: expected EXPECTED`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Complaint {
    pub(crate) fault: &'static str,
    pub(crate) expected: &'static str,
}

/// A complaint and the part of the value that it is about.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fault<'v> {
    pub(crate) item: &'v str,
    pub(crate) complaint: Complaint,
}
