// SPDX-License-Identifier: MIT OR Apache-2.0
//! A path on which TCP works and RDMA does not: each handshake of SMC takes five
//! seconds to find out. Under `smc_run` the first does, and the others are plain
//! TCP at once. The kernel says which was which.
//!
//! Between the guests of a pair, where the packets of RDMA are dropped.
//! `SMC_TEST_TIMES` is how often the connections after the first are timed, plain
//! TCP's and the shim's in turn; the ratio of the medians is printed (never, unless
//! set).
#![allow(
    missing_docs,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

use kit::counters::Counters;
use kit::scene::Scene;
use kit::{bare, print_ratio, Kernel};

const COUNT: &str = env!("CARGO_BIN_EXE_count");
const CLIENT: &str = "/usr/bin/python3 tests/broken_path/client.py";

/// RoCE version 2 is UDP to port 4791.
const BREAK: &str = "
    tc qdisc add dev eth0 clsact
    for way in ingress egress; do
        tc filter add dev eth0 $way protocol ip prio 1 u32 \\
            match ip protocol 17 0xff match ip dport 4791 0xffff action drop
    done";

/// What the client's kernel has counted while `client` ran, and what the client said.
fn counted(scene: &Scene, name: &str, client: &str) -> (Counters, String) {
    let before = scene.counted().0;
    let output = scene.client.run(client).unwrap();
    assert_eq!(output.status, 0, "{name}: {output:?}");
    let counted = scene.counted().0.since(&before);
    println!("{name}: {}{counted}", output.err.replace('\n', "; "));
    (counted, output.err)
}

/// Seconds that the connections after the first took, as the client says.
fn seconds(said: &str) -> f64 {
    let others = said.lines().find_map(|line| line.strip_prefix("others "));
    others.unwrap().trim_end_matches(" s").parse().unwrap()
}

/// Connections that took a handshake, and those that became TCP before.
fn slow_and_demoted(counted: &Counters) -> (u64, u64) {
    let demoted = counted.of("reason 0x03060000 client");
    assert_eq!(counted.of("smc-r client"), 0, "{counted}");
    (counted.of("fallback client") - demoted, demoted)
}

#[test]
fn a_broken_path_costs_one_connection() {
    if kit::skips(
        Kernel::expected() != Kernel::SmcR,
        "needs SMC-R between two guests",
    ) {
        return;
    }
    let scene = Scene::new(COUNT);
    let server = scene.server.address;
    let broken = scene.client.run(BREAK).unwrap();
    assert_eq!(broken.status, 0, "{broken:?}");
    let _serving = scene.serve(
        "broken-path",
        &[7020],
        "exec ./smc_run /usr/bin/python3 tests/broken_path/server.py $SERVER 7020",
    );
    let count = |name, client: &str| {
        let client = client.replace("ADDRESS", &format!("{server} 7020"));
        let (counted, said) = counted(&scene, name, &client);
        (slow_and_demoted(&counted), said)
    };

    let blocking = format!("{CLIENT} blocking ADDRESS");
    let asyncio = format!("{CLIENT} asyncio ADDRESS");
    for client in [&blocking, &asyncio] {
        let shim = || {
            let (counted, said) = count("shim", &format!("./smc_run {client} 100"));
            assert_eq!(counted, (1, 100), "{client}");
            said
        };
        shim();
        let tcp = || count("TCP", &format!("{client} 100")).1;
        print_ratio(client, "s", || seconds(&tcp()), || seconds(&shim()));
    }
    let curl = format!("./smc_run curl -sSf http://{server}:7020/[1-20]");
    assert_eq!(count("shim, curl", &curl).0, (1, 19));

    // The controls: forgetful, and bare.
    let forgetful = format!("SMC_RETRY_AFTER=0 ./smc_run {blocking} 1");
    assert_eq!(count("forgetful shim, blocking", &forgetful).0, (2, 0));
    let run = bare::smc(&[scene.client]);
    let bare = format!("{run} {blocking} 1");
    assert_eq!(count("bare SMC, blocking", &bare).0, (2, 0));

    // After the time SMC is tried again.
    let repaired = format!(
        "SMC_RETRY_AFTER=2 ./smc_run {CLIENT} repaired {server} 7020 0 tc qdisc del dev eth0 clsact"
    );
    let (repaired, _) = counted(&scene, "shim, repaired", &repaired);
    assert_eq!(repaired.of("smc-r client"), 1, "{repaired}");
}
