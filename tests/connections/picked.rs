// SPDX-License-Identifier: MIT OR Apache-2.0
//! Filters, and what people see.

use crate::held::{ask, serve, some, Held};
use crate::COUNT;
use kit::scene::Scene;
use kit::Kernel;
use serde_json::Value;

#[test]
fn filters_pick_and_combine() {
    if kit::skips_without_smc() {
        return;
    }
    let scene = Scene::new(COUNT);
    let address = scene.server.address.to_string();
    let _servers = [7361, 7362].map(|port| serve(&scene, "", "smc", &address, port));
    let _plain = serve(&scene, "", "tcp", &address, 7363);
    let helds = [7361, 7362, 7363]
        .map(|port| Held::new(&scene, "", &format!("connect smc {address} {port} 2")));
    let [one, two, tcp] = &helds;
    let pid = |held: &Held| held.facts[0]["pid"].to_string();
    let inodes = |filters: &str| -> Vec<Value> {
        let mut those: Vec<_> = some(&scene.client, filters)
            .iter()
            .map(|one| one["inode"].clone())
            .collect();
        those.sort_by_key(Value::as_u64);
        those
    };
    let facts = |helds: &[&Held]| -> Vec<Value> {
        let facts = helds.iter().flat_map(|held| held.facts.iter());
        let mut those: Vec<_> = facts.map(|fact| fact["inode"].clone()).collect();
        those.sort_by_key(Value::as_u64);
        those
    };
    assert_eq!(inodes(&format!("--pid {}", pid(one))), facts(&[one]));
    let both = format!("--pid {},{}", pid(one), pid(two));
    assert_eq!(inodes(&both), facts(&[one, two]));
    assert_eq!(inodes(&format!("{both} --port 7362")), facts(&[two]));
    assert_eq!(inodes(&format!("{both} --port 7363")), [] as [Value; 0]);
    assert_eq!(
        inodes(&format!("{both} --program 'python3*'")),
        facts(&[one, two])
    );
    assert_eq!(
        inodes(&format!("{both} --program '/usr/bin/py*'")),
        facts(&[one, two])
    );
    assert_eq!(inodes(&format!("{both} --program perl")), [] as [Value; 0]);
    let modes = format!("--pid {},{} --mode", pid(one), pid(tcp));
    let best = match Kernel::expected() {
        Kernel::SmcD => "smc-d",
        Kernel::SmcR => "smc-r",
        _ => "tcp",
    };
    let are_tcp = if best == "tcp" {
        facts(&[one, tcp])
    } else {
        assert_eq!(inodes(&format!("{modes} {best}")), facts(&[one]));
        assert_eq!(inodes(&format!("{modes} smc")), facts(&[one]));
        facts(&[tcp])
    };
    assert_eq!(inodes(&format!("{modes} tcp")), are_tcp);
    assert_eq!(inodes(&format!("{modes} smc,tcp")), facts(&[one, tcp]));

    // The same for people: in 80 columns, in a lasting order, without colours.
    let text = ask(&scene.client, &both).out;
    assert_eq!(text, ask(&scene.client, &both).out);
    for fact in one.facts.iter().chain(&two.facts) {
        for name in ["local", "peer"] {
            assert!(
                text.contains(fact[name].as_str().unwrap()),
                "{fact}: {text}"
            );
        }
    }
    assert!(text.starts_with("MODE "), "{text}");
    assert!(
        text.lines().all(|line| line.chars().count() <= 80),
        "{text}"
    );
    assert!(!text.contains('\x1b'));
    let none = ask(&scene.client, &format!("{both} --port 1"));
    assert_eq!(none.out, "no matching SMC sockets\n");
}
