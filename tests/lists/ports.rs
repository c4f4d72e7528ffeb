// SPDX-License-Identifier: MIT OR Apache-2.0
//! `-p`: one listed port beside one that is not, and each direction alone.

use crate::{Expected, COUNT};
use kit::capture::Capture;
use kit::scene::Scene;

/// A shell function that serves redis on a port, with these lists.
const REDIS: &str = "
    redis() { # PORTS PORT
        exec ./smc_run -p $1 redis-server --bind $SERVER --port $2 --protected-mode no \\
            --save '' --appendonly no
    }
";

#[test]
fn a_listed_port_is_smc_and_its_neighbour_is_not() {
    let scene = Scene::new(COUNT);
    let script = format!("{REDIS} redis 6379 6380 & redis 6379 6379");
    let mut redis = scene.serve("ports", &[6379, 6380], &script);
    let capture = Capture::start(&scene);
    let said = redis.to("for port in 6379 6380; do
             ./smc_run -p 6379 redis-benchmark -h $SERVER -p $port -n 200 -c 4 -t set,get -q >&2
             head -c 300000 /dev/urandom > $SCRATCH/in
             ./smc_run -p 6379 redis-cli -h $SERVER -p $port -x set bulk < $SCRATCH/in
             ./smc_run -p 6379 redis-cli -h $SERVER -p $port --raw get bulk |
                 head -c 300000 | cmp - $SCRATCH/in && echo same
         done");
    assert_eq!(said, "OK\nsame\n".repeat(2));
    let seen = capture.end();
    let expected = Expected {
        best: seen.assert(6379, true, true),
        demoted: seen.assert(6380, false, false),
        listeners: 1,
        ..Expected::default()
    };
    expected.assert(&scene);
}

#[test]
fn each_direction_is_a_list_of_its_own() {
    let scene = Scene::new(COUNT);
    // (port, the server's list, the client's; who then offers SMC)
    let cases = [
        (6381, "in", "out", (true, true)),
        (6382, "out", "in", (false, false)),
        (6383, "in", "in", (false, false)),
        (6384, "out", "out", (true, false)),
    ];
    let servers = cases.map(|(port, list, _, _)| format!("redis {list}:{port} {port} &\n"));
    let servers = format!("{REDIS} {} wait", servers.concat());
    let clients = cases.map(|(port, _, list, _)| {
        format!("./smc_run -p {list}:{port} redis-cli -h $SERVER -p {port} ping\n")
    });
    let ports = cases.map(|(port, ..)| port);
    let mut redis = scene.serve("directions", &ports, &servers);
    let capture = Capture::start(&scene);
    assert_eq!(redis.to(&clients.concat()), "PONG\n".repeat(cases.len()));
    let seen = capture.end();
    for (port, _, _, (client, server)) in cases {
        seen.assert(port, client, server);
    }
    let expected = Expected {
        best: 1,
        in_vain: 1,
        unasked: 1,
        demoted: 2,
        listeners: 2,
    };
    expected.assert(&scene);
}
