// SPDX-License-Identifier: MIT OR Apache-2.0
//! Two results that were kept: what has changed from the old one to the new one, on
//! each side. Where TCP has changed as well, it is the host that has.

use super::plan::Which;
use super::report::table;
use super::result::{Comparing, Row};
use super::statistics::Comparison;
use super::verdict::{telling, times, what};
use crate::failure::Failure;
use crate::output::{styled, Report, DOUBTFUL, STRONG};
use serde::Serialize;
use std::fmt::Write;

/// What has changed.
#[derive(Debug, Serialize)]
pub struct Against {
    /// Why the two may not be comparable.
    doubts: Vec<String>,
    /// Side by side.
    sides: Vec<Side>,
}

#[derive(Debug, Serialize)]
struct Side {
    /// What it is called.
    name: String,
    /// In a sentence.
    verdict: String,
    compared: Vec<Row>,
}

impl Against {
    /// Of these results.
    ///
    /// # Errors
    /// When one of them is not of what it was to be.
    pub fn new(old: &Comparing, new: &Comparing) -> Result<Self, Failure> {
        for (which, result) in [("old", old), ("new", new)] {
            if let Some(problem) = result.problem() {
                return Err(Failure::new(format!(
                    "the {which} result is none: {problem}"
                )));
            }
        }
        let mut doubts = Vec::new();
        if (&old.client, &old.server) != (&new.client, &new.server) {
            doubts.push("the commands are not the same".to_owned());
        }
        let kernels = |result: &Comparing| {
            let hosts = result.hosts.iter();
            let what = hosts.map(|host| {
                (
                    host.host.clone(),
                    host.kernel.clone(),
                    host.processors.clone(),
                )
            });
            what.collect::<Vec<_>>()
        };
        if kernels(old) != kernels(new) {
            doubts.push("the hosts or their kernels are not the same".to_owned());
        }
        let sides = [Which::B, Which::A].map(|which| {
            let name = match (old.name(which), new.name(which)) {
                (old, new) if old == new => old,
                (old, new) => format!("{old}, then {new}"),
            };
            let compared = rows(old, new, which);
            Side {
                verdict: verdict(&compared),
                name,
                compared,
            }
        });
        Ok(Self {
            doubts,
            sides: sides.into(),
        })
    }
}

fn rows(old: &Comparing, new: &Comparing, which: Which) -> Vec<Row> {
    let new_rows = new.rows();
    let side = |row: &Row| -> Vec<f64> {
        let samples = row.samples.iter();
        samples
            .map(|(a, b)| if which == Which::A { *a } else { *b })
            .collect()
    };
    let rows = old.rows().into_iter().filter_map(|row| {
        let other = new_rows.iter().find(|other| other.metric == row.metric)?;
        Some(Row {
            compared: Comparison::of(&side(&row), &side(other)),
            metric: row.metric,
            samples: Vec::new(),
        })
    });
    rows.collect()
}

fn verdict(rows: &[Row]) -> String {
    let (clear, unclear): (Vec<&Row>, Vec<&Row>) = telling(rows)
        .into_iter()
        .partition(|row| row.compared.is_clear());
    let clear: Vec<String> = clear.into_iter().filter_map(times).collect();
    let unclear: Vec<String> = unclear.into_iter().map(what).collect();
    let mut parts = Vec::new();
    if !clear.is_empty() {
        parts.push(clear.join(", "));
    }
    if !unclear.is_empty() {
        parts.push(format!(
            "no difference in {} that can be shown",
            unclear.join(", ")
        ));
    }
    parts.join("; ")
}

impl Report for Against {
    fn text(&self) -> String {
        let mut text = String::new();
        for doubt in &self.doubts {
            let _ = writeln!(text, "{}", styled(doubt, DOUBTFUL));
        }
        for side in &self.sides {
            let _ = writeln!(text, "{}", styled(&side.name, STRONG));
            text += &table(&side.compared, ["OLD", "NEW"]);
            text.push('\n');
        }
        for side in &self.sides {
            let line = format!("{}, new against old: {}", side.name, side.verdict);
            let _ = writeln!(text, "{}", styled(line, STRONG));
        }
        text
    }
}
