// SPDX-License-Identifier: MIT OR Apache-2.0
//! All that a comparison has found, with all that is needed to understand it later.

use super::facts::Facts;
use super::metrics::{Metric, Value};
use super::plan::Which;
use super::side::Side;
use super::statistics::Comparison;
use serde::{Deserialize, Serialize};

/// Files of another version are not read.
pub const VERSION: u32 = 1;

/// A run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// Of which side.
    pub side: Which,
    /// Of which pair; none: a warm-up.
    pub pair: Option<usize>,
    /// What its connections were: `SMC-D`.
    pub kind: Option<String>,
    /// Why they were not what they were to be.
    pub problem: Option<String>,
    /// What was measured.
    pub values: Vec<Value>,
}

/// A comparison.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Comparing {
    /// Of this file's form.
    pub version: u32,
    /// When it began: seconds since 1970.
    pub begun: u64,
    /// The client's command.
    pub client: Vec<String>,
    /// The server's.
    pub server: Option<Vec<String>>,
    /// This program's whole command line.
    pub asked: Vec<String>,
    /// What is compared with what.
    pub sides: [Side; 2],
    /// The client's host, and the server's if it is another.
    pub hosts: Vec<Facts>,
    /// So many pairs were asked for.
    pub pairs: usize,
    /// All runs, in order.
    pub runs: Vec<Run>,
}

/// What is said of one metric.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    /// Of what.
    #[serde(flatten)]
    pub metric: Metric,
    /// How the sides compare.
    #[serde(flatten)]
    pub compared: Comparison,
    /// The samples of the first side and of the second, by pair.
    pub samples: Vec<(f64, f64)>,
}

impl Comparing {
    /// What a side is called: what its connections were, if they were all the same.
    #[must_use]
    pub fn name(&self, which: Which) -> String {
        let side = match which {
            Which::A => &self.sides[0],
            Which::B => &self.sides[1],
        };
        let mut kinds = self.runs.iter().filter(|run| run.side == which);
        let kind = kinds.find_map(|run| run.kind.clone());
        match (side, kind) {
            (Side::Smc(options), Some(kind)) if options.is_empty() => kind,
            (Side::Smc(options), Some(kind)) => format!("{kind} {}", shell_words::join(options)),
            _ => side.to_string(),
        }
    }

    /// The first run that was not what it was to be, and why: then there is nothing
    /// to compare.
    #[must_use]
    pub fn problem(&self) -> Option<String> {
        let is_bad = |run: &&Run| run.problem.is_some();
        let count = self.runs.iter().filter(is_bad).count();
        let first = self.runs.iter().find(is_bad)?;
        let problem = first.problem.as_deref()?;
        let place = first.pair.map_or_else(
            || "the warm-up".to_owned(),
            |pair| format!("the run of pair {pair}"),
        );
        let more = match count {
            1 => String::new(),
            2 => ", and 1 more run".to_owned(),
            _ => format!(", and {} more runs", count - 1),
        };
        Some(format!("{place}{more}: {problem}"))
    }

    /// What was measured, the most telling first.
    #[must_use]
    pub fn rows(&self) -> Vec<Row> {
        let mut metrics: Vec<&Metric> = Vec::new();
        let measured = || self.runs.iter().filter(|run| run.pair.is_some());
        for value in measured().flat_map(|run| &run.values) {
            if !metrics.contains(&&value.metric) {
                metrics.push(&value.metric);
            }
        }
        let rows = metrics.into_iter().map(|metric| {
            let samples: Vec<(f64, f64)> = (1..=self.pairs)
                .filter_map(|pair| {
                    let of = |which| {
                        let run =
                            measured().find(|run| run.pair == Some(pair) && run.side == which);
                        let mut values = run?.values.iter();
                        Some(values.find(|value| value.metric == *metric)?.value)
                    };
                    of(Which::A).zip(of(Which::B))
                })
                .collect();
            Row {
                metric: metric.clone(),
                compared: Comparison::of_pairs(&samples),
                samples,
            }
        });
        rows.collect()
    }
}
