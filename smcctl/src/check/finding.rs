// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the doctor finds: how it is, why it matters, and what puts it right.

use serde::Serialize;

/// How it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// As it should be.
    Ok,
    /// To know: nothing to put right on this host.
    Note,
    /// SMC works, but less often or less well than it could.
    Warning,
    /// SMC does not work like this.
    Problem,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// How it is.
    pub level: Level,
    /// What was looked at: `kernel`, `rdma`, …
    pub subject: &'static str,
    /// What was found.
    pub what: String,
    /// Why it matters.
    pub why: String,
    /// The exact commands that put it right, in order.
    pub fix: Vec<String>,
}

impl Finding {
    /// It is as it should be.
    pub fn ok(subject: &'static str, what: impl Into<String>, why: impl Into<String>) -> Self {
        Self::new(Level::Ok, subject, what, why)
    }

    /// It is to be known.
    pub fn note(subject: &'static str, what: impl Into<String>, why: impl Into<String>) -> Self {
        Self::new(Level::Note, subject, what, why)
    }

    /// It could be better.
    pub fn warning(subject: &'static str, what: impl Into<String>, why: impl Into<String>) -> Self {
        Self::new(Level::Warning, subject, what, why)
    }

    /// It is in the way of SMC.
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

    /// One more command that puts it right.
    #[must_use]
    pub fn fixed_by(mut self, command: impl Into<String>) -> Self {
        self.fix.push(command.into());
        self
    }
}
