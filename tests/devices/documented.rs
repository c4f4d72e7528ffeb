// SPDX-License-Identifier: MIT OR Apache-2.0
//! The keys that smcctl(8) documents, and what users without privilege are told.

use super::used::hold;
use super::{json, list, smcctl, COUNT, PATH};
use kit::machine::Machine;
use kit::scene::Scene;
use kit::{Kernel, SMCCTL_IN_PATH};
use serde_json::Value;

fn keys(value: &Value) -> Vec<&str> {
    value
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect()
}

/// As the manual page has them, each list in its order there.
fn assert_keys(value: &Value, documented: &str) {
    let mut documented: Vec<_> = documented.split_whitespace().collect();
    documented.sort_unstable();
    assert_eq!(keys(value), documented, "{value}");
    // Every one of them is in the page.
    let page = std::fs::read_to_string(kit::checkout().join("docs/smcctl.8")).unwrap();
    for key in documented {
        let is_there = page
            .split(|letter: char| !(letter.is_alphanumeric() || letter == '_'))
            .any(|word| word == key);
        assert!(is_there, "smcctl(8) has no word {key}");
    }
}

#[test]
fn devices() {
    let here = Machine::here().unwrap();
    // Without SMC there are devices, too.
    let all = json(&here, "smcctl --json devices 2>/dev/null || true");
    assert_keys(&all, "pnetids_known devices");
    assert_eq!(all["pnetids_known"], Kernel::expected() != Kernel::Without);
    assert!(!list(&all["devices"]).is_empty());
    for device in list(&all["devices"]) {
        assert_keys(
            device,
            "pnetid type name port bus bus_id state speed_mbit interface uses critical gids",
        );
        for gid in list(&device["gids"]) {
            assert_keys(gid, "index address roce interface");
        }
    }
}

#[test]
fn what_is_used_and_counted() {
    if kit::skips_without_smc() {
        return;
    }
    let scene = Scene::new(COUNT);
    let holding = hold(&scene);
    let groups = smcctl(&scene.client, "linkgroups");
    assert_keys(&groups, "linkgroups");
    for group in list(&groups["linkgroups"]) {
        assert_keys(
            group,
            "id kind role type version vlan pnetid connections max_connections max_links eid
             peer_host peer_system peer_release direct gid peer_gid chid buffer_type
             send_memory receive_memory net_cookie",
        );
    }
    let links = smcctl(&scene.client, "links");
    assert_keys(&links, "links");
    for link in list(&links["links"]) {
        assert_keys(
            link,
            "group id state device port interface gid peer_gid connections uid peer_uid",
        );
    }
    // The control: where there is SMC, something was looked at.
    let used = [&groups["linkgroups"], &links["links"]].map(|all| !list(all).is_empty());
    let expected = match Kernel::expected() {
        Kernel::SmcR => [true, true],
        Kernel::SmcD => [true, false],
        _ => [false, false],
    };
    assert_eq!(used, expected);

    let stats = smcctl(&scene.client, "stats");
    assert_keys(&stats, "reset smc_r smc_d handshake_errors fallbacks");
    assert_keys(&stats["handshake_errors"], "client server");
    assert_keys(&stats["fallbacks"], "client server reasons");
    for reason in list(&stats["fallbacks"]["reasons"]) {
        assert_keys(reason, "side code name meaning count");
    }
    for technology in [&stats["smc_r"], &stats["smc_d"]] {
        assert_keys(
            technology,
            "client_v1 client_v2 server_v1 server_v2 sent sent_bytes received received_bytes
             sendpage splice cork no_delay urgent send_memory receive_memory sent_sizes
             received_sizes send_buffer_sizes receive_buffer_sizes send_buffers receive_buffers",
        );
        assert_eq!(list(&technology["sent_sizes"]).len(), 9);
        for buffers in [&technology["send_buffers"], &technology["receive_buffers"]] {
            assert_keys(
                buffers,
                "full full_at_peer too_small too_small_at_peer reused allocated downgraded",
            );
        }
    }
    assert!(smcctl(&scene.client, "stats --smcd").get("smc_r").is_none());
    drop(holding);
}

/// Looking needs no privilege, and what does is named with the command that has it.
#[test]
fn users_without_privilege() {
    if kit::skips_without_smc() {
        return;
    }
    let here = Machine::here().unwrap();
    let run = |command: &str| {
        let script = format!(
            "{SMCCTL_IN_PATH}{PATH} copy=$(mktemp -d) && trap 'rm -rf $copy' EXIT && chmod 755 $copy &&
             cp $(command -v smcctl) $copy && cd / && export HOME=$copy &&
             setpriv --reuid=65534 --regid=65534 --clear-groups $copy/smcctl {command}"
        );
        here.run(&script).unwrap()
    };
    for command in ["devices", "linkgroups", "links", "stats", "pnetid", "ueid"] {
        let said = run(command);
        assert_eq!(said.status, 0, "{command}: {said:?}");
        assert!(said.err.is_empty(), "{command}: {said:?}");
    }
    for command in ["pnetid flush", "ueid flush"] {
        let said = run(command);
        assert_eq!(said.status, 1, "{command}: {said:?}");
        assert!(said.err.contains("fix: sudo "), "{command}: {said:?}");
        assert_eq!(said.err.lines().count(), 2, "{command}: {said:?}");
    }
    let said = run("stats --reset --json");
    assert!(said.err.contains("cannot save the counts in "), "{said:?}");
}
