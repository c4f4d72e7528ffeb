// SPDX-License-Identifier: MIT OR Apache-2.0
//! Error messages: one short line, escaped, about the right item.

use std::error::Error;
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;

use smc_policy::{Config, Problem};

use crate::problem;

fn with_bytes(variable: &str, value: &[u8]) -> Problem {
    let value = OsString::from_vec(value.to_vec());
    Config::from_env(|name| (name == variable).then(|| value.clone())).unwrap_err()
}

#[test]
fn parts() {
    let problem = with_bytes("SMC_PORTS", b"80, !70000 ,http");
    assert_eq!(problem.variable(), "SMC_PORTS");
    assert_eq!(problem.item(), "!70000");
    assert_eq!(
        problem.expected(),
        "N, N-M or *, optionally prefixed by in:, out: or !"
    );
    assert_eq!(
        problem.to_string(),
        "SMC_PORTS: invalid port \"!70000\": \
         expected N, N-M or *, optionally prefixed by in:, out: or !"
    );
    let as_error: &dyn Error = &problem;
    assert!(as_error.source().is_none());
}

#[test]
fn empty_items_and_bare_negations_in_every_list() {
    for (variable, good) in [
        ("SMC_PORTS", "80"),
        ("SMC_HOSTS", "::1"),
        ("SMC_PROCESSES", "curl"),
    ] {
        for list in ["*,", ",*", "*,,*", "*, ,*", ",", ",,"] {
            let list = list.replace('*', good);
            let expected = "expected items separated by single commas";
            assert_eq!(
                problem(variable, &list),
                format!("{variable}: empty item in \"{list}\": {expected}")
            );
        }
        assert_eq!(
            problem(variable, &format!("{good},!")),
            format!("{variable}: missing item after \"!\": expected !ITEM")
        );
        assert_eq!(
            problem(variable, &format!("!!{good}")),
            format!("{variable}: repeated ! in \"!!{good}\": expected at most one !")
        );
    }
}

#[test]
fn invalid_utf_8_is_escaped() {
    for variable in [
        "SMC_DISABLE",
        "SMC_REQUIRE",
        "SMC_SOCKET",
        "SMC_SNDBUF",
        "SMC_RCVBUF",
        "SMC_DRAIN_TIMEOUT",
        "SMC_RETRY_AFTER",
        "SMC_DEBUG",
        "SMC_LOG",
        "SMC_PORTS",
        "SMC_HOSTS",
        "SMC_PROCESSES",
    ] {
        assert_eq!(
            with_bytes(variable, b"8\xff\xfe0").to_string(),
            format!(r#"{variable}: invalid text "8\xff\xfe0": expected UTF-8"#)
        );
    }
}

#[test]
fn items_are_escaped() {
    for (item, escaped) in [
        ("a\nb", r"a\nb"),
        ("a\tb\rc", r"a\tb\rc"),
        ("\u{1b}[31m", r"\u{00001b}[31m"),
        ("a\u{0}b", r"a\u{000000}b"),
        ("\u{7f}\u{85}", r"\u{00007f}\u{000085}"),
        ("say \"hi\"", r#"say \"hi\""#),
        (r"back\slash", r"back\\slash"),
        (
            "a\u{2028}b\u{202e}c\u{feff}",
            r"a\u{002028}b\u{00202e}c\u{00feff}",
        ),
        ("caf\u{e9} \u{1f600}", "caf\u{e9} \u{1f600}"),
    ] {
        let line = problem("SMC_PORTS", item);
        assert!(
            line.starts_with(&format!("SMC_PORTS: invalid port \"{escaped}\": ")),
            "{line}"
        );
    }
}

#[test]
fn long_items_are_truncated_between_characters() {
    let item = |text: &str| with_bytes("SMC_PORTS", text.as_bytes()).item().to_owned();
    assert_eq!(item(&"x".repeat(96)), "x".repeat(96));
    assert_eq!(item(&"x".repeat(97)), format!("{}…", "x".repeat(96)));
    assert_eq!(item(&"x".repeat(100_000)), format!("{}…", "x".repeat(96)));
    assert_eq!(
        item(&format!("x{}", "é".repeat(60))),
        format!("x{}…", "é".repeat(47))
    );
    assert_eq!(item(&"\"".repeat(60)), format!("{}…", "\\\"".repeat(48)));
    assert_eq!(
        item(&"\u{7f}".repeat(60)),
        format!("{}…", "\\u{00007f}".repeat(9))
    );
    let bytes = with_bytes("SMC_PORTS", &[0xff; 60]).item().to_owned();
    assert_eq!(bytes, format!("{}…", "\\xff".repeat(24)));
}
