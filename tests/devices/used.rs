// SPDX-License-Identifier: MIT OR Apache-2.0
//! Link groups and links, while there are connections.

use super::{find, kernel, list, said, smcctl, COUNT, PYTHON};
use kit::machine::Machine;
use kit::scene::{Scene, Serving};
use kit::Kernel;
use serde_json::{json, Value};

/// Waits until no link group has a connection: the kernel frees those of an earlier
/// test some time after their programs' end, and tells nobody.
fn wait_for_no_connections(machine: &Machine) {
    said(
        machine,
        &format!(
            "for try in $(seq 300); do
                 groups=$({PYTHON} tests/devices/netlink.py groups)
                 case $groups in *'\"connections\": '[1-9]*) sleep 0.1 ;; *) exit 0 ;; esac
             done; echo \"$groups\"; exit 1"
        ),
    );
}

/// Three connections that stay open, the only ones: the server and the client of them.
pub fn hold(scene: &Scene) -> (Serving<'_>, Serving<'_>) {
    for machine in [&scene.client, &scene.server] {
        wait_for_no_connections(machine);
    }
    let server = format!("exec ./smc_run {PYTHON} tests/report/server.py $SERVER 7201");
    let server = scene.serve("used", &[7201], &server);
    let client = format!("exec ./smc_run {PYTHON} tests/devices/hold.py $SERVER 7201 3 7202");
    (server, scene.serve_here("hold", &[7202], &client))
}

/// The groups that hold connections, as smcctl tells of them; each as the kernel does.
fn groups(machine: &Machine) -> Vec<Value> {
    let (told, truth) = (smcctl(machine, "linkgroups"), kernel(machine, "groups"));
    let all = list(&told["linkgroups"]);
    assert_eq!(all.len(), list(&truth).len(), "{told} {truth}");
    for expected in list(&truth) {
        let one = find(&told["linkgroups"], "id", &expected["id"]);
        for (key, value) in expected.as_object().unwrap() {
            assert_eq!(one[key], *value, "{key} of {one}");
        }
    }
    let held = |one: &&Value| one["connections"].as_u64() > Some(0);
    all.iter().filter(held).cloned().collect()
}

#[test]
fn smc_d_within_one_host() {
    if Kernel::expected() != Kernel::SmcD {
        return;
    }
    let scene = Scene::new(COUNT);
    let holding = hold(&scene);
    let held = groups(&scene.client);
    // Both ends of the three are here. The kernel spreads them over one group or two.
    let ends = held.iter().map(|one| one["connections"].as_u64().unwrap());
    assert_eq!(ends.sum::<u64>(), 6, "{held:?}");
    let known = kernel(&scene.client, "ueids");
    for one in &held {
        assert_eq!(one["kind"], "SMC-D", "{one}");
        assert_eq!(one["version"], 2, "{one}");
        assert!(list(&known).contains(&one["eid"]), "{one} {known}");
        assert_eq!(one["chid"], 0xffff, "loopback-ism: {one}");
    }
    assert_eq!(
        smcctl(&scene.client, "linkgroups --smcr")["linkgroups"],
        json!([])
    );
    assert_eq!(smcctl(&scene.client, "links")["links"], json!([]));
    let text = said(&scene.client, "smcctl linkgroups --smcd");
    let id = held[0]["id"].as_str().unwrap();
    assert!(text.contains(&format!("{id}  SMC-D")), "{text}");
    scene.assert_all_smc();
    drop(holding);
}

#[test]
fn smc_r_between_two_hosts() {
    if Kernel::expected() != Kernel::SmcR {
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
        assert_eq!(held.len(), 1, "{held:?}");
        let group = &held[0];
        assert_eq!(group["connections"], 3, "{group}");
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
        let (told, truth) = (smcctl(machine, "links"), kernel(machine, "links"));
        assert_eq!(list(&told["links"]).len(), list(&truth).len());
        let link = find(&told["links"], "group", &group["id"]);
        let expected = find(&truth, "group", &group["id"]);
        for key in ["id", "device", "port", "connections", "interface"] {
            assert_eq!(link[key], expected[key], "{key} of {link}");
        }
        assert_eq!(expected["active"], true);
        assert_eq!(
            (&link["state"], &link["connections"]),
            (&json!("active"), &json!(3))
        );
        assert_eq!(link["gid"], format!("::ffff:{own}").as_str());
        assert_eq!(link["peer_gid"], format!("::ffff:{peers}").as_str());
        // The port's own count: this link, and those of groups that the kernel still
        // keeps from connections before.
        let port = smcctl(machine, "devices --pnetid LAB");
        let port = find(&port["devices"], "name", &json!("rxe0"));
        assert_eq!(port["uses"], list(&truth).len(), "links: {port} {truth}");
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
    if !matches!(Kernel::expected(), Kernel::AfSmc | Kernel::IpprotoSmc) {
        return;
    }
    let scene = Scene::new(COUNT);
    let holding = hold(&scene);
    assert_eq!(groups(&scene.client), Vec::<Value>::new());
    assert_eq!(smcctl(&scene.client, "links")["links"], json!([]));
    let text = said(&scene.client, "smcctl linkgroups; smcctl links");
    assert!(text.starts_with("no link group: "), "{text}");
    assert!(text.contains("\nno link: "), "{text}");
    scene.assert_all_smc();
    drop(holding);
}
