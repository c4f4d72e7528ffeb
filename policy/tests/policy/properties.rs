// SPDX-License-Identifier: MIT OR Apache-2.0
//! Random lists, some of them wrong, against the naive model; random bytes
//! against the promises that hold for any value.

use std::ffi::{OsStr, OsString};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use smc_policy::{Config, Program, VARIABLES};

use crate::{model, read};

/// Items joined to a list, with blanks and negations, at times wrongly.
fn list_of(item: BoxedStrategy<String>) -> impl Strategy<Value = String> {
    let negation = select(vec!["", "", "", "!", "!", "! ", " !\t", "!!"]);
    let trailer = select(vec!["", "", "", "", " ", "\t"]);
    let item = (negation, item, trailer)
        .prop_map(|(before, item, behind)| format!("{before}{item}{behind}"));
    let comma = select(vec![",", ",", ",", ",", ",", " , ", ",,"]);
    vec((item, comma), 0..6).prop_map(|items| {
        let mut list = String::new();
        for (at, (item, comma)) in items.iter().enumerate() {
            if at > 0 {
                list.push_str(comma);
            }
            list.push_str(item);
        }
        list
    })
}

/// Ports near which lists and probes meet.
fn some_port() -> impl Strategy<Value = u32> {
    prop_oneof![8 => 1..40_u32, 1 => 65530..65537_u32, 1 => Just(0), 1 => 0..70000_u32]
}

fn port_item() -> BoxedStrategy<String> {
    let direction = select(vec!["", "", "in:", "out:", "in:", "out:", "both:"]);
    let ports = prop_oneof![
        4 => some_port().prop_map(|port| port.to_string()),
        4 => (some_port(), some_port()).prop_map(|(a, b)| format!("{}-{}", a.min(b), a.max(b))),
        1 => (some_port(), some_port()).prop_map(|(a, b)| format!("{a}-{b}")),
        1 => Just(String::from("*")),
    ];
    (direction, ports)
        .prop_map(|(direction, ports)| format!("{direction}{ports}"))
        .boxed()
}

/// Few bits differ, so that networks and hosts meet.
fn some_host() -> impl Strategy<Value = IpAddr> {
    let v4 = (
        select(vec![0_u32, 0x7f00_0001, 0x0a00_0000, 0xc000_0200]),
        0..33_u32,
    )
        .prop_map(|(base, turned)| base ^ 1_u32.checked_shl(turned).unwrap_or(0));
    let v6 = (
        select(vec![
            0_u128,
            1,
            0x2001_0db8 << 96,
            0xffff << 32,
            0xfe80 << 112,
        ]),
        0..129_u32,
    )
        .prop_map(|(base, turned)| base ^ 1_u128.checked_shl(turned).unwrap_or(0));
    prop_oneof![
        v4.clone()
            .prop_map(|bits| IpAddr::from(Ipv4Addr::from(bits))),
        v4.prop_map(|bits| IpAddr::from(Ipv4Addr::from(bits).to_ipv6_mapped())),
        v6.prop_map(|bits| IpAddr::from(Ipv6Addr::from(bits))),
        any::<[u8; 4]>().prop_map(IpAddr::from),
        any::<[u8; 16]>().prop_map(IpAddr::from),
    ]
}

fn host_item() -> BoxedStrategy<String> {
    prop_oneof![
        some_host().prop_map(|host| host.to_string()),
        (some_host(), 0..34_u32).prop_map(|(host, prefix)| format!("{host}/{prefix}")),
        (some_host(), 90..131_u32).prop_map(|(host, prefix)| format!("{host}/{prefix}")),
    ]
    .boxed()
}

fn glob_item() -> BoxedStrategy<String> {
    let part = select(vec![
        "a", "b", "ab", "*", "?", "[ab]", "[!a]", "[a-b]", "[]]", "/", "/", "/**/", "/**", "**/",
        "é", ".", "]", "-",
    ]);
    let start = select(vec!["", "", "/", "/", "**/"]);
    (start, vec(part, 0..7))
        .prop_map(|(start, parts)| format!("{start}{}", parts.concat()))
        .boxed()
}

fn some_path() -> impl Strategy<Value = Vec<u8>> {
    let part = select(vec![
        &b"a"[..],
        b"b",
        b"ab",
        b"/",
        b"/",
        b"/a/",
        b".",
        b"\xc3\xa9",
        b"\xe9",
        b" (deleted)",
        b"]",
        b"-",
    ]);
    let start = select(vec![&b""[..], b"/", b"/"]);
    (start, vec(part, 0..8)).prop_map(|(start, parts)| [start, &parts.concat()].concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn ports_are_as_the_model_says(list in list_of(port_item()), near in vec(0..45_u16, 8), far in any::<u16>()) {
        let config = read(&[("SMC_PORTS", &list)]);
        for port in near.into_iter().chain([0, 65534, 65535, far]) {
            for listening in [true, false] {
                let here = SocketAddr::new(IpAddr::from([192, 0, 2, 1]), port);
                let (verdict, judges) = match &config {
                    Err(_) => (None, true),
                    Ok(Config { lists, .. }) if listening => (Some(lists.at_listen(here).is_smc()), lists.judges_listen()),
                    Ok(Config { lists, .. }) => (Some(lists.at_connect(here).is_smc()), lists.judges_connect()),
                };
                prop_assert_eq!(verdict, model::port(&list, listening, port), "port {}, listening {}", port, listening);
                prop_assert!(judges || verdict == Some(true));
            }
        }
    }

    #[test]
    fn hosts_are_as_the_model_says(list in list_of(host_item()), probes in vec(some_host(), 12)) {
        let config = read(&[("SMC_HOSTS", &list)]);
        for probe in probes {
            let there = SocketAddr::new(probe, 80);
            let lists = config.as_ref().ok().map(|config| &config.lists);
            let connecting = lists.map(|lists| lists.at_connect(there).is_smc());
            let listening = lists.map(|lists| lists.at_listen(there).is_smc());
            prop_assert_eq!(connecting, model::host(&list, false, probe), "connecting to {}", probe);
            prop_assert_eq!(listening, model::host(&list, true, probe), "listening on {}", probe);
            let spared = lists.is_some_and(|lists| !lists.judges_connect());
            prop_assert!(!spared || connecting == Some(true));
        }
    }

    #[test]
    fn programs_are_as_the_model_says(list in list_of(glob_item()), paths in vec((some_path(), some_path()), 12)) {
        let config = read(&[("SMC_PROCESSES", &list)]);
        for (executable, invoked_as) in paths {
            let program = Program {
                executable: Path::new(OsStr::from_bytes(&executable)),
                invoked_as: Path::new(OsStr::from_bytes(&invoked_as)),
            };
            let verdict = config.as_ref().ok().map(|config| config.lists.judge_program(&program).is_smc());
            prop_assert_eq!(verdict, model::program(&list, &executable, &invoked_as), "{:?}", program);
        }
    }

    /// An error is one short line that names its variable, the item and what is expected.
    #[test]
    fn problems_are_one_short_line(
        variable in select(&VARIABLES[..]),
        value in prop_oneof![vec(any::<u8>(), 0..200), "[ -~]{0,20}".prop_map(String::into_bytes)],
    ) {
        let value = OsString::from_vec(value);
        let result = Config::from_env(|name| (name == variable).then(|| value.clone()));
        if let Err(problem) = result {
            let line = problem.to_string();
            prop_assert!(line.len() < 400, "{}", line);
            prop_assert!(!line.contains(char::is_control), "{}", line);
            prop_assert!(line.starts_with(&format!("{variable}: ")), "{}", line);
            let end = format!(" \"{}\": expected {}", problem.item(), problem.expected());
            prop_assert!(line.ends_with(&end), "{}", line);
        }
    }
}
