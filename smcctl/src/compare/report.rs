// SPDX-License-Identifier: MIT OR Apache-2.0
//! The result as people and programs read it: a table, JSON, CSV or Markdown.

use super::metrics::Better;
use super::plan::Which;
use super::result::{Comparing, Row};
use super::verdict::{number, short, verdict};
use crate::output::{styled, Column, Report, Table, BAD, FAINT, GOOD, STRONG};
use serde::Serialize;
use std::fmt::Write;

/// The result, with what follows from it.
#[derive(Debug, Serialize)]
pub struct ComparisonReport<'a> {
    #[serde(flatten)]
    comparing: &'a Comparing,
    /// What the sides are called.
    names: [String; 2],
    /// The answer in a sentence.
    verdict: String,
    /// Why there are no rows.
    problem: Option<String>,
    /// How the sides compare, by metric; none where one side was not what it was to be.
    compared: Vec<Row>,
}

impl<'a> ComparisonReport<'a> {
    /// Of a result.
    #[must_use]
    pub fn new(comparing: &'a Comparing) -> Self {
        let problem = comparing.problem();
        Self {
            comparing,
            names: [Which::A, Which::B].map(|which| comparing.name(which)),
            verdict: verdict(comparing),
            compared: match problem {
                Some(_) => Vec::new(),
                None => comparing.rows(),
            },
            problem,
        }
    }

    /// The answer in a sentence.
    #[must_use]
    pub fn verdict(&self) -> &str {
        &self.verdict
    }

    /// Whether there is a comparison at all.
    #[must_use]
    pub fn is_comparable(&self) -> bool {
        self.problem.is_none()
    }

    /// How the sides compare.
    #[must_use]
    pub fn rows(&self) -> &[Row] {
        &self.compared
    }

    /// What the sides are called.
    #[must_use]
    pub fn names(&self) -> &[String; 2] {
        &self.names
    }

    /// What was run, in a line.
    #[must_use]
    pub fn commands(&self) -> String {
        let client = shell_words::join(&self.comparing.client);
        match &self.comparing.server {
            Some(server) => format!("{client}  (server: {})", shell_words::join(server)),
            None => client,
        }
    }

    fn hosts(&self) -> String {
        let hosts = self.comparing.hosts.iter().map(super::facts::Facts::brief);
        hosts.collect::<Vec<_>>().join("; ")
    }

    /// Every sample in a line, with a heading.
    #[must_use]
    pub fn csv(&self) -> String {
        let mut text = "pair,side,name,metric,unit,value,problem\n".to_owned();
        for run in &self.comparing.runs {
            let Some(pair) = run.pair else { continue };
            let (letter, name) = match run.side {
                Which::A => ("A", &self.names[0]),
                Which::B => ("B", &self.names[1]),
            };
            let problem = run.problem.as_deref().unwrap_or_default();
            for value in &run.values {
                let fields = [name, &value.metric.name, &value.metric.unit].map(|text| field(text));
                let [name, metric, unit] = fields;
                let (value, problem) = (value.value, field(problem));
                let _ = writeln!(
                    text,
                    "{pair},{letter},{name},{metric},{unit},{value},{problem}"
                );
            }
        }
        text
    }

    /// For a text that is to be read by others.
    #[must_use]
    pub fn markdown(&self) -> String {
        let [a, b] = self.names.each_ref().map(|name| name.replace('|', "\\|"));
        let mut text = format!("`{}`\n\n", self.commands());
        if self.is_comparable() {
            let _ = writeln!(
                text,
                "| metric | {a} | {b} | unit | ratio | 95 % interval |"
            );
            text.push_str("|---|---:|---:|---|---:|---|\n");
            for row in &self.compared {
                let [name, unit, a, b, ratio, interval] = cells(row);
                let name = name.replace('|', "\\|");
                let _ = writeln!(
                    text,
                    "| {name} | {a} | {b} | {unit} | {ratio} | {interval} |"
                );
            }
            text.push('\n');
        }
        let _ = write!(text, "**{}**\n\n{}", self.verdict, self.hosts());
        let _ = writeln!(text, "; {} pairs.", self.comparing.pairs);
        text
    }
}

/// Name, unit, both medians, ratio and interval.
#[must_use]
pub fn cells(row: &Row) -> [String; 6] {
    let or_nothing = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), number);
    let compared = &row.compared;
    let interval = compared.interval;
    [
        row.metric.name.clone(),
        row.metric.unit.clone(),
        or_nothing(compared.a),
        or_nothing(compared.b),
        compared.ratio.map_or_else(|| "-".to_owned(), short),
        interval.map_or_else(
            || "-".to_owned(),
            |(low, high)| format!("{} to {}", short(low), short(high)),
        ),
    ]
}

fn field(text: &str) -> String {
    if text.contains([',', '"', '\n']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

/// Headings are known beforehand.
fn heading(name: &str, letter: &'static str) -> &'static str {
    let known = ["TCP", "SMC-D", "SMC-R", "SMC", "OLD", "NEW"];
    known
        .into_iter()
        .find(|known| *known == name)
        .unwrap_or(letter)
}

impl Report for ComparisonReport<'_> {
    fn text(&self) -> String {
        let mut text = format!("{}\n", styled(self.commands(), STRONG));
        let pairs = self.comparing.pairs;
        let _ = writeln!(
            text,
            "{}",
            styled(format!("{}; {pairs} pairs", self.hosts()), FAINT)
        );
        if self.is_comparable() {
            let headings = [("A", &self.names[0]), ("B", &self.names[1])]
                .map(|(letter, name)| heading(name, letter));
            for (heading, name) in headings.iter().zip(&self.names) {
                if heading != name {
                    let _ = writeln!(text, "{heading}: {name}");
                }
            }
            let _ = write!(text, "\n{}", table(&self.compared, headings));
        }
        let style = if self.is_comparable() { STRONG } else { BAD };
        let _ = writeln!(text, "\n{}", styled(&self.verdict, style));
        text
    }
}

/// The metrics of two things, each with its heading.
#[must_use]
pub fn table(rows: &[Row], [a, b]: [&'static str; 2]) -> String {
    let mut table = Table::new(&[
        Column::Left("METRIC"),
        Column::Right(a),
        Column::Right(b),
        Column::Left("UNIT"),
        Column::Right("RATIO"),
        Column::Left("95 % INTERVAL"),
    ]);
    for row in rows {
        let [name, unit, a, b, ratio, interval] = cells(row);
        let style = style_of(row);
        table.row([
            name,
            a,
            b,
            unit,
            styled(ratio, style),
            styled(interval, style),
        ]);
    }
    table.text()
}

/// Good or bad news, or none.
#[must_use]
pub fn style_of(row: &Row) -> anstyle::Style {
    let Some(ratio) = row.compared.ratio.filter(|_| row.compared.is_clear()) else {
        return FAINT;
    };
    if (ratio > 1.0) == (row.metric.better == Better::Higher) {
        GOOD
    } else {
        BAD
    }
}
