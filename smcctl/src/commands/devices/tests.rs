// SPDX-License-Identifier: MIT OR Apache-2.0
//! The tables of pnetctl's documentation, and the devices of a fixture host.

use super::*;
use crate::kernel::devices::fixture;
use crate::output::Report;
use crate::system::fixtures::Tree;

fn device(kind: Kind, name: &str, port: Option<u8>, bus_id: Option<&str>) -> Device {
    let place = bus_id.map(|bus_id| Place {
        bus: "pci".to_owned(),
        bus_id: bus_id.to_owned(),
    });
    Device {
        port,
        speed_mbit: Some(100_000),
        ..Device::new(kind, name.to_owned(), place)
    }
}

/// The devices of pnetctl's example, unordered.
fn example() -> Vec<Device> {
    vec![
        device(Kind::Net, "lo", None, None),
        device(Kind::Ib, "mlx5_0", Some(1), Some("0000:03:00.0")),
        device(Kind::Net, "eth1", None, Some("0000:03:00.0")),
        device(Kind::Net, "eth0", None, Some("0000:01:00.0")),
    ]
}

fn text(devices: Vec<Device>) -> String {
    let devices = Devices {
        pnetids_known: true,
        devices,
    };
    let plain = anstream::adapter::strip_str(&devices.text()).to_string();
    assert!(
        plain.lines().all(|line| line.chars().count() <= 80),
        "{plain}"
    );
    plain
}

/// The columns that pnetctl has, too.
fn table(mut devices: Vec<Device>) -> String {
    devices.sort_by(order);
    let lines: Vec<_> = text(devices)
        .lines()
        .map(|line| {
            let start: String = line.chars().take(68).collect();
            start.trim_end().to_owned()
        })
        .collect();
    lines.join("\n")
}

#[test]
fn without_pnetids_it_is_pnetctls_table() {
    let expected = "\
====================================================================
Pnetid:          Type:           Name:  Port:  Bus:          Bus-ID:
====================================================================
n/a
--------------------------------------------------------------------
                   net            eth0          pci     0000:01:00.0
                   net            eth1          pci     0000:03:00.0
                    ib          mlx5_0      1   pci     0000:03:00.0
                   net              lo          n/a              n/a";
    assert_eq!(table(example()), expected);
}

#[test]
fn with_a_pnetid_it_is_pnetctls_table() {
    let expected = "\
====================================================================
Pnetid:          Type:           Name:  Port:  Bus:          Bus-ID:
====================================================================
TEST1
--------------------------------------------------------------------
                    ib          mlx5_0      1   pci     0000:03:00.0
                   net            eth1          pci     0000:03:00.0
--------------------------------------------------------------------
n/a
--------------------------------------------------------------------
                   net            eth0          pci     0000:01:00.0
                   net              lo          n/a              n/a";
    let mut devices = example();
    for device in &mut devices {
        if ["mlx5_0", "eth1"].contains(&device.name.as_str()) {
            device.pnetid = Some("TEST1".to_owned());
        }
    }
    assert_eq!(table(devices), expected);
}

#[test]
fn long_names_do_not_break_the_table() {
    let long = "a".repeat(63);
    let mut device = device(Kind::Ib, &long, Some(1), Some(&long));
    device.state = "active_defer".to_owned();
    let text = text(vec![device]);
    assert!(text.contains("aaa… "), "{text}");
}

#[test]
fn a_host_with_soft_roce() {
    let tree = Tree::debian_612();
    tree.add_rxe0();
    tree.write("sys/class/net/eth0/operstate", "lowerlayerdown\n");
    tree.write("sys/class/net/eth0.7/flags", "0x1003\n");
    tree.write("sys/class/net/eth0.7/ifindex", "3\n");
    tree.write("sys/class/net/eth0.7/lower_eth0/x", "");
    let table = [Entry {
        pnetid: "NET1".to_owned(),
        device: pnet::Device::Net {
            name: "eth0".to_owned(),
        },
    }];
    let known = Known {
        rdma: vec![fixture(Some("rxe0"), None, "NET1")],
        ism_v2: true,
        ..Known::default()
    };
    let devices = collect(&tree.root(), &table, &known);
    let all: Vec<_> = devices
        .iter()
        .map(|one| (one.pnetid.as_deref(), one.name.as_str(), one.state.as_str()))
        .collect();
    let net1 = Some("NET1");
    assert_eq!(
        all,
        [
            (net1, "rxe0", "up"),
            (net1, "eth0", "no carrier"),
            (net1, "eth0.7", "up"),
            (None, "lo", "up"),
            (None, "loopback-ism", "up"),
        ]
    );
    assert_eq!(devices[0].interface.as_deref(), Some("eth0"));
    assert_eq!(devices[2].interface.as_deref(), Some("eth0"));
    let text = text(devices);
    assert!(text.contains(" v2 192.0.2.1 eth0\n"), "{text}");
}

#[test]
fn an_ism_from_two_sources_is_displayed_once() {
    let plugged_in = |bus_id: &str| Ism {
        bus_id: bus_id.to_owned(),
        pnetid: Some("HARD".to_owned()),
    };
    let known = Known {
        ism: vec![fixture(None, Some("0000:00:00.0"), "SOFT")],
        ..Known::default()
    };
    let devices = isms(
        vec![plugged_in("0000:00:00.0"), plugged_in("0001:00:00.0")],
        &known,
    );
    let pnetids: Vec<_> = devices.iter().map(|one| one.pnetid.as_deref()).collect();
    assert_eq!(pnetids, [Some("SOFT"), Some("HARD")]);
}
