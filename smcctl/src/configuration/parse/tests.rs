// SPDX-License-Identifier: MIT OR Apache-2.0
//! Valid and invalid files.

use super::*;

fn shown(text: &str) -> Vec<String> {
    let lines = parse(text).unwrap();
    let show = |line: &Line| format!("{}: {}", line.number, line.setting);
    lines.iter().map(show).collect()
}

#[test]
fn settings_are_in_the_order_of_application() {
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
fn an_error_names_its_line_and_what_is_expected() {
    for (line, what, expected) in [
        ("sied on", "unknown setting \"sied\"", "load, ueid, seid"),
        (
            "load smc",
            "unexpected value in \"load smc\"",
            "expected load",
        ),
        ("ueid", "invalid setting \"ueid\"", "ueid NAME"),
        ("ueid A B", "invalid setting \"ueid A B\"", "ueid NAME"),
        (
            "ueid A_B",
            "invalid user EID \"A_B\"",
            "letters, digits, . and -",
        ),
        ("seid", "invalid value of seid \"\"", "on or off"),
        ("seid yes", "invalid value of seid \"yes\"", "on or off"),
        ("limit-handshakes 1", "limit-handshakes \"1\"", "on or off"),
        ("pnetid NET1", "invalid setting", "PNETID and net INTERFACE"),
        (
            "pnetid NET-1 net eth0",
            "invalid pnetid \"NET-1\"",
            "letters or digits",
        ),
        ("pnetid NET1 ib mlx5_0 3", "invalid port \"3\"", "1 or 2"),
        (
            "pnetid NET1 ism mlx5_0",
            "invalid bus ID \"mlx5_0\"",
            "0000:00:00.0",
        ),
        (
            "pnetid NET1 ib 0000:00:00.0",
            "invalid setting",
            "ism BUS-ID",
        ),
        ("net.smc.wmem", "missing value in", "net.smc.NAME = VALUE"),
        ("net.smc.wmem 5", "missing value in", "net.smc.NAME = VALUE"),
        (
            "net.smc.wmem = 256k",
            "invalid value of net.smc.wmem \"256k\"",
            "a decimal number",
        ),
        ("net.smc.wmem = -1", "\"-1\"", "a decimal number"),
        ("net.smc.wmem = +1", "\"+1\"", "a decimal number"),
        ("net.smc.wmem x = 1", "invalid setting", "NAME = VALUE"),
        (
            "net.smc.wmem = 99999999999",
            "\"99999999999\"",
            "a decimal number",
        ),
        (
            "net.core.rmem_max = 1",
            "unknown setting \"net.core.rmem_max\"",
            "net.smc.NAME",
        ),
        (
            "net.smc./x = 1",
            "unknown setting \"net.smc./x\"",
            "net.smc.NAME",
        ),
        (
            "net.smc.limit_smc_hs = 1",
            "unknown setting \"net.smc.limit_smc_hs\"",
            "limit-ha",
        ),
        (
            "net.smc.hs_ctrl =",
            "invalid value of net.smc.hs_ctrl \"\"",
            "one word",
        ),
    ] {
        let problems = parse(&format!("# a comment\n{line}\nload\n")).unwrap_err();
        assert_eq!(problems.len(), 1, "{line}: {problems:?}");
        assert_eq!(problems[0].line, 2, "{line}");
        let line = &problems[0].what;
        assert!(line.contains(what) && line.contains(expected), "{line}");
        assert!(!line.contains('\n'), "{line}");
    }
}

#[test]
fn every_error_is_reported() {
    let text = "ueid A\nueid A\nseid on\nseid off\npnetid A net e\npnetid B net e\n\
                net.smc.wmem = 1\nnet.smc.wmem = 2\nueid B\nueid C\nueid D\nueid E\n";
    let problems = parse(text).unwrap_err();
    let lines: Vec<_> = problems.iter().map(|problem| problem.line).collect();
    assert_eq!(lines, [2, 4, 6, 8, 12], "{problems:?}");
    assert!(problems[1].what.contains("line 3 sets it already"));
}

#[test]
fn any_text_is_parsed_or_rejected() {
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
