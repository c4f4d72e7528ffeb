// SPDX-License-Identifier: MIT OR Apache-2.0
//! A host with ten thousand SMC sockets.

use crate::held::{serve, Held};
use crate::COUNT;
use kit::scene::Scene;
use kit::Kernel;
use kit::SMCCTL;
use serde_json::Value;
use std::collections::HashSet;

/// Connected, in so many processes; and as many more that are not.
const PROCESSES: usize = 4;
const CONNECTED: usize = 2250;
const FRESH: usize = 1000;
const SOCKETS: u64 = 10_000;
const MOST_MEMORY: u64 = 64 * 1024;

/// Reads nothing until everything is there to be read: then it is at its largest.
const MEASURE: &str = r#"
import subprocess, sys, time
begun = time.monotonic()
smcctl = subprocess.Popen(sys.argv[1:], stdout=subprocess.PIPE)
first = smcctl.stdout.read(1)
with open(f"/proc/{smcctl.pid}/status") as status:
    peak = [line.split()[1] for line in status if line.startswith("VmHWM")][0]
text = first + smcctl.stdout.read()
assert smcctl.wait() == 0
print(peak, time.monotonic() - begun)
sys.stdout.flush()
sys.stdout.buffer.write(text)
"#;

#[test]
fn ten_thousand_sockets() {
    let kinds = match Kernel::expected() {
        // Where there is SMC, this many connections of it take gigabytes.
        Kernel::AfSmc => ["smc", "smc"],
        Kernel::IpprotoSmc | Kernel::SmcD => ["smc", "inet"],
        Kernel::Without | Kernel::SmcR => return,
    };
    let scene = Scene::new(COUNT);
    let address = "127.0.0.1";
    let _server = serve(&scene, "", "tcp", address, 7381);
    let mut helds = Vec::new();
    for number in 0..PROCESSES {
        let kind = kinds[number % 2];
        let connect = format!("many {kind} {address} 7381 {CONNECTED}");
        helds.push(Held::new(&scene, "", &connect));
    }
    helds.push(Held::new(&scene, "", &format!("fresh smc {FRESH}")));
    let facts: u64 = helds.iter().map(|held| held.facts.len() as u64).sum();
    assert_eq!(facts, SOCKETS);

    for arguments in ["--json", ""] {
        let script =
            format!("exec /usr/bin/python3 -c '{MEASURE}' {SMCCTL} connections {arguments}");
        let said = scene.client.run(&script).unwrap();
        assert_eq!((said.status, said.err.as_str()), (0, ""), "{}", said.err);
        let (measured, text) = said.out.split_once('\n').unwrap();
        let (peak, seconds) = measured.split_once(' ').unwrap();
        println!("10,000 sockets {arguments}: {seconds} s, {peak} KiB");
        // How long it takes is told, not asserted: under emulation it is the time of others.
        let peak: u64 = peak.parse().unwrap();
        assert!(peak < MOST_MEMORY, "{peak} KiB");
        if arguments.is_empty() {
            assert_eq!(text.matches("python3").count() as u64, SOCKETS);
            continue;
        }
        let json: Value = serde_json::from_str(text).unwrap();
        let connections = json["connections"].as_array().unwrap();
        assert!(connections.len() as u64 >= SOCKETS, "{}", connections.len());
        let owners: HashSet<_> = connections
            .iter()
            .filter_map(|one| Some((one["inode"].as_u64()?, one["processes"][0]["pid"].as_u64()?)))
            .collect();
        let local: HashSet<_> = connections
            .iter()
            .filter_map(|one| crate::held::end(&one["local"]))
            .collect();
        for held in &helds {
            for fact in &held.facts {
                let both = (
                    fact["inode"].as_u64().unwrap(),
                    fact["pid"].as_u64().unwrap(),
                );
                assert!(owners.contains(&both), "{fact}");
                if !fact["peer"].is_null() {
                    assert!(local.contains(fact["local"].as_str().unwrap()), "{fact}");
                }
            }
        }
    }
}
