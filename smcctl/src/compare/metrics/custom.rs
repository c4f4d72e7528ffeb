// SPDX-License-Identifier: MIT OR Apache-2.0
//! `--metric 'NAME=REGEX[:UNIT][:higher|lower]'`: any number of any program.

use super::{plain, units, Better, Metric, Value};
use regex::Regex;
use std::str::FromStr;

/// A number to be found in the output.
#[derive(Clone, Debug)]
pub struct Custom {
    metric: Metric,
    regex: Regex,
}

impl FromStr for Custom {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, rest) = text
            .split_once('=')
            .filter(|(name, rest)| !name.is_empty() && !rest.is_empty())
            .ok_or("expected NAME=REGEX[:UNIT][:higher|lower]")?;
        let (rest, better) = match rest.rsplit_once(':') {
            Some((rest, "higher")) => (rest, Some(Better::Higher)),
            Some((rest, "lower")) => (rest, Some(Better::Lower)),
            _ => (rest, None),
        };
        let (pattern, unit) = match rest.rsplit_once(':') {
            Some((pattern, unit)) if is_unit(unit) && !pattern.is_empty() => (pattern, unit),
            _ => (rest, ""),
        };
        let regex = Regex::new(pattern).map_err(|error| {
            let error = error.to_string();
            let why = error.lines().last().unwrap_or_default();
            format!("'{pattern}' is no regular expression: {}", why.trim())
        })?;
        if regex.captures_len() < 2 {
            return Err(format!(
                "'{pattern}' needs a group around the number, such as ([0-9.]+)"
            ));
        }
        let better = better.unwrap_or(if units::is_time(unit) {
            Better::Lower
        } else {
            Better::Higher
        });
        Ok(Self {
            metric: Metric {
                name: name.to_owned(),
                unit: unit.to_owned(),
                better,
            },
            regex,
        })
    }
}

fn is_unit(word: &str) -> bool {
    let plain = |letter: char| letter.is_alphabetic() || "%/ ".contains(letter);
    !word.trim().is_empty() && word.chars().all(plain)
}

impl Custom {
    /// The last such number in the output.
    ///
    /// # Errors
    /// In words, when there is none.
    pub fn read(&self, output: &str) -> Result<Value, String> {
        let (name, output) = (&self.metric.name, plain(output));
        let found = self.regex.captures_iter(&output).last();
        let found = found.and_then(|found| found.get(1)).ok_or_else(|| {
            let regex = self.regex.as_str();
            format!("--metric {name}: '{regex}' matches nothing in what the client printed")
        })?;
        let text = found.as_str();
        let value: Option<f64> = text.trim().replace(',', "").parse().ok();
        match value.filter(|value| value.is_finite()) {
            Some(value) => Ok(Value {
                metric: self.metric.clone(),
                value,
            }),
            None => Err(format!("--metric {name}: '{text}' is no number")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_unit_and_direction_are_taken_apart() {
        for (text, unit, better) in [
            ("rate=([0-9.]+) per", "", Better::Higher),
            ("rate=took: ([0-9.]+):ms", "ms", Better::Lower),
            ("rate=took: ([0-9.]+):req/s:higher", "req/s", Better::Higher),
            ("rate=took: ([0-9.]+):lower", "", Better::Lower),
            ("rate=a(?:b|c)([0-9.]+)", "", Better::Higher),
        ] {
            let custom: Custom = text.parse().unwrap();
            assert_eq!(custom.metric.name, "rate");
            assert_eq!(
                (custom.metric.unit.as_str(), custom.metric.better),
                (unit, better),
                "{text}"
            );
        }
        let custom: Custom = "x=took: ([0-9.,]+):ms".parse().unwrap();
        assert!((custom.read("took: 3\ntook: 1,500.5 ms").unwrap().value - 1500.5).abs() < 1e-9);
    }

    #[test]
    fn mistakes_are_explained() {
        for (text, word) in [
            ("rate", "expected NAME="),
            ("=x", "expected NAME="),
            ("rate=[0-9]+", "group"),
            ("rate=([0-9]+", "no regular expression"),
        ] {
            let why = text.parse::<Custom>().unwrap_err();
            assert!(why.contains(word) && !why.contains('\n'), "{why}");
        }
        let custom: Custom = "rate=(x+)".parse().unwrap();
        assert!(custom
            .read("nothing")
            .unwrap_err()
            .contains("matches nothing"));
        assert!(custom.read("xx").unwrap_err().contains("no number"));
    }
}
