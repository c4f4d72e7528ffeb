// SPDX-License-Identifier: MIT OR Apache-2.0
//! The benchmarks whose output is understood, and where in it which number is.

mod benchmarks;

pub use benchmarks::ALL;

use super::{iperf3, plain, units, Better, Metric, Read};
use regex::{Captures, Regex, RegexBuilder};
use std::path::Path;

/// A benchmark.
#[derive(Clone, Copy, Debug)]
pub struct Benchmark {
    /// The name of its program.
    pub name: &'static str,
    rules: &'static [Rule],
    /// What a request is called: the unit of CPU time per piece of work.
    work: Option<(&'static str, &'static str)>,
    /// Whether every request has a connection of its own, so that requests are
    /// connections: by the command line and by the output.
    one_each: fn(&str, &str) -> bool,
}

/// A number: its name (`$name` is what the pattern's group of that name has found),
/// its unit where the pattern has no group `unit`, and the pattern, whose group
/// `value` it is.
#[derive(Clone, Copy, Debug)]
struct Rule {
    name: &'static str,
    unit: &'static str,
    better: Better,
    pattern: &'static str,
}

const fn more(name: &'static str, unit: &'static str, pattern: &'static str) -> Rule {
    Rule {
        name,
        unit,
        better: Better::Higher,
        pattern,
    }
}

const fn less(name: &'static str, unit: &'static str, pattern: &'static str) -> Rule {
    Rule {
        better: Better::Lower,
        ..more(name, unit, pattern)
    }
}

/// The benchmark that a command line runs, also behind `taskset` and the like.
#[must_use]
pub fn of(client: &[String]) -> Option<&'static Benchmark> {
    let names = client
        .iter()
        .filter_map(|word| Path::new(word).file_name()?.to_str());
    let mut known = names.filter_map(|name| ALL.iter().find(|known| known.name == name));
    known.next()
}

impl Benchmark {
    /// Reads what the command line `client` has printed.
    #[must_use]
    pub fn read(&self, client: &[String], output: &str) -> Read {
        let output = plain(output);
        if self.name == "iperf3" {
            return iperf3::read(&output);
        }
        let mut read = Read::default();
        for rule in self.rules {
            for found in multiline(rule.pattern)
                .iter()
                .flat_map(|one| one.captures_iter(&output))
            {
                if let Some((metric, value)) = rule.metric(&found) {
                    read.add(metric, value);
                }
            }
        }
        if let Some((unit, pattern)) = self.work {
            let pattern = multiline(pattern);
            let found = pattern.iter().flat_map(|one| one.captures_iter(&output));
            for amount in found.filter_map(|found| found.name("value")?.as_str().parse().ok()) {
                read.did(amount, unit);
            }
        }
        if (self.one_each)(&client.join(" "), &output) {
            let mut rates = read.values.iter();
            let rate = rates.find(|one| one.metric.better == Better::Higher);
            if let Some(rate) = rate.map(|rate| rate.value) {
                read.add(Metric::more("connections", "connections/s"), rate);
            }
        }
        read
    }
}

impl Rule {
    fn metric(&self, found: &Captures) -> Option<(Metric, f64)> {
        let value: f64 = found.name("value")?.as_str().parse().ok()?;
        let (value, unit) = match found.name("unit") {
            Some(unit) => units::common(value, unit.as_str())?,
            None => (value, self.unit),
        };
        let name = found.name("name").map_or("", |name| name.as_str());
        Some((
            Metric {
                name: self.name.replace("$name", name),
                unit: unit.to_owned(),
                better: self.better,
            },
            value,
        ))
    }
}

fn multiline(pattern: &str) -> Option<Regex> {
    RegexBuilder::new(pattern).multi_line(true).build().ok()
}

#[cfg(test)]
mod tests;
