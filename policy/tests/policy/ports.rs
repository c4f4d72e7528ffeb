// SPDX-License-Identifier: MIT OR Apache-2.0
//! `SMC_PORTS`: what each list means for every port there is, in both directions.

use crate::{address, lists, problem, said};

type Expected = fn(u16) -> bool;

const NOTHING: Expected = |_| false;
const EVERYTHING: Expected = |_| true;

/// A list, the ports on which listening is SMC, those to which connecting is.
const MEANINGS: &[(&str, Expected, Expected)] = &[
    ("", EVERYTHING, EVERYTHING),
    (" \t ", EVERYTHING, EVERYTHING),
    ("*", EVERYTHING, EVERYTHING),
    ("6379", |p| p == 6379, |p| p == 6379),
    ("1", |p| p == 1, |p| p == 1),
    ("65535", |p| p == 65535, |p| p == 65535),
    ("1-65535", |p| p != 0, |p| p != 0),
    ("8000-8999", in_8000s, in_8000s),
    ("80-80", |p| p == 80, |p| p == 80),
    ("80,443", |p| p == 80 || p == 443, |p| p == 80 || p == 443),
    (
        "443,80,80",
        |p| p == 80 || p == 443,
        |p| p == 80 || p == 443,
    ),
    (
        " 80 ,\t443 ",
        |p| p == 80 || p == 443,
        |p| p == 80 || p == 443,
    ),
    // One direction: the list has a positive item, so the other gets nothing.
    ("in:80", |p| p == 80, NOTHING),
    ("out:5432", NOTHING, |p| p == 5432),
    ("in:*", EVERYTHING, NOTHING),
    ("out:*", NOTHING, EVERYTHING),
    ("in:8000-8999", in_8000s, NOTHING),
    ("out:8000-8999", NOTHING, in_8000s),
    ("in:80,out:5432", |p| p == 80, |p| p == 5432),
    ("in:80,out:*", |p| p == 80, EVERYTHING),
    ("in:80,443", |p| p == 80 || p == 443, |p| p == 443),
    ("in:*,out:*", EVERYTHING, EVERYTHING),
    // Negative items alone: everything else.
    ("!22", |p| p != 22, |p| p != 22),
    ("! 22", |p| p != 22, |p| p != 22),
    ("!22,!80", |p| p != 22 && p != 80, |p| p != 22 && p != 80),
    ("!8000-8999", |p| !in_8000s(p), |p| !in_8000s(p)),
    ("!in:80", |p| p != 80, EVERYTHING),
    ("!out:5432", EVERYTHING, |p| p != 5432),
    ("!in:*", NOTHING, EVERYTHING),
    ("!out:*", EVERYTHING, NOTHING),
    ("!*", NOTHING, NOTHING),
    ("!1-65535", |p| p == 0, |p| p == 0),
    // Both: a negative item wins wherever it stands.
    ("*,!22", |p| p != 22, |p| p != 22),
    ("!22,*", |p| p != 22, |p| p != 22),
    ("22,!22", NOTHING, NOTHING),
    (
        "8000-8999,!8080",
        |p| in_8000s(p) && p != 8080,
        |p| in_8000s(p) && p != 8080,
    ),
    ("8000-8999,!in:8080", |p| in_8000s(p) && p != 8080, in_8000s),
    ("8000-8999,!out:8500-65535", in_8000s, |p| {
        in_8000s(p) && p < 8500
    }),
    ("in:80,!22", |p| p == 80, NOTHING),
    ("in:80,!out:22", |p| p == 80, NOTHING),
    ("in:80,out:*,!22", |p| p == 80, |p| p != 22),
    ("out:5432,!22", NOTHING, |p| p == 5432),
    ("*,!in:*", NOTHING, EVERYTHING),
    ("in:*,!in:*", NOTHING, NOTHING),
    ("in:80,!*", NOTHING, NOTHING),
];

fn in_8000s(port: u16) -> bool {
    port / 1000 == 8
}

#[test]
fn every_port_in_both_directions() {
    for &(list, listening, connecting) in MEANINGS {
        let lists = lists(&[("SMC_PORTS", list)]);
        for port in 0..=u16::MAX {
            let here = address("192.0.2.1", port);
            assert_eq!(
                lists.at_listen(here).is_smc(),
                listening(port),
                "SMC_PORTS={list:?}: listening on {port}"
            );
            assert_eq!(
                lists.at_connect(here).is_smc(),
                connecting(port),
                "SMC_PORTS={list:?}: connecting to {port}"
            );
        }
    }
}

/// The caller is spared a question exactly where every answer is yes.
#[test]
fn judges_only_where_something_is_refused() {
    for &(list, listening, connecting) in MEANINGS {
        let lists = lists(&[("SMC_PORTS", list)]);
        let refuses_some = |allowed: Expected| (0..=u16::MAX).any(|port| !allowed(port));
        assert_eq!(lists.judges_listen(), refuses_some(listening), "{list:?}");
        assert_eq!(lists.judges_connect(), refuses_some(connecting), "{list:?}");
    }
}

#[test]
fn both_address_families_and_every_host_alike() {
    let lists = lists(&[("SMC_PORTS", "6379,!22")]);
    for host in [
        "0.0.0.0",
        "127.0.0.1",
        "192.0.2.1",
        "::",
        "::1",
        "::ffff:192.0.2.1",
    ] {
        for (port, smc) in [(6379, true), (22, false), (80, false), (0, false)] {
            assert_eq!(
                lists.at_connect(address(host, port)).is_smc(),
                smc,
                "{host} {port}"
            );
            assert_eq!(
                lists.at_listen(address(host, port)).is_smc(),
                smc,
                "{host} {port}"
            );
        }
    }
}

#[test]
fn reasons() {
    let connecting =
        |list, port| said(lists(&[("SMC_PORTS", list)]).at_connect(address("::1", port)));
    let listening =
        |list, port| said(lists(&[("SMC_PORTS", list)]).at_listen(address("::1", port)));

    assert_eq!(connecting("6379", 6379), "SMC");
    assert_eq!(connecting("6379", 22), "port 22 not in SMC_PORTS");
    assert_eq!(listening("6379", 0), "port 0 not in SMC_PORTS");
    assert_eq!(
        connecting("in:80", 80),
        "port 80 in SMC_PORTS for listening only"
    );
    assert_eq!(connecting("in:80", 81), "port 81 not in SMC_PORTS");
    assert_eq!(
        listening("out:80-90", 85),
        "port 85 in SMC_PORTS for connecting only"
    );
    assert_eq!(
        listening("out:80,!80", 80),
        r#"port 80 excluded by "!80" in SMC_PORTS"#
    );
    assert_eq!(listening("out:80,!out:80", 80), "port 80 not in SMC_PORTS");

    for (written, shown) in [
        ("!22", "!22"),
        ("! 20-30", "!20-30"),
        ("!out:22", "!out:22"),
        ("!out:22-22", "!out:22"),
        ("!*", "!*"),
        ("!out:*", "!out:*"),
        ("!1-65535", "!1-65535"),
        ("!1,!2-21,!22,!*", "!22"),
    ] {
        assert_eq!(
            connecting(written, 22),
            format!("port 22 excluded by \"{shown}\" in SMC_PORTS")
        );
    }
    assert_eq!(
        listening("!in:80", 80),
        r#"port 80 excluded by "!in:80" in SMC_PORTS"#
    );
}

#[test]
fn what_is_not_a_port() {
    for item in [
        "0",
        "00",
        "080",
        "65536",
        "70000",
        "4294967376",
        "99999999999999999999",
        "-",
        "-1",
        "+80",
        "80-",
        "-80",
        "80-90-100",
        "0-80",
        "80-65536",
        "80 - 90",
        "8 0",
        "http",
        "80/tcp",
        "**",
        "*-80",
        "80-*",
        "in",
        "in:",
        "out:",
        "in:0",
        "in: 80",
        "IN:80",
        "in:in:80",
        "in:out:80",
        "in:!80",
        "out:-",
        "both:80",
        "!0",
        "!in:",
        "!70000",
        "٨٠",
        "8\u{a0}0",
        "0x50",
        "8e3",
        ":80",
    ] {
        let line = problem("SMC_PORTS", item);
        assert!(
            line.starts_with(&format!(
                "SMC_PORTS: invalid port \"{item}\": expected N, N-M or *, optionally prefixed by in:, out: or !"
            )),
            "{line}"
        );
    }
    for item in ["9000-8000", "2-1", "in:65535-1", "!9000-8000"] {
        assert_eq!(
            problem("SMC_PORTS", item),
            format!("SMC_PORTS: reversed range \"{item}\": expected the lower port first")
        );
    }
}

#[test]
fn the_first_wrong_item_is_named() {
    for list in ["80,http,ssh", "80, http ,!22", "!80,http"] {
        let line = problem("SMC_PORTS", list);
        assert!(
            line.starts_with("SMC_PORTS: invalid port \"http\": "),
            "{line}"
        );
    }
    let line = problem("SMC_PORTS", "80,! http");
    assert!(
        line.starts_with("SMC_PORTS: invalid port \"! http\": "),
        "{line}"
    );
}
