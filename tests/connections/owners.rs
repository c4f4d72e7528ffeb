// SPDX-License-Identifier: MIT OR Apache-2.0
//! `--pids`: who has a port, in the form that scripts take.

use crate::agrees::{addresses, kinds};
use crate::held::{serve, some, Held};
use crate::users::as_nobody;
use crate::{COUNT, SOCKETS};
use kit::machine::{Machine, Output};
use kit::scene::Scene;
use kit::SMCCTL;
use serde_json::Value;

/// Exit status, processes in the order in which they are printed, and what is said.
fn who(machine: &Machine, filters: &str) -> (i32, Vec<u64>, String) {
    read(machine.run(&format!("exec {SMCCTL} connections {filters} --pids")))
}

fn read(said: std::io::Result<Output>) -> (i32, Vec<u64>, String) {
    let said = said.unwrap();
    let lines = said.out.lines().map(|line| line.parse().unwrap());
    (said.status, lines.collect(), said.err)
}

fn found(pids: &[u64]) -> (i32, Vec<u64>, String) {
    (0, pids.to_vec(), String::new())
}

fn nobody() -> (i32, Vec<u64>, String) {
    (1, Vec::new(), String::new())
}

fn pids(facts: &[Value]) -> Vec<u64> {
    let mut pids: Vec<_> = facts
        .iter()
        .map(|one| one["pid"].as_u64().unwrap())
        .collect();
    pids.sort_unstable();
    pids.dedup();
    pids
}

/// How many descriptors there are with the inodes that `/proc/net/tcp` has for a local
/// port: what ss, lsof and fuser look for.
fn seen_by_others(machine: &Machine, port: u16) -> u64 {
    let script = format!(
        "inodes=$(cat /proc/net/tcp /proc/net/tcp6 | awk '$2 ~ /:{port:04X}$/ {{print $10}}')
         [ \"$inodes\" ] || exit 1
         ls -l /proc/[0-9]*/fd 2>/dev/null >/tmp/smc-shim-descriptors-$$
         for inode in $inodes; do
             grep -c \"socket:\\[$inode\\]\" /tmp/smc-shim-descriptors-$$ || :
         done | awk '{{all += $1}} END {{print all}}'
         rm /tmp/smc-shim-descriptors-$$"
    );
    let said = machine.run(&script).unwrap();
    assert_eq!(said.status, 0, "{said:?}");
    said.out.trim().parse().unwrap()
}

/// One of the other: that all go together is seen in `the_end_that_has_the_port`.
fn each_kind_and_family<T>(addresses: [T; 2]) -> impl Iterator<Item = (&'static str, T)> {
    kinds().iter().copied().cycle().zip(addresses)
}

#[test]
fn all_who_share_a_listener_and_nobody_else() {
    if kit::skips_without_smc() {
        return;
    }
    let scene = Scene::new(COUNT);
    let mut port = 7381;
    for (kind, address) in each_kind_and_family(["127.0.0.1", "::1"]) {
        let shared = Held::new(&scene, "", &format!("share {kind} {address} {port} 3"));
        let other = Held::new(
            &scene,
            "",
            &format!("share {kind} {address} {} 1", port + 1),
        );
        let all = pids(&shared.facts);
        assert_eq!(all.len(), 3, "{:?}", shared.facts);
        for filters in ["", "--state listening", "--mode smc"] {
            let filters = format!("--local-port {port} {filters}");
            assert_eq!(
                who(&scene.client, &filters),
                found(&all),
                "{kind} {address}"
            );
        }
        assert_eq!(who(&scene.client, &format!("--port {port}")), found(&all));
        let both = format!("--local-port {port},{}", port + 1);
        let mut expected = [all.clone(), pids(&other.facts)].concat();
        expected.sort_unstable();
        assert_eq!(who(&scene.client, &both), found(&expected));
        let connected = format!("--local-port {port} --state connected");
        assert_eq!(who(&scene.client, &connected), nobody());
        assert_eq!(seen_by_others(&scene.client, port), 0, "{kind} {address}");

        let json = format!("exec {SMCCTL} --json connections --local-port {port} --pids");
        let json = scene.client.run(&json).unwrap().out;
        let json: Value = serde_json::from_str(&json).unwrap();
        assert_eq!(json, serde_json::json!({"pids": all, "hidden": 0}));

        // What smcctl(8) has in place of fuser -k ends all three.
        let end = format!(
            "{SMCCTL} connections --local-port {port} --pids | xargs -r kill
             for pid in {}; do timeout 60 tail --pid=$pid -f /dev/null || exit 1; done",
            all.iter().map(u64::to_string).collect::<Vec<_>>().join(" ")
        );
        let ended = scene.client.run(&end).unwrap();
        assert_eq!(ended.status, 0, "{ended:?}");
        assert_eq!(who(&scene.client, &format!("--port {port}")), nobody());
        let left = format!("--local-port {}", port + 1);
        assert_eq!(who(&scene.client, &left), found(&pids(&other.facts)));
        port += 2;
    }
}

/// `--port` is either end, as for lsof; `--local-port` this one, as for fuser.
#[test]
fn the_end_that_has_the_port() {
    if kit::skips_without_smc() {
        return;
    }
    let scene = Scene::new(COUNT);
    let mut port = 7391;
    for kind in kinds() {
        for address in addresses(&scene) {
            let _server = serve(&scene, "", kind, &address, port);
            let held = Held::new(&scene, "", &format!("connect {kind} {address} {port} 2"));
            let client = pids(&held.facts);
            let said = some(&scene.server, &format!("--local-port {port}"));
            assert_eq!(said.len(), 3, "a listener and two connections: {said:?}");
            let server = said[0]["processes"][0]["pid"].as_u64().unwrap();
            let local = format!("--local-port {port}");
            assert_eq!(who(&scene.server, &local), found(&[server]));
            for state in ["listening", "connected"] {
                let filters = format!("{local} --state {state}");
                assert_eq!(who(&scene.server, &filters), found(&[server]), "{state}");
            }
            assert_eq!(seen_by_others(&scene.server, port), 0, "{kind} {address}");
            let either = format!("--port {port}");
            if scene.is_pair() {
                assert_eq!(who(&scene.client, &local), nobody());
                assert_eq!(who(&scene.client, &either), found(&client));
                assert_eq!(who(&scene.server, &either), found(&[server]));
            } else {
                let mut both = [client, vec![server]].concat();
                both.sort_unstable();
                assert_eq!(who(&scene.client, &either), found(&both));
            }
            port += 1;
        }
    }
}

/// A socket that has fallen back is the TCP socket inside it, and still is not found by
/// the inode of that; a TCP socket is, and is not SMC's.
#[test]
fn fallen_back_and_plain_tcp() {
    if kit::skips_without_smc() {
        return;
    }
    let scene = Scene::new(COUNT);
    for (port, (kind, address)) in (7401..).zip(each_kind_and_family(addresses(&scene))) {
        let _server = serve(&scene, "", "tcp", &address, port);
        let held = Held::new(&scene, "", &format!("connect {kind} {address} {port} 2"));
        let client = pids(&held.facts);
        for one in held.said() {
            assert_eq!(one["mode"], "TCP", "{one}");
        }
        assert_eq!(
            who(&scene.client, &format!("--port {port}")),
            found(&client)
        );
        let own = held.facts[0]["local"].as_str().unwrap();
        let own: u16 = own.rsplit(':').next().unwrap().parse().unwrap();
        let local = format!("--local-port {own} --mode tcp");
        assert_eq!(who(&scene.client, &local), found(&client));
        assert_eq!(seen_by_others(&scene.client, own), 0, "{kind} {address}");

        assert_eq!(
            who(&scene.server, &format!("--local-port {port}")),
            nobody()
        );
        assert!(seen_by_others(&scene.server, port) >= 3, "{kind} {address}");
    }
}

#[test]
fn a_user_is_told_that_others_have_it_and_what_his_own_is() {
    if kit::skips_without_smc() {
        return;
    }
    let scene = Scene::new(COUNT);
    let (theirs, own) = (7411, 7412);
    for kind in kinds() {
        let root = Held::new(&scene, "", &format!("share {kind} 127.0.0.1 {theirs} 2"));
        let serving = format!(
            "cp tests/connections/sockets.py $SCRATCH && cd / &&
             exec setpriv --reuid=65534 --regid=65534 --clear-groups \
             {} serve {kind} 127.0.0.1 {own}",
            SOCKETS.replace("tests/connections", "$SCRATCH")
        );
        let _serving = scene.serve_here("nobody", &[own], &serving);
        let ask = |filters: &str| {
            read(
                scene
                    .client
                    .run(&as_nobody(&format!("--pids --local-port {filters}"))),
            )
        };
        let (status, pids_found, said) = ask(&theirs.to_string());
        assert_eq!((status, pids_found.len()), (1, 0), "{said}");
        assert_eq!(said.lines().count(), 1, "{said}");
        for words in ["the processes of 1 socket are hidden", "sudo ", "--pids"] {
            assert!(said.contains(words), "{said}");
        }
        // Nothing of this port is hidden, so nothing is said of the other.
        let (status, pids_found, said) = ask(&own.to_string());
        assert_eq!((status, pids_found.len(), said.as_str()), (0, 1, ""));
        assert_eq!(
            who(&scene.client, &format!("--local-port {own}")),
            found(&pids_found)
        );
        let (status, both, said) = ask(&format!("{theirs},{own}"));
        assert_eq!((status, both), (0, pids_found), "{said}");
        assert_eq!(said.lines().count(), 1, "{said}");
        let all = who(&scene.client, &format!("--local-port {theirs}"));
        assert_eq!(all, found(&pids(&root.facts)));
        assert_eq!(ask("1"), nobody());
    }
}
