// SPDX-License-Identifier: MIT OR Apache-2.0
//! What is said, and what the sockets say themselves and the kernel has counted.

use crate::held::{all, end, serve, some, Held};
use crate::{COUNT, SOCKETS};
use kit::scene::Scene;
use kit::Kernel;
use kit::SMCCTL;
use serde_json::Value;

/// What `sockets.py` sends in each direction.
const TOTAL: u64 = 100_000;

/// One address of the server's of each family.
pub fn addresses(scene: &Scene) -> [String; 2] {
    let v6 = if scene.is_pair() {
        "2001:db8::1"
    } else {
        "::1"
    };
    [scene.server.address.to_string(), v6.to_owned()]
}

/// The kinds of sockets that this kernel has.
pub fn kinds() -> &'static [&'static str] {
    match Kernel::expected() {
        Kernel::Without => &[],
        Kernel::AfSmc => &["smc"],
        _ => &["smc", "inet"],
    }
}

/// That what is said of each is what it says of itself.
fn assert_agrees(facts: &[Value], said: &[Value]) {
    assert_eq!(facts.len(), said.len());
    for (fact, one) in facts.iter().zip(said) {
        assert_eq!(
            end(&one["local"]).as_deref(),
            fact["local"].as_str(),
            "{one}"
        );
        assert_eq!(end(&one["peer"]).as_deref(), fact["peer"].as_str(), "{one}");
        let is_smc = one["mode"] != "TCP";
        assert_eq!(is_smc, fact["is_smc"].as_bool().unwrap(), "{one} {fact}");
        assert_eq!(one["fallback"].is_null(), is_smc, "{one}");
        let process = &one["processes"][0];
        assert_eq!(process["pid"], fact["pid"], "{one}");
        let program = process["program"].as_str().unwrap();
        assert!(program.starts_with("python3"), "{one}");
        assert_eq!(one["state"], "connected", "{one}");
    }
}

/// That what went through it is what was sent; TCP's count has the handshake of SMC.
fn assert_bytes(one: &Value) {
    const LONGEST_HANDSHAKE: u64 = 1000;
    for direction in ["sent", "received"] {
        let bytes = one["bytes"][direction].as_u64();
        let bytes = bytes.unwrap_or_else(|| panic!("{one}"));
        if one["mode"] == "TCP" {
            assert!((TOTAL..TOTAL + LONGEST_HANDSHAKE).contains(&bytes), "{one}");
        } else {
            assert_eq!(bytes, TOTAL, "{one}");
        }
    }
    for direction in ["send", "receive"] {
        assert!(one["buffers"][direction].as_u64() > Some(0), "{one}");
    }
}

/// The rows at the server that are the other ends of these.
fn other_ends(scene: &Scene, said: &[Value]) -> Vec<Value> {
    let at_server = all(&scene.server);
    let of = |one: &Value| {
        let is_other = |row: &&Value| row["local"] == one["peer"] && row["peer"] == one["local"];
        at_server
            .iter()
            .find(is_other)
            .cloned()
            .unwrap_or_else(|| panic!("the other end of {one}: {at_server:?}"))
    };
    said.iter().map(of).collect()
}

/// Client and server with sockets of one kind.
fn plays(scene: &Scene, kind: &str, address: &str, port: u16) {
    const COUNT: usize = 3;
    let _server = serve(scene, "", kind, address, port);
    let before = scene.counted();
    let held = Held::new(
        scene,
        "",
        &format!("connect {kind} {address} {port} {COUNT}"),
    );
    let said = held.said();
    let at_server = other_ends(scene, &said);
    assert_agrees(&held.facts, &said);
    said.iter().chain(&at_server).for_each(assert_bytes);

    let now = scene.counted();
    let (client, server) = (now.0.since(&before.0), now.1.since(&before.1));
    for (rows, counted, role) in [(&said, &client, "client"), (&at_server, &server, "server")] {
        for (mode, name) in [("SMC-R", "smc-r"), ("SMC-D", "smc-d"), ("TCP", "fallback")] {
            let count = rows.iter().filter(|one| one["mode"] == mode).count();
            let expected = counted.of(&format!("{name} {role}"));
            assert_eq!(count as u64, expected, "{kind} {address} {role}: {counted}");
        }
        for one in rows {
            match one["mode"].as_str() {
                Some("TCP") => {
                    let code = one["fallback"]["code"].as_str().unwrap();
                    let counted = counted.of(&format!("reason {code} {role}"));
                    assert_eq!(counted, COUNT as u64, "{one}");
                    let reason = one["fallback"]["reason"].as_str().unwrap();
                    assert!(reason.contains(code) && reason.len() > code.len() + 8);
                }
                Some("SMC-R") => {
                    assert!(
                        one["device"].as_str().unwrap().ends_with(" port 1"),
                        "{one}"
                    );
                    assert_group(scene, role, one, "smc-r");
                }
                _ => assert_group(scene, role, one, "smc-d"),
            }
        }
    }
    // What this kernel can do at best was seen, and nothing else where it can.
    let is_v6 = address.contains(':');
    let expected = match Kernel::expected() {
        Kernel::SmcD => "SMC-D",
        Kernel::SmcR if !is_v6 => "SMC-R",
        _ => "TCP",
    };
    assert!(said.iter().all(|one| one["mode"] == expected), "{said:?}");

    let listening = some(&scene.server, &format!("--port {port}"));
    let listening: Vec<_> = listening
        .iter()
        .filter(|one| one["state"] == "listening")
        .collect();
    let [listener] = listening.as_slice() else {
        panic!("one listener: {listening:?}");
    };
    assert_eq!(listener["mode"], "SMC");
    let local = end(&listener["local"]).unwrap();
    assert_eq!(local, end(&said[0]["peer"]).unwrap());
    assert!(listener["peer"].is_null() && listener["bytes"].is_null());
}

/// The link group is one that the kernel has, with that kind.
fn assert_group(scene: &Scene, role: &str, one: &Value, kind: &str) {
    let machine = if role == "client" {
        &scene.client
    } else {
        &scene.server
    };
    let groups = machine.run(&format!("{COUNT} groups")).unwrap().out;
    let group = one["link_group"]
        .as_str()
        .unwrap_or_else(|| panic!("{one}"));
    let line = format!("{kind} {group}");
    assert!(groups.lines().any(|one| one == line), "{line}: {groups}");
}

#[test]
fn sockets_of_all_kinds_and_families() {
    if kit::skips_without_smc() {
        return;
    }
    let scene = Scene::new(COUNT);
    let mut port = 7301;
    for kind in kinds() {
        for address in addresses(&scene) {
            plays(&scene, kind, &address, port);
            port += 1;
        }
    }
}

#[test]
fn a_peer_without_smc() {
    if kit::skips_without_smc() {
        return;
    }
    let scene = Scene::new(COUNT);
    for (kind, port) in kinds().iter().zip([7311, 7312]) {
        let address = scene.server.address;
        let _server = serve(&scene, "", "tcp", &address.to_string(), port);
        let held = Held::new(&scene, "", &format!("connect {kind} {address} {port} 2"));
        let said = held.said();
        assert_agrees(&held.facts, &said);
        for one in &said {
            assert_bytes(one);
            assert_eq!(one["fallback"]["code"], "0x03010000", "{one}");
            assert!(one["fallback"]["peer_code"].is_null(), "{one}");
        }
        // The other side is not SMC's.
        assert_eq!(
            some(&scene.server, &format!("--port {port} --mode smc")).len(),
            0
        );
    }
    let (client, _) = scene.counted();
    assert_eq!(
        client.of("reason 0x03010000 client"),
        2 * kinds().len() as u64
    );
}

/// What is not to be SMC was made TCP before it was connected.
#[test]
fn a_port_off_the_list() {
    if kit::skips_without_smc() {
        return;
    }
    let scene = Scene::new(COUNT);
    let (address, port) = (scene.server.address.to_string(), 7321);
    let shim = "./smc_run -p 1";
    let _server = serve(&scene, shim, "tcp", &address, port);
    let held = Held::new(&scene, shim, &format!("connect tcp {address} {port} 2"));
    let said = held.said();
    assert_agrees(&held.facts, &said);
    for one in &said {
        assert_bytes(one);
        assert_eq!(one["fallback"]["code"], "0x03060000", "{one}");
    }
    // The listener was made TCP, too, or is another one that never was SMC; what it
    // accepts never was.
    let at_server = some(&scene.server, &format!("--port {port}"));
    let at_server: Vec<_> = (at_server.iter())
        .filter(|one| one["local"]["port"] == port)
        .collect();
    assert!(at_server.len() <= 1, "{at_server:?}");
    for listener in at_server {
        assert_eq!(listener["mode"], "TCP", "{listener}");
        assert_eq!(listener["state"], "listening", "{listener}");
        assert_eq!(listener["fallback"]["code"], "0x03060000", "{listener}");
    }
    let (client, _) = scene.counted();
    assert!(client.of("reason 0x03060000 client") >= 2, "{client}");
}

/// The server has no user EID (or, on a pair, another one): it declines, and both
/// sides are told why.
#[test]
fn no_common_eid() {
    if kit::skips(
        !matches!(Kernel::expected(), Kernel::SmcD | Kernel::SmcR),
        "needs SMC-D or SMC-R",
    ) {
        return;
    }
    let scene = Scene::new(COUNT);
    let (address, port) = (scene.server.address.to_string(), 7331);
    let eids = scene
        .server
        .run(&format!("{SMCCTL} ueid list"))
        .unwrap()
        .out;
    assert!(!eids.trim().is_empty());
    let changed = scene.server.run(&format!("{SMCCTL} ueid flush")).unwrap();
    assert_eq!(changed.status, 0, "{changed:?}");
    let server = serve(&scene, "", "smc", &address, port);
    let held = Held::new(&scene, "", &format!("connect smc {address} {port} 2"));
    let (said, at_server) = (held.said(), all(&scene.server));
    let counted = scene.counted();
    for eid in eids.lines() {
        let restored = scene.server.run(&format!("{SMCCTL} ueid add {eid}"));
        assert_eq!(restored.unwrap().status, 0);
    }
    drop(server);
    assert_agrees(&held.facts, &said);
    assert_eq!(counted.0.of("reason 0x05000000 client"), 2, "{}", counted.0);
    for one in &said {
        let fallback = &one["fallback"];
        assert_eq!(fallback["code"], "0x05000000", "{one}");
        let is_other = |row: &&Value| row["peer"] == one["local"];
        let other = at_server.iter().find(is_other).unwrap();
        assert_eq!(
            fallback["peer_code"], other["fallback"]["code"],
            "{one} {other}"
        );
        let code = fallback["peer_code"].as_str().unwrap();
        let of_server = counted.1.of(&format!("reason {code} server"));
        assert_eq!(of_server, 2, "{code}: {}", counted.1);
        // In words, and not those for what Linux does not know.
        let reason = fallback["peer_reason"].as_str().unwrap();
        assert!(reason.contains(&format!("({code} ")), "{reason}");
    }
}

/// Two listeners with the same port: the kernel tells only the ports, so the sockets
/// themselves are asked.
#[test]
fn listeners_that_differ_in_their_addresses_only() {
    if kit::skips(!kinds().contains(&"inet"), "needs IPPROTO_SMC") {
        return;
    }
    let scene = Scene::new(COUNT);
    let script = format!("exec {SOCKETS} serve inet 127.0.0.1,127.0.0.2 7341");
    let _server = scene.serve_here("two", &[7341], &script);
    let both = "for try in $(seq 600); do
            [ $(grep -ci ': [0-9A-F]*:1CAD 0*:0000 0A' /proc/net/tcp) != 2 ] || exit 0
            sleep 0.1
        done; exit 1";
    assert_eq!(scene.client.run(both).unwrap().status, 0);
    let said = some(&scene.client, "--port 7341");
    let local: Vec<_> = said.iter().map(|one| end(&one["local"]).unwrap()).collect();
    assert_eq!(local, ["127.0.0.1:7341", "127.0.0.2:7341"]);
}

#[test]
fn a_socket_that_does_nothing_yet() {
    if kit::skips_without_smc() {
        return;
    }
    let scene = Scene::new(COUNT);
    for kind in kinds() {
        let held = Held::new(&scene, "", &format!("fresh {kind} 2"));
        for one in held.said() {
            assert_eq!(one["state"], "unconnected", "{one}");
            assert_eq!(one["mode"], "SMC", "{one}");
            assert!(one["peer"].is_null() && one["local"]["address"].is_null());
            assert_eq!(one["processes"][0]["pid"], held.facts[0]["pid"], "{one}");
        }
    }
}
