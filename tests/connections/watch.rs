// SPDX-License-Identifier: MIT OR Apache-2.0
//! The live view gives the terminal back as it was, however it ends.

use crate::held::{serve, Held};
use crate::{COUNT, VIEWER};
use kit::machine::Machine;
use kit::scene::Scene;
use kit::SMCCTL;

/// Runs `command` in a terminal: its status, and what it wrote in the end.
fn view(how: &str, seen: &str, command: &str) -> (i32, String) {
    let here = Machine::here().unwrap();
    let script =
        format!("exec /usr/bin/python3 tests/connections/terminal.py '{how}' '{seen}' {command}");
    let said = here.run(&script).unwrap();
    assert_eq!((said.status, said.err.as_str()), (0, ""), "{said:?}");
    let (line, rest) = said.out.split_once('\n').unwrap();
    let (status, terminal) = line.split_once(' ').unwrap();
    assert_eq!(terminal, "1 1 True True True", "{how} {command}: {said:?}");
    (status.parse().unwrap(), rest.to_owned())
}

#[test]
fn whoever_has_seen_enough_gets_the_terminal_back() {
    for (how, status) in [
        ("keys:q", 0),
        (r"keys:\x03", 0),
        ("signal:SIGTERM", -libc::SIGTERM),
        ("signal:SIGINT", -libc::SIGINT),
        ("signal:SIGHUP", -libc::SIGHUP),
    ] {
        let (ended, rest) = view(how, "seen-1", VIEWER);
        assert_eq!(
            (ended, rest.contains("seen")),
            (status, false),
            "{how}: {rest}"
        );
    }
}

#[test]
fn what_goes_wrong_is_told_on_the_screen_that_stays() {
    let (status, rest) = view("nothing", "-", &format!("{VIEWER} fails"));
    assert_eq!(status, 1);
    assert!(
        rest.contains("smcctl:") && rest.contains("there are no more"),
        "{rest}"
    );
    let (status, rest) = view("nothing", "-", &format!("{VIEWER} panics"));
    assert_eq!(status, 101);
    assert!(
        rest.contains("panicked") && rest.contains("there are no more"),
        "{rest}"
    );
}

#[test]
fn what_is_no_terminal_is_refused() {
    let here = Machine::here().unwrap();
    for (command, why) in [
        (
            "connections --watch",
            "--watch: standard output is not a terminal",
        ),
        (
            "connections --watch 5 --port 80",
            "--watch: standard output is not a terminal",
        ),
        (
            "connections --watch --json",
            "--watch cannot be used with --json",
        ),
        (
            "stats --watch",
            "--watch: standard output is not a terminal",
        ),
    ] {
        let said = here.run(&format!("{SMCCTL} {command}")).unwrap();
        assert_eq!((said.status, said.out.as_str()), (2, ""), "{said:?}");
        assert!(said.err.contains(why), "{said:?}");
        assert_eq!(said.err.lines().count(), 1, "{said:?}");
    }
}

#[test]
fn connections_are_seen_live() {
    if kit::skips_without_smc() {
        return;
    }
    let scene = Scene::new(COUNT);
    let address = scene.server.address.to_string();
    let _server = serve(&scene, "", "smc", &address, 7391);
    let held = Held::new(&scene, "", &format!("connect smc {address} 7391 1"));
    let local = held.facts[0]["local"].as_str().unwrap();
    let watch = format!("{SMCCTL} connections --watch 1 --port 7391");
    let (status, _) = view("keys:q", local, &watch);
    assert_eq!(status, 0);
}

#[test]
fn what_is_counted_is_seen_live() {
    if kit::skips_without_smc() {
        return;
    }
    let (status, _) = view(
        "keys:q",
        "handshake failed",
        &format!("{SMCCTL} stats --watch 1"),
    );
    assert_eq!(status, 0);
}
