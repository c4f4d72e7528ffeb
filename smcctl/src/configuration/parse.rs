// SPDX-License-Identifier: MIT OR Apache-2.0
//! Parses a configuration file. Every error names its line and what is expected.

use super::{is_bus_id, sysctl, Line, Setting};
use crate::commands::{pnetid::pnetid, ueid::ueid};
use crate::kernel::pnet::{Device, Entry};
use crate::kernel::settings::MAX_UEIDS;

/// An error in a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The line, counted from 1.
    pub line: usize,
    /// What is wrong with which word, and what is expected.
    pub what: String,
}

/// Parses the settings of a file, in the order in which they are to be applied.
///
/// # Errors
/// Returns every error in the file.
pub fn parse(text: &str) -> Result<Vec<Line>, Vec<Problem>> {
    let mut lines: Vec<Line> = Vec::new();
    let mut problems = Vec::new();
    for (text, number) in text.lines().zip(1..) {
        let words = uncommented(text);
        if words.is_empty() {
            continue;
        }
        let problem = match setting(&words) {
            Err(problem) => Some(problem),
            Ok(setting) => {
                let problem = conflict(&lines, &setting);
                if problem.is_none() {
                    lines.push(Line { number, setting });
                }
                problem
            }
        };
        problems.extend(problem.map(|what| Problem { line: number, what }));
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    lines.sort_by_key(|line| line.setting.order());
    Ok(lines)
}

/// Removes the comment, which starts at a word with `#`.
fn uncommented(line: &str) -> String {
    line.split_whitespace()
        .take_while(|word| !word.starts_with('#'))
        .collect::<Vec<_>>()
        .join(" ")
}

fn conflict(lines: &[Line], setting: &Setting) -> Option<String> {
    let earlier = |line: &&Line| line.setting.sets_the_same(setting);
    if let Some(Line { number, .. }) = lines.iter().find(earlier) {
        return Some(format!(
            "duplicate setting \"{setting}\": line {number} sets it already"
        ));
    }
    let is_ueid = |setting: &Setting| matches!(setting, Setting::Ueid(_));
    let ueids = lines.iter().filter(|line| is_ueid(&line.setting)).count();
    (is_ueid(setting) && ueids >= MAX_UEIDS)
        .then(|| format!("too many user EIDs: \"{setting}\": expected at most {MAX_UEIDS}"))
}

fn setting(line: &str) -> Result<Setting, String> {
    if let Some(name) = sysctl::name(line) {
        return sysctl::parse(name, line);
    }
    let mut words = line.split(' ');
    let name = words.next().unwrap_or_default();
    let values: Vec<&str> = words.collect();
    match (name, values.as_slice()) {
        ("load", []) => Ok(Setting::Load),
        ("load", _) => Err(invalid("unexpected value in", line, "load")),
        ("ueid", [name]) => match ueid(name) {
            Ok(name) => Ok(Setting::Ueid(name)),
            Err(expected) => Err(format!("invalid user EID \"{name}\": {expected}")),
        },
        ("ueid", _) => Err(invalid("invalid setting", line, "ueid NAME")),
        ("seid", values) => Ok(Setting::Seid(switch("seid", values)?)),
        ("limit-handshakes", values) => Ok(Setting::LimitHandshakes(switch(
            "limit-handshakes",
            values,
        )?)),
        ("pnetid", values) => Ok(Setting::Pnetid(entry(line, values)?)),
        (name, _) => Err(invalid(
            "unknown setting",
            name,
            "load, ueid, seid, pnetid, limit-handshakes or net.smc.NAME",
        )),
    }
}

/// Formats an error: what is wrong, with which words, and what is expected.
pub(super) fn invalid(what: &str, item: &str, expected: &str) -> String {
    format!("{what} \"{item}\": expected {expected}")
}

fn switch(name: &str, values: &[&str]) -> Result<bool, String> {
    match values {
        ["on" | "enable"] => Ok(true),
        ["off" | "disable"] => Ok(false),
        _ => Err(invalid(
            &format!("invalid value of {name}"),
            &values.join(" "),
            "on or off",
        )),
    }
}

/// Parses `NET1 net eth0`, `NET1 ib mlx5_0 1` or `NET1 ism 0000:00:00.0`.
fn entry(line: &str, values: &[&str]) -> Result<Entry, String> {
    let forms = "pnetid PNETID and net INTERFACE, ib DEVICE [PORT] or ism BUS-ID";
    let ib = |name: &str, port: u8| Device::Ib {
        name: name.to_owned(),
        port,
    };
    let (name, device) = match *values {
        [pnetid, "net", name] => (
            pnetid,
            Device::Net {
                name: name.to_owned(),
            },
        ),
        [pnetid, "ib", name] if !is_bus_id(name) => (pnetid, ib(name, 1)),
        [pnetid, "ib", name, port] if !is_bus_id(name) => match port {
            "1" => (pnetid, ib(name, 1)),
            "2" => (pnetid, ib(name, 2)),
            _ => return Err(invalid("invalid port", port, "1 or 2")),
        },
        [pnetid, "ism", name] if is_bus_id(name) => (pnetid, ib(name, 1)),
        [_, "ism", name] => return Err(invalid("invalid bus ID", name, "one like 0000:00:00.0")),
        _ => return Err(invalid("invalid setting", line, forms)),
    };
    let pnetid =
        pnetid(name).map_err(|expected| format!("invalid pnetid \"{name}\": {expected}"))?;
    Ok(Entry { pnetid, device })
}

#[cfg(test)]
mod tests;
