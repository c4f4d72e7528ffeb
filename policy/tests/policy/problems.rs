// SPDX-License-Identifier: MIT OR Apache-2.0
//! How problems read: one line, harmless, short, and about the right item.

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
    assert!(problem.expected().starts_with("a port from 1 to 65535"));
    assert_eq!(
        problem.to_string(),
        "SMC_PORTS: \"!70000\" is not a port or a range of ports: expected a port from 1 to 65535, \
         a range such as 8000-8999, or *; in front of it in: (listening) or out: (connecting) if wanted, \
         and ! to exclude"
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
            let line = problem(variable, &list);
            let start = format!("{variable}: \"{list}\" has an empty item: expected items separated by single commas");
            assert!(line.starts_with(&start), "{line}");
        }
        assert_eq!(
            problem(variable, &format!("{good},!")),
            format!("{variable}: \"!\" negates nothing: expected the item right behind the !")
        );
        assert_eq!(
            problem(variable, &format!("!!{good}")),
            format!("{variable}: \"!!{good}\" is negated twice: expected one ! at most")
        );
    }
}

#[test]
fn what_is_not_utf_8_is_shown_all_the_same() {
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
            format!(r#"{variable}: "8\xff\xfe0" is not text: expected UTF-8"#)
        );
    }
}

#[test]
fn items_are_escaped() {
    for (item, shown) in [
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
            line.starts_with(&format!("SMC_PORTS: \"{shown}\" is not a port")),
            "{line}"
        );
    }
}

#[test]
fn long_items_are_cut_between_characters() {
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
