// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a benchmark prints, as numbers with names.
//!
//! [`known`] has the benchmarks that are understood, [`iperf3`] the one that answers
//! in JSON, [`custom`] what `--metric` asks for, [`units`] brings numbers of one
//! kind to one unit.

pub mod custom;
pub mod iperf3;
pub mod known;
pub mod units;

use serde::{Deserialize, Serialize};

/// Whether more is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Better {
    /// More is better.
    Higher,
    /// Less is better.
    Lower,
}

/// What a number is of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Metric {
    /// Its name.
    pub name: String,
    /// Its unit, as it is shown.
    pub unit: String,
    /// Whether more of it is better.
    pub better: Better,
}

impl Metric {
    /// One where more is better.
    #[must_use]
    pub fn more(name: &str, unit: &str) -> Self {
        Self {
            name: name.to_owned(),
            unit: unit.to_owned(),
            better: Better::Higher,
        }
    }

    /// One where less is better.
    #[must_use]
    pub fn less(name: &str, unit: &str) -> Self {
        Self {
            better: Better::Lower,
            ..Self::more(name, unit)
        }
    }
}

/// A number that a program printed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Value {
    /// What it is of.
    #[serde(flatten)]
    pub metric: Metric,
    /// The number.
    pub value: f64,
}

/// How much a program says that it has done: what CPU time is divided by.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Work {
    /// So much.
    pub amount: f64,
    /// Of what: `request`.
    pub unit: String,
}

/// All that was read in a program's output.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Read {
    /// The numbers.
    pub values: Vec<Value>,
    /// What was done.
    pub work: Option<Work>,
}

impl Read {
    fn add(&mut self, metric: Metric, value: f64) {
        let is_new = self.values.iter().all(|known| known.metric != metric);
        if is_new && value.is_finite() {
            self.values.push(Value { metric, value });
        }
    }

    fn did(&mut self, amount: f64, unit: &str) {
        if amount > 0.0 && amount.is_finite() {
            let work = self.work.get_or_insert_with(|| Work {
                amount: 0.0,
                unit: unit.to_owned(),
            });
            work.amount += amount;
        }
    }
}

/// Output as it would be read on paper: no colours, and what was overwritten on the
/// terminal is a line of its own.
#[must_use]
pub fn plain(output: &str) -> String {
    let text = anstream::adapter::strip_str(output).to_string();
    text.replace('\r', "\n")
}
