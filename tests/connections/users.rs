// SPDX-License-Identifier: MIT OR Apache-2.0
//! Users without privilege, and machines without SMC.

use crate::held::{serve, Held};
use crate::COUNT;
use kit::machine::Machine;
use kit::scene::Scene;
use kit::Kernel;
use kit::SMCCTL;
use serde_json::Value;

/// nobody may not see the checkout, so gets a copy.
pub fn as_nobody(arguments: &str) -> String {
    format!(
        "copy=$(mktemp -d) && trap 'rm -rf $copy' EXIT && chmod 755 $copy &&
         cp {SMCCTL} $copy && cd / &&
         setpriv --reuid=65534 --regid=65534 --clear-groups $copy/smcctl connections {arguments}"
    )
}

#[test]
fn a_user_sees_everything_but_whose_it_is() {
    if kit::skips_without_smc() {
        return;
    }
    let scene = Scene::new(COUNT);
    let address = scene.server.address.to_string();
    let kinds: &[_] = match Kernel::expected() {
        Kernel::AfSmc => &["smc"],
        _ => &["smc", "inet"],
    };
    for (kind, port) in kinds.iter().zip([7371, 7372]) {
        let _server = serve(&scene, "", kind, &address, port);
        let held = Held::new(&scene, "", &format!("connect {kind} {address} {port} 2"));
        let said = scene.client.run(&as_nobody("--json")).unwrap();
        assert_eq!(said.status, 0, "{said:?}");
        assert_eq!(said.err.lines().count(), 1, "{said:?}");
        for words in ["hidden", "sudo "] {
            assert!(said.err.contains(words), "{said:?}");
        }
        let json: Value = serde_json::from_str(&said.out).unwrap();
        let connections = json["connections"].as_array().unwrap();
        assert_eq!(json["hidden"], connections.len(), "{said:?}");
        for (fact, root) in held.facts.iter().zip(held.said()) {
            let mut one = connections
                .iter()
                .find(|one| one["inode"] == fact["inode"])
                .unwrap()
                .clone();
            assert_eq!(one["processes"].as_array().unwrap().len(), 0, "{one}");
            assert_eq!(root["processes"].as_array().unwrap().len(), 1, "{root}");
            // Everything else is what root is told.
            one["processes"] = root["processes"].clone();
            assert_eq!(one, root);
        }
    }
}

#[test]
fn a_machine_without_smc_is_told_so_in_a_line() {
    if kit::skips(
        Kernel::expected() != Kernel::Without,
        "needs a kernel without SMC",
    ) {
        return;
    }
    let here = Machine::here().unwrap();
    for script in [
        format!("{SMCCTL} connections"),
        format!("{SMCCTL} connections --json --port 80"),
        format!("{SMCCTL} connections --local-port 80 --pids"),
        as_nobody(""),
    ] {
        let said = here.run(&script).unwrap();
        assert_eq!((said.status, said.out.as_str()), (1, ""), "{said:?}");
        assert!(said.err.contains("has no SMC"), "{said:?}");
        assert_eq!(said.err.lines().count(), 1, "{said:?}");
        for raw in ["os error", "panicked", "errno"] {
            assert!(!said.err.contains(raw), "{said:?}");
        }
    }
    for wrong in [
        "--pid x",
        "--port 65536",
        "--mode udp",
        "--local-port http",
        "--state gone",
        "--pids --watch",
        "--program [",
        "more",
    ] {
        let said = here.run(&format!("{SMCCTL} connections {wrong}")).unwrap();
        assert_eq!(said.status, 2, "{wrong}: {said:?}");
        assert!(said.err.starts_with("error: "), "{wrong}: {said:?}");
    }
}
