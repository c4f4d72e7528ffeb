// SPDX-License-Identifier: MIT OR Apache-2.0
//! `--json` is as smcctl(8) documents it.

use crate::held::{all, ask, serve, Held};
use crate::COUNT;
use kit::scene::Scene;
use serde_json::Value;

const CONNECTION: &[&str] = &[
    "buffers",
    "bytes",
    "device",
    "fallback",
    "inode",
    "link_group",
    "local",
    "mode",
    "peer",
    "processes",
    "state",
    "uid",
];
/// Objects that may be null.
const NESTED: &[(&str, &[&str])] = &[
    ("buffers", &["receive", "send"]),
    (
        "bytes",
        &["received", "received_wraps_at", "sent", "sent_wraps_at"],
    ),
    ("fallback", &["code", "peer_code", "peer_reason", "reason"]),
    ("local", &["address", "port"]),
    ("peer", &["address", "port"]),
];
const PROCESS: &[&str] = &["pid", "program"];
const MODES: &[&str] = &["SMC-R", "SMC-D", "SMC", "TCP"];
const STATES: &[&str] = &[
    "unconnected",
    "listening",
    "connecting",
    "connected",
    "closing",
    "aborted",
    "closed",
];

fn keys(value: &Value) -> Vec<&str> {
    let object = value.as_object().unwrap();
    object.keys().map(String::as_str).collect()
}

/// A connection with everything that there can be here, and that the others have not.
#[test]
fn json_is_as_documented() {
    if kit::skips_without_smc() {
        return;
    }
    let scene = Scene::new(COUNT);
    let (address, port) = (scene.server.address.to_string(), 7351);
    let _server = serve(&scene, "", "smc", &address, port);
    let _held = Held::new(&scene, "", &format!("connect smc {address} {port} 1"));
    let whole: Value = serde_json::from_str(&ask(&scene.client, "--json").out).unwrap();
    assert_eq!(keys(&whole), ["connections", "hidden"]);
    assert_eq!(whole["hidden"], 0);
    let mut connections = all(&scene.client);
    connections.extend(all(&scene.server));
    let mut seen = Vec::new();
    for one in &connections {
        assert_eq!(keys(one), CONNECTION);
        for (name, expected) in NESTED {
            if !one[name].is_null() {
                assert_eq!(keys(&one[name]), *expected, "{name}");
                seen.push(*name);
            }
        }
        assert!(MODES.contains(&one["mode"].as_str().unwrap()));
        assert!(STATES.contains(&one["state"].as_str().unwrap()));
        for process in one["processes"].as_array().unwrap() {
            assert_eq!(keys(process), PROCESS);
            seen.push("processes");
        }
    }
    for name in ["buffers", "bytes", "local", "peer", "processes"] {
        assert!(seen.contains(&name), "{name}: {connections:?}");
    }
}

/// What the test above knows is in the manual, and so it is on every machine.
#[test]
fn the_manual_has_every_word_of_it() {
    let manual = std::fs::read_to_string(kit::checkout().join("docs/smcctl.8")).unwrap();
    let begin = manual.find(".SH CONNECTIONS").unwrap();
    let section = &manual[begin + 4..];
    let section = &section[..section.find("\n.SH ").unwrap()];
    let words: Vec<&str> = section
        .split(|letter: char| !(letter.is_ascii_alphanumeric() || "_-".contains(letter)))
        .collect();
    let nested = NESTED.iter().flat_map(|(_, keys)| keys.iter());
    let all = CONNECTION.iter().chain(nested).chain(PROCESS);
    for word in all.chain(STATES).chain(&["connections", "hidden"]) {
        assert!(words.contains(word), "{word}");
    }
    let plain = section.replace('\\', "");
    for mode in MODES {
        assert!(plain.contains(mode), "{mode}");
    }
}
