// SPDX-License-Identifier: MIT OR Apache-2.0
//! One side under `smc_run`, the other an ordinary TCP program: they meet on TCP.

use crate::{Expected, COUNT};
use kit::capture::Capture;
use kit::scene::Scene;

const SERVERS: &str = "
    head -c 1000000 /dev/urandom > $SCRATCH/bulk; sha256sum < $SCRATCH/bulk > $SCRATCH/sum
    RUN redis-server --bind $SERVER --port 6379 --protected-mode no --save '' --appendonly no &
    exec RUN /usr/bin/python3 -m http.server --bind $SERVER --directory $SCRATCH 8000";

const CLIENTS: &str = "
    RUN redis-benchmark -h $SERVER -n 200 -c 4 -t set,get -q >&2
    head -c 500000 /dev/urandom > $SCRATCH/in
    RUN redis-cli -h $SERVER -x set bulk < $SCRATCH/in
    RUN redis-cli -h $SERVER --raw get bulk | head -c 500000 | cmp - $SCRATCH/in
    for round in 1 2; do
        RUN curl -sSf -o $SCRATCH/got http://$SERVER:8000/bulk
        RUN curl -sSf -o $SCRATCH/got.sum http://$SERVER:8000/sum
        sha256sum < $SCRATCH/got | cmp - $SCRATCH/got.sum
    done";

/// Lets them talk; how many connections there were, and which side offered SMC.
fn talk(scene: &Scene, server: &str, client: &str, offers: (bool, bool)) -> u64 {
    let mut servers = scene.serve("peers", &[6379, 8000], &SERVERS.replace("RUN", server));
    let capture = Capture::start(scene);
    assert_eq!(servers.to(&CLIENTS.replace("RUN", client)), "OK\n");
    let seen = capture.end();
    [6379, 8000]
        .map(|port| seen.assert(port, offers.0, offers.1))
        .iter()
        .sum()
}

#[test]
fn an_ordinary_client_of_a_server_under_smc_run() {
    let scene = Scene::new(COUNT);
    let expected = Expected {
        unasked: talk(&scene, "./smc_run", "", (false, false)),
        ..Expected::default()
    };
    expected.assert(&scene);
}

#[test]
fn a_client_under_smc_run_of_an_ordinary_server() {
    let scene = Scene::new(COUNT);
    let expected = Expected {
        in_vain: talk(&scene, "", "./smc_run", (true, false)),
        ..Expected::default()
    };
    expected.assert(&scene);
}

#[test]
fn both_under_smc_run() {
    let scene = Scene::new(COUNT);
    let expected = Expected {
        best: talk(&scene, "./smc_run", "./smc_run", (true, true)),
        ..Expected::default()
    };
    expected.assert(&scene);
}

#[test]
fn a_go_program_under_smc_run_is_an_ordinary_server() {
    let scene = Scene::new(COUNT);
    let caddy = "exec ./smc_run caddy respond --listen $SERVER:8000 --body page";
    let mut server = scene.serve("caddy", &[8000], caddy);
    let capture = Capture::start(&scene);
    assert_eq!(server.to("./smc_run curl -sS http://$SERVER:8000/"), "page");
    let expected = Expected {
        in_vain: capture.end().assert(8000, true, false),
        ..Expected::default()
    };
    expected.assert(&scene);
    let said = server.end().err;
    let line = "smc_run: caddy is a Go program, which makes system calls without the C library";
    assert!(said.starts_with(line), "{said}");
}
