// SPDX-License-Identifier: MIT OR Apache-2.0
//! Sockets that are kept open, what they say of themselves, and what is said of them.

use crate::SOCKETS;
use kit::machine::{Machine, Output};
use kit::scene::{Scene, Serving};
use kit::SMCCTL;
use serde_json::Value;
use std::sync::atomic::{AtomicU32, Ordering};

/// Lines of JSON that `sockets.py` has written.
pub fn facts(machine: &Machine, path: &str) -> Vec<Value> {
    let waited = machine.run(&format!(
        "for try in $(seq 1200); do [ ! -e {path} ] || exec cat {path}; sleep 0.1; done; exit 1"
    ));
    let waited = waited.unwrap();
    assert_eq!(waited.status, 0, "no sockets: {waited:?}");
    let lines = waited.out.lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// Sockets at the client's machine.
pub struct Held<'scene> {
    client: Machine,
    _running: Serving<'scene>,
    /// What they say of themselves.
    pub facts: Vec<Value>,
}

impl<'scene> Held<'scene> {
    /// `command` is that of `sockets.py` up to FACTS; `run` is in front of it.
    pub fn new(scene: &'scene Scene, run: &str, command: &str) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path = format!("/tmp/smc-shim-facts-{}-{number}", std::process::id());
        let script = format!("exec {run} {SOCKETS} {command} {path}");
        let name = format!("held-{number}");
        let running = scene.serve_here(&name, &[], &script);
        let facts = facts(&scene.client, &path);
        assert!(!facts.is_empty());
        Self {
            client: scene.client,
            _running: running,
            facts,
        }
    }

    /// What is said of those that they are, in their order.
    pub fn said(&self) -> Vec<Value> {
        let all = all(&self.client);
        let of = |fact: &Value| {
            let mut those = all.iter().filter(|one| one["inode"] == fact["inode"]);
            let (one, other) = (those.next(), those.next());
            assert!(other.is_none(), "twice: {one:?} {other:?}");
            one.cloned()
                .unwrap_or_else(|| panic!("{fact} is missing: {all:?}"))
        };
        self.facts.iter().map(of).collect()
    }
}

/// What is said with these filters, in text or JSON.
pub fn ask(machine: &Machine, arguments: &str) -> Output {
    let script = format!("exec {SMCCTL} connections {arguments}");
    let said = machine.run(&script).unwrap();
    assert_eq!((said.status, said.err.as_str()), (0, ""), "{said:?}");
    said
}

/// All sockets with these filters.
pub fn some(machine: &Machine, filters: &str) -> Vec<Value> {
    let said = ask(machine, &format!("--json {filters}"));
    let json: Value = serde_json::from_str(&said.out).unwrap();
    json["connections"].as_array().unwrap().clone()
}

/// All sockets.
pub fn all(machine: &Machine) -> Vec<Value> {
    some(machine, "")
}

/// An end of a row, as `sockets.py` writes it.
pub fn end(end: &Value) -> Option<String> {
    let port = u16::try_from(end["port"].as_u64()?).unwrap();
    let address = end["address"].as_str()?;
    Some(std::net::SocketAddr::new(address.parse().unwrap(), port).to_string())
}

/// A server of `sockets.py`.
pub fn serve<'scene>(
    scene: &'scene Scene,
    run: &str,
    kind: &str,
    address: &str,
    port: u16,
) -> Serving<'scene> {
    let script = format!("exec {run} {SOCKETS} serve {kind} {address} {port}");
    scene.serve("sockets", &[port], &script)
}
