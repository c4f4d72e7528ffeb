// SPDX-License-Identifier: MIT OR Apache-2.0
//! Compares output with a transcript word for word, except for values that change with
//! each run.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use regex::Regex;
use std::sync::LazyLock;

/// Values that change with each run: what they are, how they look, and what is compared
/// instead. Everything else must be equal, including ports below 32768, counts of
/// connections, IP addresses and decline codes.
const CHANGES: &[(&str, &str, &str)] = &[
    (
        "process id in a log line",
        r"\b([A-Za-z][\w.-]*)\[\d+\]",
        "$1[PID]",
    ),
    ("process id in a table", r"\b([a-z][\w.-]*)/\d+", "$1/PID"),
    (
        "port that the kernel chose",
        r":(3276[89]|327[7-9]\d|32[89]\d\d|3[3-9]\d{3}|[45]\d{4}|6[0-5]\d{3})\b",
        ":PORT",
    ),
    ("descriptor", r"\bfd \d+", "fd FD"),
    ("link group", r"\blink group [0-9a-f]{8}\b", "link group ID"),
    ("size", r"\b\d+(\.\d+)?[KMG]\b", "SIZE"),
    (
        "bytes of a connection",
        r"\b\d+ (sent|received)\b",
        "BYTES $1",
    ),
    (
        "version",
        r"(^|\s)v?\d+\.\d+\.\d+([-+]\S*)?(\s|$)",
        "${1}VERSION$3",
    ),
    // The length of these values moves the columns of a table.
    ("space between columns", r"(\S) {2,}", "$1  "),
];

/// Stands for any number of lines, including none.
const OMITTED: &str = "…";

/// Says where `output` differs from the lines of a transcript; `None` if it does not.
#[must_use]
pub fn difference(expected: &[String], output: &str) -> Option<String> {
    let output: Vec<&str> = output.lines().collect();
    let wanted: Vec<_> = expected.iter().map(|line| comparable(line)).collect();
    let found: Vec<_> = output.iter().map(|line| comparable(line)).collect();
    if is_match(&wanted, &found) {
        return None;
    }
    let mut pairs = wanted.iter().zip(&found);
    let same = pairs.position(|(wanted, found)| wanted != found);
    let same = same.unwrap_or(wanted.len().min(found.len()));
    let shown = |line: Option<&str>| line.map_or("nothing".into(), |line| format!("{line:?}"));
    Some(format!(
        "line {} of the output: expected {}, found {}\nall of the output:\n{}",
        same + 1,
        shown(expected.get(same).map(String::as_str)),
        shown(output.get(same).copied()),
        output.join("\n")
    ))
}

/// The line with each value that changes replaced by its kind.
fn comparable(line: &str) -> String {
    static PATTERNS: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
        let compiled = CHANGES.iter().map(|(_, pattern, replacement)| {
            let pattern = Regex::new(pattern).unwrap();
            (pattern, *replacement)
        });
        compiled.collect()
    });
    let line = line.trim_end().to_owned();
    PATTERNS.iter().fold(line, |line, (pattern, replacement)| {
        pattern.replace_all(&line, *replacement).into_owned()
    })
}

/// Whether `found` is what the transcript wants.
fn is_match(wanted: &[String], found: &[String]) -> bool {
    match wanted.split_first() {
        None => found.is_empty(),
        Some((first, rest)) if first == OMITTED => {
            (0..=found.len()).any(|omitted| is_match(rest, found.get(omitted..).unwrap_or(&[])))
        }
        Some((first, rest)) => match found.split_first() {
            Some((line, others)) => first == line && is_match(rest, others),
            None => false,
        },
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::difference;

    fn is_same(expected: &str, output: &str) -> bool {
        let expected: Vec<String> = expected.lines().map(str::to_owned).collect();
        difference(&expected, output).is_none()
    }

    #[test]
    fn what_changes_with_each_run_may_change() {
        for (expected, output) in [
            ("redis-cli[183]: connect", "redis-cli[7]: connect"),
            ("127.0.0.1:6379 fd 5: SMC", "127.0.0.1:6379 fd 11: SMC"),
            (
                "127.0.0.1:58830  redis-server/165",
                "127.0.0.1:42001   redis-server/9",
            ),
            (
                "link group 00000100, buffers 63K/2.5M",
                "link group 00000a01, buffers 128K/1M",
            ),
            ("35 sent, 0 received", "0 sent, 1234 received"),
            ("2.6.2", "v2.10.0-rc1"),
            ("trailing", "trailing  "),
        ] {
            assert!(is_same(expected, output), "{expected} {output}");
        }
    }

    #[test]
    fn everything_else_may_not() {
        for (expected, output) in [
            ("PONG", "PONG!"),
            ("port 6379 excluded by", "port 6379 is excluded by"),
            ("connect 127.0.0.1:6379", "connect 127.0.0.1:6380"),
            ("connect 127.0.0.1:6379", "connect 127.0.0.2:6379"),
            ("127.0.0.1:58830", "127.0.0.1:6379"),
            ("3 connections: 2 SMC-D", "3 connections: 1 SMC-D"),
            ("(0x03010000 PEERNOSMC)", "(0x03030000 PEERNOSMC)"),
            ("redis-server/165", "redis-cli/165"),
            ("link group 00000100", "link group none"),
            ("  indented", "indented"),
            ("SMC-D  1", "SMC-D 1"),
            ("one\ntwo", "one"),
            ("one", "one\ntwo"),
            ("two\none", "one\ntwo"),
        ] {
            assert!(!is_same(expected, output), "{expected} {output}");
        }
    }

    #[test]
    fn lines_may_be_left_out_where_the_transcript_says_so() {
        assert!(is_same("a\n…\nd", "a\nb\nc\nd"));
        assert!(is_same("a\n…\nd", "a\nd"));
        assert!(is_same("…\nd\n…", "d"));
        assert!(!is_same("a\n…\nd", "a\nb\nc"));
        assert!(!is_same("a\n…\nd", "a\nd\ne"));
    }

    #[test]
    fn the_difference_names_the_line() {
        let expected = ["OK".to_owned(), "bye".to_owned()];
        let found = difference(&expected, "OK\nbuy\n").unwrap();
        let first = found.lines().next();
        assert_eq!(
            first,
            Some("line 2 of the output: expected \"bye\", found \"buy\"")
        );
    }
}
