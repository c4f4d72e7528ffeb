// SPDX-License-Identifier: MIT OR Apache-2.0
//! What `smcctl stats` shows, and from where it counts.

use super::used::hold;
use super::{kernel, list, said, smcctl, COUNT, PATH};
use kit::machine::Machine;
use kit::scene::Scene;
use kit::Kernel;
use kit::SMCCTL_IN_PATH;
use serde_json::{json, Value};

fn connections(of: &Value) -> u64 {
    ["client_v1", "client_v2", "server_v1", "server_v2"]
        .iter()
        .map(|key| of[key].as_u64().unwrap())
        .sum()
}

/// Everything that is counted is counted alike by the kernel; what smcctl said.
fn assert_agrees(machine: &Machine) -> Value {
    let told = smcctl(machine, "stats --absolute");
    let truth = kernel(machine, "stats");
    for technology in ["smc_r", "smc_d"] {
        for (key, value) in truth[technology].as_object().unwrap() {
            assert_eq!(told[technology][key], *value, "{technology} {key}");
        }
    }
    let sides = |value: &Value| json!([value["client"], value["server"]]);
    assert_eq!(sides(&told["handshake_errors"]), truth["handshake_errors"]);
    let reasons = list(&told["fallbacks"]["reasons"]);
    assert_eq!(reasons.len(), truth["reasons"].as_object().unwrap().len());
    for one in reasons {
        let text = |key: &str| one[key].as_str().unwrap();
        let name = format!("{} {}", text("side"), text("code"));
        assert_eq!(one["count"], truth["reasons"][&name], "{name}");
        assert!(!text("name").is_empty() && !text("meaning").is_empty());
    }
    if let Some(expected) = truth.get("fallbacks") {
        assert_eq!(sides(&told["fallbacks"]), sides(expected));
    }
    told
}

#[test]
fn the_kernels_counts_in_words() {
    let Some(best) = Kernel::expected().best() else {
        return;
    };
    let scene = Scene::new(COUNT);
    let before = smcctl(&scene.client, "stats --absolute");
    let holding = hold(&scene);
    let told = assert_agrees(&scene.client);
    if scene.is_pair() {
        let server = assert_agrees(&scene.server);
        assert!(server["smc_r"]["server_v2"].as_u64() >= Some(3), "{server}");
    }
    let text = said(&scene.client, "smcctl stats --absolute");
    assert!(
        text.lines().all(|line| line.chars().count() <= 80),
        "{text}"
    );
    // The three that are open, and what they have sent: three times eight bytes each.
    let grown = |technology: &str, key: &str| {
        told[technology][key].as_u64().unwrap() - before[technology][key].as_u64().unwrap()
    };
    match best {
        "fallback" => {
            assert!(text.contains("(0x03030000 NOSMCDEV)"), "{text}");
            assert_eq!(connections(&told["smc_r"]) + connections(&told["smc_d"]), 0);
        }
        "smc-d" => {
            assert_eq!(grown("smc_d", "client_v2"), 3);
            assert_eq!(grown("smc_d", "server_v2"), 3);
            // Both ends of them are here.
            assert_eq!(grown("smc_d", "sent_bytes"), 2 * 72);
            assert_eq!(grown("smc_d", "sent"), 2 * 9);
            assert_eq!(grown("smc_d", "received"), 18 + 9);
            assert!(text.contains("SMC-D UP TO"), "{text}");
        }
        _ => {
            assert_eq!(grown("smc_r", "client_v2"), 3);
            assert_eq!(grown("smc_r", "sent"), 9);
            assert_eq!(grown("smc_r", "received"), 18);
            assert_eq!(grown("smc_r", "received_bytes"), 72);
            assert!(text.contains("SMC-R UP TO"), "{text}");
        }
    }
    drop(holding);
}

/// How many connections there were of the best kind, as the client's side counts.
fn best_of(stats: &Value) -> u64 {
    let count = match Kernel::expected() {
        Kernel::SmcD => &stats["smc_d"]["client_v2"],
        Kernel::SmcR => &stats["smc_r"]["client_v2"],
        _ => &stats["fallbacks"]["client"],
    };
    count.as_u64().unwrap()
}

#[test]
fn a_reset_is_for_who_did_it() {
    if kit::skips_without_smc() {
        return;
    }
    let scene = Scene::new(COUNT);
    let here = &scene.client;
    drop(hold(&scene));
    let before = smcctl(here, "stats --absolute");
    assert!(best_of(&before) >= 3, "{before}");
    let shown = smcctl(here, "stats --reset");
    assert!(best_of(&shown) >= 3, "it is shown once more: {shown}");
    let reset = smcctl(here, "stats");
    assert!(reset["reset"].is_u64(), "{reset}");
    assert_eq!(best_of(&reset), 0, "{reset}");
    assert_eq!(list(&reset["fallbacks"]["reasons"]).len(), 0, "{reset}");

    let holding = hold(&scene);
    let since = smcctl(here, "stats");
    let (client, _) = scene.counted();
    // The control: the kernel has counted more than since the reset.
    let best = Kernel::expected().best().unwrap();
    assert!(
        client.of(&format!("{best} client")) > best_of(&since),
        "{client}"
    );
    assert_eq!(
        best_of(&since),
        best_of(&assert_agrees(here)) - best_of(&before)
    );
    drop(holding);

    // Another user, to whom the checkout may be closed.
    let other = here
        .run(&format!(
            "{SMCCTL_IN_PATH}{PATH} copy=$(mktemp -d) && trap 'rm -rf $copy' EXIT && chmod 755 $copy &&
             cp $(command -v smcctl) $copy && cd / && export HOME=$copy &&
             setpriv --reuid=65534 --regid=65534 --clear-groups $copy/smcctl --json stats"
        ))
        .unwrap();
    assert_eq!(other.status, 0, "{other:?}");
    let other: Value = serde_json::from_str(&other.out).unwrap();
    assert!(other["reset"].is_null(), "{other}");
    assert!(best_of(&other) > best_of(&before), "{other}");
}
