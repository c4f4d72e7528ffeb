// SPDX-License-Identifier: MIT OR Apache-2.0
//! Two hosts where nothing is set up (`tests/guests.sh bare`).

use super::{check, fixes, follow, is_possible, peer, run, COUNT, PATH};
use kit::machine::Machine;
use kit::scene::Scene;
use kit::Kernel;

/// From nothing, by the printed commands alone, to SMC-R. One test: there is only
/// one beginning.
#[test]
fn the_printed_commands_lead_to_smc_r() {
    if kit::skips(
        std::env::var_os("SMC_TEST_BARE").is_none(),
        "needs two guests in which nothing is set up",
    ) {
        return;
    }
    assert_eq!(Kernel::expected(), Kernel::SmcR);
    let hosts = [Machine::here().unwrap(), Machine::for_servers().unwrap()];
    for host in &hosts {
        let bare = check(host);
        assert_eq!(bare.status, 1, "{bare:?}");
        for variant in ["SMC-R v1", "SMC-R v2", "SMC-D"] {
            assert!(!is_possible(&bare, variant), "{bare:?}");
        }
        assert!(!fixes(&bare).is_empty());
        // A doctor changes nothing: what it found is still so.
        let modules = run(host, "cat /proc/modules");
        assert!(!modules.out.contains("smc "), "{modules:?}");
    }
    for host in &hosts {
        let ready = follow(host);
        assert_eq!(ready.status, 0, "{ready:?}");
        assert!(is_possible(&ready, "SMC-R v2"), "{ready:?}");
        assert!(!is_possible(&ready, "SMC-R v1"), "Soft-RoCE: {ready:?}");
        let software = "warning  rdma     rxe_eth0 port 1 is Soft-RoCE, a software device";
        assert!(ready.out.contains(software), "{ready:?}");
    }

    the_next_connection_is_smc_r();
    what_is_wrong_is_told(&hosts);
}

fn the_next_connection_is_smc_r() {
    let scene = Scene::new(COUNT);
    let mut server = scene.serve("check", &[8000], "exec ./smc_run nc -N -l 0.0.0.0 8000");
    server.to("echo hello | ./smc_run nc -N $SERVER 8000");
    assert_eq!(server.wait().out, "hello\n");
    scene.assert_all_smc();
    drop(server);

    let mut listener = scene.serve(
        "check",
        &[4343],
        &format!("{PATH} exec smcctl check --listen"),
    );
    let peer = peer(&mut listener);
    for key in ["mode", "peer_mode"] {
        assert_eq!(peer[key], "SMC-R", "{peer}");
    }
    assert_eq!(peer["echoed"], true, "{peer}");
    assert_eq!(peer["device"], "rxe_eth0 port 1", "{peer}");
    let told = listener.end();
    assert!(
        told.out.contains("SMC-R through rxe_eth0 port 1"),
        "{told:?}"
    );
    scene.assert_all_smc();
}

fn words_of(code: &str) -> String {
    match code {
        "0x03030000 NOSMCDEV" => format!("no usable SMC device ({code})"),
        _ => format!("no usable SMC-D device ({code})"),
    }
}

/// What is declined is told in the words for the code that the kernel has counted.
fn what_is_wrong_is_told(hosts: &[Machine; 2]) {
    let scene = Scene::new(COUNT);
    let mut listener = scene.serve(
        "check",
        &[4343],
        &format!("{PATH} exec smcctl check --listen"),
    );
    let ask = |listener: &mut kit::scene::Serving, host: &str| {
        let said = listener.ask(&format!("{PATH} smcctl check --peer {host}"));
        assert_eq!(said.status, 1, "{said:?}");
        // Wrapped lines, as one.
        said.out.split_whitespace().collect::<Vec<_>>().join(" ")
    };

    let said = ask(&mut listener, "[2001:db8::1]");
    assert!(
        said.contains("is TCP: no usable SMC device (0x03030000 NOSMCDEV)"),
        "{said}"
    );
    assert!(said.contains("smcctl explain ipv6"), "{said}");
    assert_eq!(scene.counted().0.of("reason 0x03030000 client"), 1);

    run(&hosts[1], "smcctl ueid flush && smcctl ueid add OTHER");
    let said = ask(&mut listener, "$SERVER");
    let (client, server) = scene.counted();
    assert_eq!(client.of("reason 0x05000000 client"), 1, "{client}");
    assert!(said.contains("declined (0x05000000 PEERDECL)"), "{said}");
    let code = ["0x03030000 NOSMCDEV", "0x03030001 NOSMCDDEV"]
        .into_iter()
        .find(|code| said.contains(&format!("the peer's reason: {}", words_of(code))))
        .unwrap_or_else(|| panic!("{said}"));
    let (number, _) = code.split_once(' ').unwrap();
    assert_eq!(server.of(&format!("reason {number} server")), 1, "{server}");

    let said = ask(&mut listener, "$SERVER:9");
    assert!(said.contains("connection refused"), "{said}");
}
