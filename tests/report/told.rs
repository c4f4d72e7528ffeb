// SPDX-License-Identifier: MIT OR Apache-2.0
//! The report, as a program reads it.

use kit::counters::Counters;
use serde_json::Value;

/// A report that was read.
#[derive(Debug)]
pub struct Told(Value);

impl Told {
    /// The report in what was written on standard error.
    pub fn read(err: &str) -> Self {
        let begin = err
            .find("{\n")
            .unwrap_or_else(|| panic!("no report: {err}"));
        let end = err
            .rfind("\n}")
            .unwrap_or_else(|| panic!("no report: {err}"));
        Self(serde_json::from_str(&err[begin..end + 2]).unwrap())
    }

    /// How many there were on that side (`connected`, `accepted`) of which `is` is
    /// true of the line.
    pub fn count(&self, side: &str, is: impl Fn(&Value) -> bool) -> u64 {
        let lines = self.0["connections"].as_array().unwrap();
        lines
            .iter()
            .filter(|line| line["side"] == side && is(line))
            .map(|line| line["count"].as_u64().unwrap())
            .sum()
    }

    /// How many there were of a kind on a port.
    pub fn of(&self, side: &str, port: u16, kind: &str) -> u64 {
        self.count(side, |line| line["port"] == port && line["kind"] == kind)
    }

    /// How many had this reason, in words.
    pub fn because(&self, side: &str, port: u16, reason: &str) -> u64 {
        self.count(side, |line| {
            line["port"] == port && line["reason"] == reason
        })
    }

    /// All of them.
    pub fn all(&self) -> u64 {
        self.count("connected", |_| true) + self.count("accepted", |_| true)
    }

    /// Asserts that the kernel has counted the same on that side: every kind, every
    /// reason; `role` is the kernel's word for the side.
    pub fn assert_agrees(&self, side: &str, role: &str, counted: &Counters) {
        let shown = format!("{side}: {:#}\nkernel:\n{counted}", self.0);
        for (kind, name) in [("SMC-R", "smc-r"), ("SMC-D", "smc-d")] {
            let told = self.count(side, |line| line["kind"] == kind);
            assert_eq!(told, counted.of(&format!("{name} {role}")), "{shown}");
        }
        assert_eq!(self.count(side, |line| line["kind"] == "SMC"), 0, "{shown}");
        let mut explained = 0;
        let lines = self.0["connections"].as_array().unwrap();
        let mut codes: Vec<&str> = lines
            .iter()
            .filter_map(|line| line["code"].as_str())
            .collect();
        codes.sort_unstable();
        codes.dedup();
        for code in codes {
            let told = self.count(side, |line| line["code"] == code);
            let kernel = counted.of(&format!("reason {code} {role}"));
            assert_eq!(told, kernel, "{code}: {shown}");
            explained += kernel;
        }
        // What the lists made TCP has no code, and the kernel one of its own.
        let forced = counted.of(&format!("reason 0x03060000 {role}"));
        assert_eq!(
            explained + forced,
            counted.of(&format!("fallback {role}")),
            "{shown}"
        );
    }
}
