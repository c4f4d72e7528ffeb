// SPDX-License-Identifier: MIT OR Apache-2.0
//! A finding: its severity, why it matters, and what fixes it.

use serde::Serialize;

/// The severity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// As required.
    Ok,
    /// Information: nothing to fix on this host.
    Note,
    /// SMC works, but not always or not optimally.
    Warning,
    /// SMC does not work.
    Problem,
}

/// A finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The severity.
    pub level: Level,
    /// The subject: `kernel`, `rdma`, …
    pub subject: &'static str,
    /// The observation.
    pub what: String,
    /// Why it matters.
    pub why: String,
    /// The commands that fix it, in order.
    pub fix: Vec<String>,
}

impl Finding {
    /// Creates a finding without a problem.
    pub fn ok(subject: &'static str, what: impl Into<String>, why: impl Into<String>) -> Self {
        Self::new(Level::Ok, subject, what, why)
    }

    /// Creates an information.
    pub fn note(subject: &'static str, what: impl Into<String>, why: impl Into<String>) -> Self {
        Self::new(Level::Note, subject, what, why)
    }

    /// Creates a warning.
    pub fn warning(subject: &'static str, what: impl Into<String>, why: impl Into<String>) -> Self {
        Self::new(Level::Warning, subject, what, why)
    }

    /// Creates a problem.
    pub fn problem(subject: &'static str, what: impl Into<String>, why: impl Into<String>) -> Self {
        Self::new(Level::Problem, subject, what, why)
    }

    fn new(
        level: Level,
        subject: &'static str,
        what: impl Into<String>,
        why: impl Into<String>,
    ) -> Self {
        Self {
            level,
            subject,
            what: what.into(),
            why: why.into(),
            fix: Vec::new(),
        }
    }

    /// Adds a command that fixes it.
    #[must_use]
    pub fn fixed_by(mut self, command: impl Into<String>) -> Self {
        self.fix.push(command.into());
        self
    }
}
