// SPDX-License-Identifier: MIT OR Apache-2.0
//! Programs that were executed without the library, so that their connections were not
//! counted.

use serde::Serialize;
use smc_core::report::table::Table;
use std::collections::BTreeMap;

/// The number of programs named in the text.
const MAX_NAMED: usize = 3;

/// The programs, by name.
#[derive(Debug, Default, Serialize)]
#[serde(transparent)]
pub struct NotCounted(Vec<Program>);

#[derive(Debug, Serialize)]
struct Program {
    /// Its name; empty if unknown, `None` for further programs.
    program: Option<String>,
    /// The number of times it was executed.
    times: Option<usize>,
}

impl NotCounted {
    /// Reads them from the table.
    #[must_use]
    pub fn of(table: &Table) -> Self {
        let mut times: BTreeMap<String, usize> = BTreeMap::new();
        for name in table.without_library() {
            *times.entry(name).or_default() += 1;
        }
        let named = times.into_iter().map(|(name, times)| Program {
            program: Some(name),
            times: Some(times),
        });
        let others = table.may_be_more_without_library().then_some(Program {
            program: None,
            times: None,
        });
        Self(named.chain(others).collect())
    }

    /// One line, or nothing if there are none.
    #[must_use]
    pub fn text(&self) -> String {
        let name = |one: &Program| match one.program.as_deref() {
            None => "others".to_owned(),
            Some("") => "(by its descriptor)".to_owned(),
            Some(name) => name.to_owned(),
        };
        let mut names: Vec<String> = self.0.iter().take(MAX_NAMED).map(name).collect();
        match self.0.len().saturating_sub(MAX_NAMED) {
            0 => {}
            more => names.push(format!("{more} more")),
        }
        if names.is_empty() {
            return String::new();
        }
        let names = names.join(", ");
        format!("smcctl: not counted, executed without the library: {names}\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unseen(names: &[Option<&str>]) -> NotCounted {
        let names = names.iter().copied();
        let programs = names.map(|name| Program {
            program: name.map(str::to_owned),
            times: Some(1),
        });
        NotCounted(programs.collect())
    }

    #[test]
    fn the_first_programs_are_named() {
        let begin = "smcctl: not counted, executed without the library: ";
        assert_eq!(NotCounted::default().text(), "");
        let two = unseen(&[Some("su"), Some("")]).text();
        assert_eq!(two, format!("{begin}su, (by its descriptor)\n"));
        let all = unseen(&[Some("a"), Some("b"), Some("c"), Some("d"), None]);
        assert_eq!(all.text(), format!("{begin}a, b, c, 2 more\n"));
        assert_eq!(unseen(&[None]).text(), format!("{begin}others\n"));
        let json = serde_json::to_value(&all).unwrap();
        assert_eq!(json[0]["program"], "a");
        assert!(json[4]["program"].is_null());
    }
}
