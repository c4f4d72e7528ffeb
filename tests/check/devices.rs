// SPDX-License-Identifier: MIT OR Apache-2.0
//! One guest with SMC: with no device (debian-6.1, debian-6.12) or with
//! loopback-ism (smcd).

use super::{check, fixes, follow, is_possible, peer, run, COUNT, PATH};
use kit::machine::Machine;
use kit::scene::Scene;
use kit::Kernel;

#[test]
fn a_guest_without_devices_is_not_ready() {
    if kit::skips(
        !matches!(Kernel::expected(), Kernel::AfSmc | Kernel::IpprotoSmc),
        "needs a kernel with SMC and without devices",
    ) {
        return;
    }
    let scene = Scene::new(COUNT);
    let said = check(&scene.client);
    assert_eq!(said.status, 1, "{said:?}");
    assert!(said.out.contains("no RDMA device"), "{said:?}");
    for variant in ["SMC-R v1", "SMC-R v2", "SMC-D"] {
        assert!(!is_possible(&said, variant), "{said:?}");
    }
    let listener = scene.serve(
        "check",
        &[4343],
        &format!("{PATH} exec smcctl check --listen"),
    );
    let said = listener.ask(&format!("{PATH} smcctl check --peer $SERVER"));
    assert_eq!(said.status, 1, "{said:?}");
    let (client, _) = scene.counted();
    assert_eq!(client.of("reason 0x03030000 client"), 1, "{client}");
    assert!(said.out.contains("NOSMCDEV"), "{said:?}");
}

/// What a kernel is known to have wrong is told by its number, which stands in `uname`
/// in two ways, and splice(2) of each.
#[test]
fn a_kernel_is_known_by_its_number() {
    if kit::skips_without_smc() {
        return;
    }
    let here = Machine::here().unwrap();
    let number = run(
        &here,
        "case $(uname -v) in
             *' Debian '*) uname -v | sed 's/.* Debian \\([0-9.]*\\)-.*/\\1/' ;;
             *) uname -r ;;
         esac",
    );
    let number = number.out.trim();
    let series = number.split('.').take(2).collect::<Vec<_>>().join(".");
    let patch: u32 = number.rsplit('.').next().unwrap().parse().unwrap();
    let fixed = match series.as_str() {
        "6.1" => 191,
        "6.12" => 114,
        "7.3" => 0, // has had them from its beginning
        _ => panic!("a kernel that no test knows: {number}"),
    };
    let said = check(&here);
    let line = |level: &str, words: &str| {
        let begin = format!("{level:9}kernel   {words}");
        let has = said.out.lines().any(|line| line.starts_with(&begin));
        assert!(has, "{begin}: {said:?}");
    };
    if patch < fixed {
        line(
            "warning",
            &format!("{number} has vulnerabilities in SMC: CVE-2026-46330"),
        );
    } else {
        line(
            "ok",
            &format!("{number} has the fixes of the known vulnerabilities"),
        );
    }
    line("note", "splice(2) from SMC sockets returns wrong data");
}

#[test]
fn loopback_ism_needs_a_ueid_and_is_told_so() {
    if kit::skips(Kernel::expected() != Kernel::SmcD, "needs SMC-D") {
        return;
    }
    let scene = Scene::new(COUNT);
    let here = Machine::here().unwrap();
    let said = check(&here);
    assert_eq!(said.status, 0, "{said:?}");
    assert!(is_possible(&said, "SMC-D"), "{said:?}");
    assert!(said.out.contains("through loopback-ism"), "{said:?}");

    let before = run(&here, "smcctl ueid list && smcctl ueid flush >/dev/null").out;
    let said = check(&here);
    assert_eq!(said.status, 1, "{said:?}");
    assert!(!is_possible(&said, "SMC-D"), "{said:?}");
    assert_eq!(fixes(&said), ["smcctl ueid add SMCV2-DEFAULT-UEID"]);
    assert_eq!(follow(&here).status, 0);

    let mut listener = scene.serve(
        "check",
        &[4343],
        &format!("{PATH} exec smcctl check --listen"),
    );
    let peer = peer(&mut listener);
    assert_eq!(peer["mode"], "SMC-D", "{peer}");
    assert_eq!(peer["echoed"], true, "{peer}");
    scene.assert_all_smc();

    let restored = run(
        &here,
        &format!("smcctl ueid flush; smcctl ueid add {}", before.trim()),
    );
    assert_eq!(restored.status, 0, "{restored:?}");
}
