// SPDX-License-Identifier: MIT OR Apache-2.0
//! Link groups and links, while there are connections.

use super::{find, kernel, list, said, smcctl, COUNT, PYTHON};
use kit::machine::Machine;
use kit::scene::{Scene, Serving};
use kit::Kernel;
use serde_json::{json, Value};
use std::collections::BTreeMap;

/// Where the connections of [`hold`] come to.
const PORT: u16 = 7201;

/// Three connections that stay open: the server and the client of them.
pub fn hold(scene: &Scene) -> (Serving<'_>, Serving<'_>) {
    let server = format!("exec ./smc_run {PYTHON} tests/report/server.py $SERVER {PORT}");
    let server = scene.serve("used", &[PORT], &server);
    let client = format!("exec ./smc_run {PYTHON} tests/devices/hold.py $SERVER {PORT} 3 7202");
    (server, scene.serve_here("hold", &[7202], &client))
}

/// What smcctl tells, and the kernel at the same time: it says the same before and
/// after, for what earlier tests have left behind may go at any time.
fn told_and_true(machine: &Machine, told: &str, truth: &str) -> (Value, Value) {
    for _ in 0..20 {
        let before = kernel(machine, truth);
        let told = smcctl(machine, told);
        if kernel(machine, truth) == before {
            return (told, before);
        }
    }
    panic!("{truth} never rest");
}

/// The groups of the connections that are held, as smcctl tells of them, and how
/// many of those are in each. Every group is as the kernel tells of it.
fn groups(machine: &Machine) -> Vec<(Value, u64)> {
    let (told, truth) = told_and_true(machine, "linkgroups", "groups");
    let all = &told["linkgroups"];
    assert_eq!(list(all).len(), list(&truth).len(), "{told} {truth}");
    for expected in list(&truth) {
        let one = find(all, "id", &expected["id"]);
        for (key, value) in expected.as_object().unwrap() {
            assert_eq!(one[key], *value, "{key} of {one}");
        }
    }
    let mut ends = BTreeMap::<String, u64>::new();
    let connections = smcctl(machine, &format!("connections --port {PORT}"));
    for one in list(&connections["connections"]) {
        if let Some(group) = one["link_group"].as_str() {
            *ends.entry(group.to_owned()).or_default() += 1;
        }
    }
    // The kernel loses some connections for good when programs break off what they
    // do (conformance is full of it): a group may count more than there are.
    let held = ends.into_iter().map(|(id, ends)| {
        let one = find(all, "id", &json!(id)).clone();
        assert!(one["connections"].as_u64() >= Some(ends), "{ends}: {one}");
        (one, ends)
    });
    held.collect()
}

#[test]
fn smc_d_within_one_host() {
    if kit::skips(Kernel::expected() != Kernel::SmcD, "needs SMC-D") {
        return;
    }
    let scene = Scene::new(COUNT);
    let holding = hold(&scene);
    let held = groups(&scene.client);
    // Both ends of the three are here. The kernel spreads them over one group or two.
    let ends = held.iter().map(|(_, ends)| ends);
    assert_eq!(ends.sum::<u64>(), 6, "{held:?}");
    // Their EID may be one that the host has no more: an old group takes new connections.
    for (one, _) in &held {
        assert_eq!(one["kind"], "SMC-D", "{one}");
        assert_eq!(one["version"], 2, "{one}");
        assert!(one["eid"].is_string(), "{one}");
        assert_eq!(one["chid"], 0xffff, "loopback-ism: {one}");
    }
    assert_eq!(
        smcctl(&scene.client, "linkgroups --smcr")["linkgroups"],
        json!([])
    );
    assert_eq!(smcctl(&scene.client, "links")["links"], json!([]));
    let text = said(&scene.client, "smcctl linkgroups --smcd");
    let id = held[0].0["id"].as_str().unwrap();
    assert!(text.contains(&format!("{id}  SMC-D")), "{text}");
    scene.assert_all_smc();
    drop(holding);
}

#[test]
fn smc_r_between_two_hosts() {
    if kit::skips(
        Kernel::expected() != Kernel::SmcR,
        "needs SMC-R between two guests",
    ) {
        return;
    }
    let scene = Scene::new(COUNT);
    let holding = hold(&scene);
    let eid = kernel(&scene.client, "ueids")[0].clone();
    for (machine, role, own, peers) in [
        (&scene.client, "client", "192.0.2.2", "192.0.2.1"),
        (&scene.server, "server", "192.0.2.1", "192.0.2.2"),
    ] {
        let held = groups(machine);
        let [(group, 3)] = held.as_slice() else {
            panic!("{held:?}");
        };
        for (key, value) in [
            ("kind", json!("SMC-R")),
            ("role", json!(role)),
            ("type", json!("single")),
            ("version", json!(2)),
            ("vlan", json!(0)),
            ("pnetid", json!("LAB")),
            ("eid", eid.clone()),
            ("peer_system", json!("Linux")),
        ] {
            assert_eq!(group[key], value, "{key} of {group}");
        }
        let (told, truth) = told_and_true(machine, "links", "links");
        assert_eq!(list(&told["links"]).len(), list(&truth).len());
        let link = find(&told["links"], "group", &group["id"]);
        let expected = find(&truth, "group", &group["id"]);
        for key in ["id", "device", "port", "connections", "interface"] {
            assert_eq!(link[key], expected[key], "{key} of {link}");
        }
        assert_eq!(expected["active"], true);
        assert_eq!(link["state"], "active");
        assert_eq!(link["gid"], format!("::ffff:{own}").as_str());
        assert_eq!(link["peer_gid"], format!("::ffff:{peers}").as_str());
        // The port's own count. The kernel lists no link that it is about to free, and
        // counts it until then.
        let is_counted = || {
            let (told, truth) = told_and_true(machine, "devices --pnetid LAB", "links");
            let port = find(&told["devices"], "name", &json!("rxe0"));
            port["uses"] == list(&truth).len()
        };
        let is_counted = (0..20).any(|_| is_counted());
        assert!(is_counted, "{}", smcctl(machine, "devices --pnetid LAB"));
    }
    for command in ["links", "links -d", "linkgroups", "linkgroups -d"] {
        let text = said(&scene.client, &format!("smcctl {command}"));
        let fits = text.lines().all(|line| line.chars().count() <= 80);
        assert!(fits && text.lines().count() > 1, "{text}");
    }
    scene.assert_all_smc();
    drop(holding);
}

#[test]
fn nothing_is_used_where_all_is_tcp() {
    if kit::skips(
        !matches!(Kernel::expected(), Kernel::AfSmc | Kernel::IpprotoSmc),
        "needs a kernel with SMC and without devices",
    ) {
        return;
    }
    let scene = Scene::new(COUNT);
    let holding = hold(&scene);
    assert_eq!(groups(&scene.client), []);
    assert_eq!(smcctl(&scene.client, "links")["links"], json!([]));
    let text = said(&scene.client, "smcctl linkgroups; smcctl links");
    assert!(text.starts_with("no link group: "), "{text}");
    assert!(text.contains("\nno link: "), "{text}");
    scene.assert_all_smc();
    drop(holding);
}
