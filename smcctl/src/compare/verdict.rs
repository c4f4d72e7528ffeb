// SPDX-License-Identifier: MIT OR Apache-2.0
//! The answer in a sentence.

use super::metrics::{Better, Metric};
use super::plan::Which;
use super::result::{Comparing, Row};
use super::statistics::FEWEST;

/// More is not said in a sentence.
const MOST: usize = 3;

/// The answer.
#[must_use]
pub fn verdict(comparing: &Comparing) -> String {
    let name = comparing.name(Which::B);
    if let Some(problem) = comparing.problem() {
        let is_smc = comparing.sides.iter().any(super::side::Side::is_smc);
        let not = if is_smc { "not SMC" } else { "not comparable" };
        return format!("{not}: {problem}");
    }
    let rows = comparing.rows();
    let telling = telling(&rows);
    let pairs = comparing.pairs;
    if telling.iter().all(|row| row.compared.interval.is_none()) {
        let ratios: Vec<String> = telling.iter().filter_map(|row| times(row)).collect();
        return match (ratios.is_empty(), pairs < FEWEST) {
            (true, _) => format!("{name}: nothing that could be compared"),
            (false, true) => format!(
                "{name}: {}; too few pairs to rely on, {FEWEST} are needed",
                ratios.join(", ")
            ),
            (false, false) => format!("{name}: {}; no interval can be given", ratios.join(", ")),
        };
    }
    let (clear, unclear): (Vec<&Row>, Vec<&Row>) =
        telling.into_iter().partition(|row| row.compared.is_clear());
    let clear: Vec<String> = clear.into_iter().filter_map(times).collect();
    let unclear: Vec<String> = unclear.into_iter().map(what).collect();
    let nothing = format!(
        "no difference in {} that {pairs} pairs can show",
        unclear.join(", ")
    );
    match (clear.is_empty(), unclear.is_empty()) {
        (true, _) => format!("{name}: {nothing}"),
        (false, true) => format!("{name}: {}", clear.join(", ")),
        (false, false) => format!("{name}: {}; {nothing}", clear.join(", ")),
    }
}

/// The rates, or else the times; and what they cost.
#[must_use]
pub fn telling(rows: &[Row]) -> Vec<&Row> {
    let is_cost = |row: &&Row| row.metric.name.starts_with("CPU");
    let is_side =
        |row: &&Row| ["wall time", "client CPU", "server CPU"].contains(&row.metric.name.as_str());
    let results = || rows.iter().filter(|row| !is_cost(row) && !is_side(row));
    let rates = || results().filter(|row| row.metric.better == Better::Higher);
    // Bytes say what requests have said, unless there are none.
    let is_bytes = |row: &&Row| row.metric.unit.ends_with("B/s");
    let has_others = rates().any(|row| !is_bytes(&row));
    let mut found: Vec<&Row> = Vec::new();
    for row in rates().filter(|row| !(has_others && is_bytes(row))) {
        // So do connections, where each has one request.
        let is_said = found.iter().any(|known| known.samples == row.samples);
        if found.len() < MOST && (!is_said || row.samples.is_empty()) {
            found.push(row);
        }
    }
    if found.is_empty() {
        // The mean, as a rule, and the median, which one pause does not change.
        found.extend(results().take(2));
    }
    if found.is_empty() {
        found.extend(rows.iter().filter(|row| row.metric.name == "wall time"));
    }
    let client_only = rows.iter().find(|row| row.metric.name == "client CPU");
    found.extend(rows.iter().find(is_cost).or(client_only));
    found
}

/// `requests/s`, `SET requests/s`, `latency`.
#[must_use]
pub fn what(row: &Row) -> String {
    what_of(&row.metric)
}

/// The same of a metric.
#[must_use]
pub fn what_of(metric: &Metric) -> String {
    let (name, unit) = (metric.name.as_str(), metric.unit.as_str());
    let is_amount = unit.ends_with("B/s") || unit.ends_with("bit/s");
    match metric.better {
        Better::Higher if unit.starts_with(name) => unit.to_owned(),
        Better::Higher if unit.contains('/') && !is_amount => format!("{name} {unit}"),
        _ => name.to_owned(),
    }
}

/// `1.8 times the requests/s (1.6 to 1.9)`.
#[must_use]
pub fn times(row: &Row) -> Option<String> {
    let ratio = row.compared.ratio?;
    let interval = match row.compared.interval {
        Some((low, high)) => format!(" ({} to {})", short(low), short(high)),
        None => String::new(),
    };
    Some(format!(
        "{} times the {}{interval}",
        short(ratio),
        what(row)
    ))
}

/// A ratio with as many digits as matter.
#[must_use]
pub fn short(ratio: f64) -> String {
    match ratio {
        _ if (0.995..1.005).contains(&ratio) || (1.005..2.0).contains(&ratio) => {
            format!("{ratio:.2}")
        }
        2.0..10.0 => format!("{ratio:.1}"),
        10.0..1e6 => format!("{ratio:.0}"),
        _ if ratio >= 1e6 => format!("{ratio:.0e}"),
        _ if ratio == 0.0 => "0".to_owned(),
        _ if ratio < 0.01 => format!("{ratio:.1e}"),
        _ => format!("{ratio:.2}"),
    }
}

/// A measured number, likewise.
#[must_use]
pub fn number(value: f64) -> String {
    let size = value.abs();
    match size {
        0.0 => "0".to_owned(),
        1e9.. => format!("{value:.3e}"),
        1000.0.. => format!("{value:.0}"),
        100.0.. => format!("{value:.1}"),
        10.0.. => format!("{value:.2}"),
        0.001.. => format!("{value:.3}"),
        _ => format!("{value:.2e}"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::metrics::Value;
    use super::super::result::{Run, VERSION};
    use super::super::side::Side;
    use super::*;
    use proptest::prelude::{any, prop, prop_assert, proptest, ProptestConfig};

    fn comparing(pairs: usize, a: f64, b: f64) -> Comparing {
        let run = |side, pair: usize, rate: f64| {
            let noise = 1.0 + f64::from(u8::try_from(pair % 7).unwrap_or(0)) / 100.0;
            let value = |metric, value| Value { metric, value };
            Run {
                side,
                pair: Some(pair),
                kind: (side == Which::B).then(|| "SMC-D".to_owned()),
                problem: None,
                values: vec![
                    value(Metric::more("requests", "requests/s"), rate * noise),
                    value(Metric::more("transfer", "MB/s"), 1.0),
                    value(Metric::less("CPU per request", "us"), 4.0 / rate),
                    value(Metric::less("wall time", "s"), 1.0),
                ],
            }
        };
        let runs = (1..=pairs).flat_map(|pair| [run(Which::A, pair, a), run(Which::B, pair, b)]);
        Comparing {
            version: VERSION,
            begun: 0,
            client: vec!["wrk".to_owned()],
            server: None,
            asked: Vec::new(),
            sides: [Side::Tcp, Side::Smc(Vec::new())],
            hosts: Vec::new(),
            pairs,
            runs: runs.collect(),
        }
    }

    #[test]
    fn in_plain_words() {
        let clear = verdict(&comparing(10, 1000.0, 1800.0));
        let words = "SMC-D: 1.80 times the requests/s (1.80 to 1.80), \
                     0.56 times the CPU per request (0.56 to 0.56)";
        assert_eq!(clear, words);
        let same = verdict(&comparing(10, 1000.0, 1000.0));
        let words = "SMC-D: no difference in requests/s, CPU per request that 10 pairs can show";
        assert_eq!(same, words);
        let few = verdict(&comparing(2, 1000.0, 1800.0));
        assert!(
            few.ends_with("too few pairs to rely on, 6 are needed"),
            "{few}"
        );
    }

    #[test]
    fn a_run_that_fell_back_is_no_ratio() {
        let mut result = comparing(10, 1000.0, 1800.0);
        result.runs[7].problem = Some("1 of 5 connections fell back to TCP".to_owned());
        let words = "not SMC: the run of pair 4: 1 of 5 connections fell back to TCP";
        assert_eq!(verdict(&result), words);
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 16, failure_persistence: None, ..ProptestConfig::default() })]
        #[test]
        fn no_nan_is_ever_said(samples in prop::collection::vec(any::<(f64, f64)>(), 0..9)) {
            let mut result = comparing(samples.len(), 1.0, 1.0);
            let values = samples.iter().flat_map(|(a, b)| [*a, *b]);
            for (run, value) in result.runs.iter_mut().zip(values) {
                run.values[0].value = value;
            }
            let report = super::super::report::ComparisonReport::new(&result);
            let json = serde_json::to_string(&report.rows()).unwrap();
            for text in [verdict(&result), report.markdown(), json, crate::output::Report::text(&report)] {
                prop_assert!(!text.contains("NaN") && !text.contains("inf"), "{text}");
            }
        }
    }
}
