// SPDX-License-Identifier: MIT OR Apache-2.0
//! The error for a value that does not parse.

use std::error::Error;
use std::fmt;

use crate::text::Escaped;

/// A variable whose value does not parse.
///
/// Displayed as one line of less than 400 bytes: the variable, what is wrong
/// with which item, and what is expected. Control characters in the item are
/// escaped and a long item is truncated.
///
/// ```
/// use smc_policy::Config;
///
/// let problem = Config::from_env(|name| (name == "SMC_PORTS").then_some("80, 9000-8000"))
///     .err()
///     .unwrap();
/// assert_eq!(
///     problem.to_string(),
///     "SMC_PORTS: reversed range \"9000-8000\": expected the lower port first"
/// );
/// assert_eq!(problem.variable(), "SMC_PORTS");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    variable: &'static str,
    /// Escaped and truncated.
    item: String,
    invalid: Invalid,
}

impl Problem {
    #[cold]
    pub(crate) fn new(variable: &'static str, item: &[u8], invalid: Invalid) -> Self {
        Problem {
            variable,
            item: Escaped(item).to_string(),
            invalid,
        }
    }

    /// The name of the variable.
    #[must_use]
    pub fn variable(&self) -> &'static str {
        self.variable
    }

    /// The invalid item, with its `!` if it has one, escaped and truncated as
    /// displayed. The whole value where no single item is invalid.
    #[must_use]
    pub fn item(&self) -> &str {
        &self.item
    }

    /// The valid values, in words.
    #[must_use]
    pub fn expected(&self) -> &'static str {
        self.invalid.expected
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Invalid { what, expected } = self.invalid;
        write!(
            f,
            "{}: {what} \"{}\": expected {expected}",
            self.variable, self.item
        )
    }
}

impl Error for Problem {}

/// What is wrong with an item and what is expected, as in
/// `WHAT "item": expected EXPECTED`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Invalid {
    pub(crate) what: &'static str,
    pub(crate) expected: &'static str,
}

/// The part of a value that does not parse, and why.
#[derive(Debug, Clone, Copy)]
pub(crate) struct InvalidItem<'v> {
    pub(crate) item: &'v str,
    pub(crate) invalid: Invalid,
}
