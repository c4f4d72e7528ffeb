// SPDX-License-Identifier: MIT OR Apache-2.0
//! The report and the kernel's counters.

use crate::told::Told;
use crate::{COUNT, PYTHON};
use kit::counters::Counters;
use kit::scene::Scene;
use kit::Kernel;
use kit::SMCCTL;

/// A server and a client, each told about: (client's, server's).
fn play(
    scene: &Scene,
    name: &str,
    ports: &[u16],
    server: &str,
    client: &str,
) -> (Told, Option<Told>) {
    let mut serving = scene.serve(name, ports, &format!("exec {server}"));
    let said = serving.ask(&format!("set -e; {client}"));
    assert_eq!(said.status, 0, "{said:?}");
    let ended = serving.end();
    let server = server.contains("--report").then(|| Told::read(&ended.err));
    (Told::read(&said.err), server)
}

fn kind() -> &'static str {
    match Kernel::expected() {
        Kernel::SmcD => "SMC-D",
        Kernel::SmcR => "SMC-R",
        _ => "TCP",
    }
}

/// That the test sees SMC where there is some.
fn assert_control(counted: &Counters, role: &str, count: u64) {
    if let Some(best) = Kernel::expected().best() {
        assert_eq!(counted.of(&format!("{best} {role}")), count, "{counted}");
    }
}

#[test]
fn what_this_kernel_can_do_at_best() {
    let scene = Scene::new(COUNT);
    let (client, server) = play(
        &scene,
        "best",
        &[7101],
        &format!("./smc_run --report=json {PYTHON}/server.py $SERVER 7101"),
        &format!("./smc_run --report=json {PYTHON}/client.py waits $SERVER 7101 20"),
    );
    let (at_client, at_server) = scene.counted();
    let server = server.unwrap();
    assert_eq!(client.of("connected", 7101, kind()), 20, "{client:?}");
    assert_eq!(server.of("accepted", 7101, kind()), 20, "{server:?}");
    assert_eq!((client.all(), server.all()), (20, 20));
    client.assert_agrees("connected", "client", &at_client);
    server.assert_agrees("accepted", "server", &at_server);
    assert_control(&at_client, "client", 20);
}

#[test]
fn a_peer_without_smc() {
    let scene = Scene::new(COUNT);
    let (client, _) = play(
        &scene,
        "peer",
        &[7102],
        &format!("{PYTHON}/server.py $SERVER 7102"),
        &format!("./smc_run --report=json {PYTHON}/client.py waits $SERVER 7102 10"),
    );
    let (at_client, _) = scene.counted();
    assert_eq!(client.of("connected", 7102, "TCP"), 10, "{client:?}");
    client.assert_agrees("connected", "client", &at_client);
    if Kernel::expected() != Kernel::Without {
        assert_eq!(at_client.of("reason 0x03010000 client"), 10);
    }

    // And the other way round.
    let server = format!("exec ./smc_run --report=json {PYTHON}/server.py $SERVER 7103");
    let mut serving = scene.serve("peer", &[7103], &server);
    serving.to(&format!("{PYTHON}/client.py waits $SERVER 7103 10"));
    let server = Told::read(&serving.end().err);
    let (_, at_server) = scene.counted();
    assert_eq!(server.of("accepted", 7103, "TCP"), 10, "{server:?}");
    server.assert_agrees("accepted", "server", &at_server);
}

#[test]
fn a_port_that_is_not_listed() {
    let scene = Scene::new(COUNT);
    let (client, server) = play(
        &scene,
        "port",
        &[7104],
        &format!("./smc_run --report=json -p 7105 {PYTHON}/server.py $SERVER 7104"),
        &format!("./smc_run --report=json -p 7105 {PYTHON}/client.py waits $SERVER 7104 10"),
    );
    let server = server.unwrap();
    if Kernel::expected() == Kernel::Without {
        let why = "this kernel has no SMC";
        assert_eq!(client.because("connected", 7104, why), 10);
        return;
    }
    let why = "port 7104 not in SMC_PORTS";
    assert_eq!(client.because("connected", 7104, why), 10, "{client:?}");
    assert_eq!(server.because("accepted", 7104, why), 10, "{server:?}");
    // The kernel was asked for TCP for each of them, and for the listener.
    let (at_client, at_server) = scene.counted();
    let forced = "reason 0x03060000 client";
    if scene.is_pair() {
        assert_eq!((at_client.of(forced), at_server.of(forced)), (10, 1));
    } else {
        assert_eq!(at_client.of(forced), 11, "{at_client}");
    }
    server.assert_agrees("accepted", "server", &at_server);
    client.assert_agrees("connected", "client", &at_client);
}

#[test]
fn two_hundred_of_all_kinds_at_a_forking_server() {
    let scene = Scene::new(COUNT);
    let server =
        format!("exec ./smc_run --report=json -p 7106 {PYTHON}/server.py $SERVER 7106 7107");
    let mut serving = scene.serve("mixed", &[7106, 7107], &server);
    let reported = format!(
        "cd $PWD; set -e
         ./smc_run --report=json sh -c '
             for each in 1 2 3 4; do
                 {PYTHON}/client.py waits $SERVER 7106 20 & {PYTHON}/client.py waits $SERVER 7107 10 &
             done; wait'"
    );
    let plain =
        format!("for each in 1 2 3 4; do {PYTHON}/client.py waits $SERVER 7106 20 & done; wait");
    let said = serving.ask(&reported);
    assert_eq!(said.status, 0, "{said:?}");
    serving.to(&plain);
    let server = Told::read(&serving.end().err);
    let client = Told::read(&said.err);
    let (at_client, at_server) = scene.counted();

    assert_eq!(
        (client.all(), server.all()),
        (120, 200),
        "{client:?} {server:?}"
    );
    client.assert_agrees("connected", "client", &at_client);
    server.assert_agrees("accepted", "server", &at_server);
    if kind() != "TCP" {
        assert_eq!(client.of("connected", 7106, kind()), 80, "{client:?}");
        assert_eq!(server.of("accepted", 7106, kind()), 80, "{server:?}");
    }
    assert_eq!(server.of("accepted", 7107, "TCP"), 40, "{server:?}");
    assert_eq!(client.of("connected", 7107, "TCP"), 40, "{client:?}");
}

#[test]
fn connects_that_do_not_wait() {
    let scene = Scene::new(COUNT);
    let server = format!("exec ./smc_run --report=json {PYTHON}/server.py $SERVER 7108 7109");
    let mut serving = scene.serve("epoll", &[7108, 7109], &server);
    for (how, lists) in [
        ("epoll", ""),
        ("silent", ""),
        ("epoll", "-p 1"),
        ("silent", "-p 1"),
    ] {
        let before = scene.counted().0;
        let client =
            format!("./smc_run --report=json {lists} {PYTHON}/client.py {how} $SERVER 7108 50");
        let said = serving.ask(&client);
        assert_eq!(said.status, 0, "{said:?}");
        let client = Told::read(&said.err);
        let counted = scene.counted().0.since(&before);
        let kind = if lists.is_empty() { kind() } else { "TCP" };
        assert_eq!(
            client.of("connected", 7108, kind),
            50,
            "{how} {lists}: {client:?}"
        );
        assert_eq!(client.all(), 50, "{how} {lists}: {client:?}");
        client.assert_agrees("connected", "client", &counted);
        if lists.is_empty() {
            assert_control(&counted, "client", 50);
        }
    }
    assert_eq!(Told::read(&serving.end().err).all(), 200);
}

#[test]
fn processes_that_are_killed() {
    let scene = Scene::new(COUNT);
    let (client, server) = play(
        &scene,
        "killed",
        &[7110],
        &format!("./smc_run --report=json {PYTHON}/server.py $SERVER 7110"),
        &format!("./smc_run --report=json {PYTHON}/client.py killed $SERVER 7110 20"),
    );
    // Whoever is killed waits for nobody: the kind may not be known any more.
    assert_eq!(
        (client.all(), server.unwrap().all()),
        (20, 20),
        "{client:?}"
    );
}

/// The kernel lists the sockets of each network for itself.
#[test]
fn a_program_in_another_network() {
    if kit::skips(Kernel::expected() != Kernel::SmcD, "needs SMC-D") {
        return;
    }
    let scene = Scene::new(COUNT);
    let said = scene.alone(
        "network",
        &format!(
            "ip netns add report; ip -n report link set lo up
             ip netns exec report {COUNT} > $SCRATCH/before
             ./smc_run --report=json ip netns exec report sh -c '
                 {PYTHON}/server.py 127.0.0.1 7112 & server=$!
                 for try in $(seq 600); do
                     ! grep -q :1BC8 /proc/net/tcp || break; sleep 0.1
                 done
                 {PYTHON}/client.py waits 127.0.0.1 7112 10; {PYTHON}/client.py epoll 127.0.0.1 7112 10
                 kill $server'
             ip netns exec report {COUNT} > $SCRATCH/after; ip netns delete report
             cat $SCRATCH/before; echo; cat $SCRATCH/after"
        ),
    );
    let (before, after) = said
        .out
        .split_once("\n\n")
        .unwrap_or(("", said.out.trim_start()));
    let before: Counters = before.parse().unwrap();
    let counted = after.parse::<Counters>().unwrap().since(&before);
    let told = Told::read(&said.err);
    assert_eq!(counted.of("smc-d client"), 20, "{counted}");
    told.assert_agrees("connected", "client", &counted);
    told.assert_agrees("accepted", "server", &counted);
}

/// No EID of the user's. SMC-D: the server cannot, and tells the client so. SMC-R,
/// where the other host has one: the client has nothing to offer.
#[test]
fn no_common_eid() {
    let (at_client, peers, at_server) = match Kernel::expected() {
        Kernel::SmcD => ("0x05000000", Some("0x03030008"), "0x03030008"),
        Kernel::SmcR => ("0x03030000", None, "0x05000000"),
        _ => return,
    };
    let codes = (at_client, peers, at_server);
    let scene = Scene::new(COUNT);
    let eids = scene
        .alone("eids", &format!("{SMCCTL} --json ueid list"))
        .out;
    let eids: serde_json::Value = serde_json::from_str(&eids).unwrap();
    let eids: Vec<String> = eids["ueids"]
        .as_array()
        .unwrap_or_else(|| panic!("{eids}"))
        .iter()
        .map(|eid| eid.as_str().unwrap().to_owned())
        .collect();
    assert!(!eids.is_empty(), "{} works without an EID?", kind());
    let _ = scene.alone("eids", &format!("{SMCCTL} ueid flush"));
    let (client, server) = play(
        &scene,
        "eids",
        &[7111],
        &format!("./smc_run --report=json {PYTHON}/server.py $SERVER 7111"),
        &format!("./smc_run --report=json {PYTHON}/client.py waits $SERVER 7111 5"),
    );
    for eid in eids {
        let _ = scene.alone("eids", &format!("{SMCCTL} ueid add {eid}"));
    }
    let (at_client, at_server) = scene.counted();
    let server = server.unwrap();
    client.assert_agrees("connected", "client", &at_client);
    server.assert_agrees("accepted", "server", &at_server);
    let declined = client.count("connected", |line| {
        line["code"] == codes.0 && line["peer_code"].as_str() == codes.1
    });
    assert_eq!(declined, 5, "{client:?}");
    let declined = server.count("accepted", |line| line["code"] == codes.2);
    assert_eq!(declined, 5, "{server:?}");
}
