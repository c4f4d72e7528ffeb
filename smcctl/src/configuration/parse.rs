// SPDX-License-Identifier: MIT OR Apache-2.0
//! Reads a configuration file. What cannot be read is told by line, with what is expected.

use super::{is_bus_id, Line, Setting};
use crate::commands::{pnetid::pnetid, ueid::ueid};
use crate::kernel::pnet::{Device, Entry};
use crate::kernel::settings::MAX_UEIDS;

/// The only setting of `net.smc` that is no number: the name of a BPF program.
const TEXT: &str = "net.smc.hs_ctrl";
/// The same as `limit-handshakes`.
const LIMIT: &str = "net.smc.limit_smc_hs";

/// What is wrong in a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The line, counted from 1.
    pub line: usize,
    /// What is wrong, and what is expected.
    pub what: String,
}

/// The settings of a file, in the order in which they are to be made.
///
/// # Errors
/// Everything that is wrong, line by line.
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

/// Without what is behind a `#` that begins a word; `=` is a word, too.
fn uncommented(line: &str) -> String {
    line.split_whitespace()
        .take_while(|word| !word.starts_with('#'))
        .collect::<Vec<_>>()
        .join(" ")
}

fn conflict(lines: &[Line], setting: &Setting) -> Option<String> {
    let earlier = |line: &&Line| line.setting.is_about_the_same(setting);
    if let Some(Line { number, .. }) = lines.iter().find(earlier) {
        return Some(format!(
            "\"{setting}\": line {number} sets this, too: expected it once"
        ));
    }
    let is_ueid = |setting: &Setting| matches!(setting, Setting::Ueid(_));
    let ueids = lines.iter().filter(|line| is_ueid(&line.setting)).count();
    (is_ueid(setting) && ueids >= MAX_UEIDS).then(|| {
        format!(
            "\"{setting}\": one user EID too many: expected at most {MAX_UEIDS}, \
             for the kernel keeps no more"
        )
    })
}

fn setting(line: &str) -> Result<Setting, String> {
    if let Some(name) = sysctl_name(line) {
        return sysctl(name, line);
    }
    let mut words = line.split(' ');
    let name = words.next().unwrap_or_default();
    let values: Vec<&str> = words.collect();
    match (name, values.as_slice()) {
        ("load", []) => Ok(Setting::Load),
        ("load", _) => Err(wrong(line, "load takes no value", "load alone")),
        ("ueid", [name]) => match ueid(name) {
            Ok(name) => Ok(Setting::Ueid(name)),
            Err(problem) => Err(format!("\"{name}\": {problem}")),
        },
        ("ueid", _) => Err(wrong(line, "one user EID is needed", "ueid NAME")),
        ("seid", values) => Ok(Setting::Seid(switch("seid", values)?)),
        ("limit-handshakes", values) => Ok(Setting::LimitHandshakes(switch(
            "limit-handshakes",
            values,
        )?)),
        ("pnetid", values) => Ok(Setting::Pnetid(entry(line, values)?)),
        (name, _) => Err(wrong(
            name,
            "no such setting",
            "load, ueid, seid, pnetid, limit-handshakes or net.smc.NAME = VALUE",
        )),
    }
}

fn wrong(item: &str, fault: &str, expected: &str) -> String {
    format!("\"{item}\": {fault}: expected {expected}")
}

fn switch(name: &str, values: &[&str]) -> Result<bool, String> {
    match values {
        ["on" | "enable"] => Ok(true),
        ["off" | "disable"] => Ok(false),
        _ => Err(wrong(
            &values.join(" "),
            &format!("no value of {name}"),
            "on or off",
        )),
    }
}

/// `NET1 net eth0`, `NET1 ib mlx5_0 1` or `NET1 ism 0000:00:00.0`.
fn entry(line: &str, values: &[&str]) -> Result<Entry, String> {
    let forms =
        "pnetid PNETID net INTERFACE, pnetid PNETID ib DEVICE [PORT] or pnetid PNETID ism BUS-ID";
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
            _ => return Err(wrong(port, "no port of an RDMA device", "1 or 2")),
        },
        [pnetid, "ism", name] if is_bus_id(name) => (pnetid, ib(name, 1)),
        [_, "ism", name] => {
            return Err(wrong(
                name,
                "no bus id of an ISM device",
                "one such as 0000:00:00.0",
            ))
        }
        _ => return Err(wrong(line, "not a device with a pnetid", forms)),
    };
    let pnetid = pnetid(name).map_err(|problem| format!("\"{name}\": {problem}"))?;
    Ok(Entry { pnetid, device })
}

/// The name, when the line is one of a sysctl.
fn sysctl_name(line: &str) -> Option<&str> {
    let end = line.find([' ', '=']).unwrap_or(line.len());
    let name = line.get(..end)?;
    (line.contains('=') || name.contains('.')).then_some(name)
}

fn sysctl(name: &str, line: &str) -> Result<Setting, String> {
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    let own = name.strip_prefix("net.smc.");
    if !own.is_some_and(|own| !own.is_empty() && own.bytes().all(is_plain)) {
        return Err(wrong(
            name,
            "no setting of SMC",
            "a name such as net.smc.wmem",
        ));
    }
    if name == LIMIT {
        return Err(wrong(
            name,
            "has a line of its own",
            "limit-handshakes on or off",
        ));
    }
    let Some((_, value)) = line.split_once('=') else {
        return Err(wrong(line, "no value", "net.smc.NAME = VALUE"));
    };
    let value = value.trim();
    if line.split_once('=').map(|(name, _)| name.trim()) != Some(name) {
        return Err(wrong(line, "more than one name", "net.smc.NAME = VALUE"));
    }
    if name == TEXT {
        let is_word = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_graphic());
        return if is_word {
            Ok(Setting::Sysctl(name.to_owned(), value.to_owned()))
        } else {
            Err(wrong(value, "no name of a program", "one word"))
        };
    }
    let is_number = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
    match value.parse::<u32>() {
        Ok(number) if is_number => Ok(Setting::Sysctl(name.to_owned(), number.to_string())),
        _ => Err(wrong(
            value,
            &format!("no value of {name}"),
            "a number in decimal digits, as sysctl(8) takes it",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Vec<String> {
        let lines = parse(text).unwrap();
        let show = |line: &Line| format!("{}: {}", line.number, line.setting);
        lines.iter().map(show).collect()
    }

    #[test]
    fn a_file_is_read_in_the_order_in_which_it_is_applied() {
        let text = "# the rack in the cellar\n\
                    seid off\n\
                    limit-handshakes   enable # busy\n\
                    \n\
                    ueid rack.1\n\
                    pnetid net1 net eth0\n\
                    pnetid net1 ib mlx5_0\n\
                    pnetid net1 ib mlx5_0 2\n\
                    pnetid net2 ism 0000:00:00.0\n\
                    net.smc.wmem=262144\n\
                    net.smc.rmem = 0131072\n\
                    load";
        assert_eq!(
            shown(text),
            [
                "12: load",
                "10: net.smc.wmem = 262144",
                "11: net.smc.rmem = 131072",
                "5: ueid RACK.1",
                "6: pnetid NET1 net eth0",
                "7: pnetid NET1 ib mlx5_0 1",
                "8: pnetid NET1 ib mlx5_0 2",
                "9: pnetid NET2 ism 0000:00:00.0",
                "2: seid off",
                "3: limit-handshakes on",
            ]
        );
        assert_eq!(shown("#load\n  # nothing\n"), [""; 0]);
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line_and_what_is_expected() {
        for (line, fault, expected) in [
            ("sied on", "\"sied\": no such setting", "load, ueid, seid"),
            ("load smc", "load takes no value", "load alone"),
            ("ueid", "one user EID is needed", "ueid NAME"),
            ("ueid A B", "one user EID is needed", "ueid NAME"),
            ("ueid A_B", "\"A_B\"", "letters, digits, dots and hyphens"),
            ("seid", "no value of seid", "on or off"),
            ("seid yes", "\"yes\"", "on or off"),
            ("limit-handshakes 1", "\"1\"", "on or off"),
            ("pnetid NET1", "not a device", "pnetid PNETID net INTERFACE"),
            ("pnetid NET-1 net eth0", "\"NET-1\"", "letters and digits"),
            ("pnetid NET1 ib mlx5_0 3", "\"3\"", "1 or 2"),
            ("pnetid NET1 ism mlx5_0", "\"mlx5_0\"", "0000:00:00.0"),
            ("pnetid NET1 ib 0000:00:00.0", "not a device", "ism BUS-ID"),
            ("net.smc.wmem", "no value", "net.smc.NAME = VALUE"),
            ("net.smc.wmem 5", "no value", "net.smc.NAME = VALUE"),
            ("net.smc.wmem = 256k", "\"256k\"", "decimal digits"),
            ("net.smc.wmem = -1", "\"-1\"", "decimal digits"),
            ("net.smc.wmem = +1", "\"+1\"", "decimal digits"),
            ("net.smc.wmem x = 1", "more than one name", "NAME = VALUE"),
            ("net.smc.wmem = 99999999999", "\"99999999999\"", "decimal"),
            ("net.core.rmem_max = 1", "no setting of SMC", "net.smc.wmem"),
            ("net.smc./x = 1", "no setting of SMC", "net.smc.wmem"),
            ("net.smc.limit_smc_hs = 1", "a line of its own", "limit-ha"),
            ("net.smc.hs_ctrl =", "no name of a program", "one word"),
        ] {
            let problems = parse(&format!("# a comment\n{line}\nload\n")).unwrap_err();
            assert_eq!(problems.len(), 1, "{line}: {problems:?}");
            assert_eq!(problems[0].line, 2, "{line}");
            let what = &problems[0].what;
            assert!(what.contains(fault) && what.contains(expected), "{what}");
            assert!(!what.contains('\n'), "{what}");
        }
    }

    #[test]
    fn everything_that_is_wrong_is_told_at_once() {
        let text = "ueid A\nueid A\nseid on\nseid off\npnetid A net e\npnetid B net e\n\
                    net.smc.wmem = 1\nnet.smc.wmem = 2\nueid B\nueid C\nueid D\nueid E\n";
        let problems = parse(text).unwrap_err();
        let lines: Vec<_> = problems.iter().map(|problem| problem.line).collect();
        assert_eq!(lines, [2, 4, 6, 8, 12], "{problems:?}");
        assert!(problems[1].what.contains("line 3 sets this, too"));
    }

    #[test]
    fn any_text_is_read_or_refused() {
        for text in [
            "\0",
            "é = é",
            "= =",
            "=",
            "pnetid",
            "ueid =",
            "net.smc. = 1",
        ] {
            assert_eq!(parse(text).unwrap_err().len(), 1, "{text}");
        }
    }
}
