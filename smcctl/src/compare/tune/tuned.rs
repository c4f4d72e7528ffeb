// SPDX-License-Identifier: MIT OR Apache-2.0
//! What `--tune` has found.

use super::Candidate;
use crate::compare::metrics::Metric;
use crate::compare::statistics::Comparison;
use crate::compare::verdict::{number, short, what_of};
use crate::output::{styled, Column, Report, Table, BAD, GOOD, STRONG};
use serde::Serialize;
use std::fmt::Write;

/// What was found.
#[derive(Debug, Serialize)]
pub struct Tuned {
    /// By this number.
    pub(super) metric: Option<Metric>,
    /// So many runs it took.
    pub(super) runs: usize,
    /// Everything that was tried.
    pub(super) tried: Vec<Candidate>,
    /// The best of it.
    pub(super) best: Candidate,
    /// The best, compared with what SMC does by itself.
    pub(super) compared: Comparison,
    /// What to type; nothing when it is best as it is.
    pub(super) use_it: Vec<String>,
    /// Why there is nothing to tune.
    pub(super) problem: Option<String>,
}

impl Tuned {
    /// Whether the workload is SMC at all.
    #[must_use]
    pub fn is_smc(&self) -> bool {
        self.problem.is_none()
    }
}

impl Report for Tuned {
    fn text(&self) -> String {
        if let Some(problem) = &self.problem {
            return format!("{}\n", styled(format!("not SMC: {problem}"), BAD));
        }
        let unit = self
            .metric
            .as_ref()
            .map_or("", |metric| metric.unit.as_str());
        let name = self
            .metric
            .as_ref()
            .map_or("", |metric| metric.name.as_str());
        let mut text = format!("tried in {} runs, by {name} [{unit}]\n", self.runs);
        let mut table = Table::new(&[
            Column::Left("TRIED"),
            Column::Right("RUNS"),
            Column::Right("MEDIAN"),
            Column::Left("NOTE"),
        ]);
        for one in &self.tried {
            table.row([
                one.name(),
                one.samples.len().to_string(),
                one.middle().map_or_else(|| "-".to_owned(), number),
                one.problem.clone().unwrap_or_default(),
            ]);
        }
        text += &table.text();
        let ratio = self.compared.ratio.zip(self.compared.interval);
        let what = self.metric.as_ref().map_or_else(String::new, what_of);
        let verdict = match ratio {
            Some((ratio, (low, high))) if !self.use_it.is_empty() => format!(
                "{}: {} times the {what} ({} to {})",
                self.best.name(),
                short(ratio),
                short(low),
                short(high)
            ),
            _ => "nothing that was tried is clearly better than SMC as it is".to_owned(),
        };
        let _ = writeln!(text, "\n{}", styled(verdict, STRONG));
        for line in &self.use_it {
            let _ = writeln!(text, "  {}", styled(line, GOOD));
        }
        text
    }
}
