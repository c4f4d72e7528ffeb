// SPDX-License-Identifier: MIT OR Apache-2.0
//! Devices and their pnetids, and user EIDs.

use super::{find, json, kernel, list, said, smcctl, COUNT};
use kit::machine::Machine;
use kit::scene::Scene;
use kit::Kernel;
use serde_json::{json, Value};

/// Two interfaces and Soft-RoCE over the second, named as in pnetctl's example; away
/// again when dropped.
struct Example<'a>(&'a Machine);

impl<'a> Example<'a> {
    fn set_up(machine: &'a Machine) -> Self {
        said(
            machine,
            "scripts/smc.sh rxe load >/dev/null; smcctl pnetid flush >/dev/null
             for name in eth0 eth1; do
                 ip link add $name type dummy; ip link set $name up
             done
             rdma link add mlx5_0 type rxe netdev eth1",
        );
        Self(machine)
    }
}

impl Drop for Example<'_> {
    fn drop(&mut self) {
        let _ = self.0.run(
            "PATH=$PATH:/usr/sbin:/sbin; rdma link del mlx5_0; ip link del eth0; ip link del eth1",
        );
    }
}

/// Kernels of one guest where Soft-RoCE is a module and nobody else has an interface.
fn has_no_device() -> bool {
    matches!(Kernel::expected(), Kernel::AfSmc | Kernel::IpprotoSmc)
}

fn by_name(all: &Value) -> Vec<(String, String)> {
    let mut names: Vec<_> = list(&all["devices"])
        .iter()
        .map(|one| {
            let text = |key: &str| one[key].as_str().unwrap().to_owned();
            (text("type"), text("name"))
        })
        .collect();
    names.sort();
    names
}

/// What `ip` and `rdma` list, and nothing else but ISM.
fn assert_agrees(machine: &Machine) {
    let all = smcctl(machine, "devices");
    let (net, ib) = (
        json(machine, "ip -json link"),
        json(machine, "rdma -j link"),
    );
    let mut names = Vec::new();
    for one in list(&net) {
        let name = &one["ifname"];
        names.push(("net".to_owned(), name.as_str().unwrap().to_owned()));
        let device = list(&all["devices"])
            .iter()
            .find(|device| device["type"] == "net" && device["name"] == *name)
            .unwrap_or_else(|| panic!("{name}: {all}"));
        let flags = list(&one["flags"]);
        let state = match (
            flags.contains(&json!("UP")),
            flags.contains(&json!("LOWER_UP")),
        ) {
            (true, true) => "up",
            (true, false) => "no carrier",
            (false, _) => "down",
        };
        assert_eq!(device["state"], state, "{one} {device}");
    }
    for one in list(&ib) {
        let name = one["ifname"].as_str().unwrap();
        names.push(("ib".to_owned(), name.to_owned()));
        let device = list(&all["devices"])
            .iter()
            .find(|device| device["type"] == "ib" && device["name"] == name)
            .unwrap();
        assert_eq!(device["port"], one["port"]);
        assert_eq!(device["interface"], one["netdev"]);
        let state = match one["state"].as_str().unwrap() {
            "ACTIVE" => "up".to_owned(),
            state => state.to_lowercase(),
        };
        assert_eq!(device["state"], state.as_str());
    }
    if Kernel::expected() == Kernel::SmcD {
        names.push(("ism".to_owned(), "loopback-ism".to_owned()));
    }
    names.sort();
    assert_eq!(by_name(&all), names);
}

#[test]
fn devices_are_those_of_ip_and_rdma() {
    if kit::skips_without_smc() {
        return;
    }
    let scene = Scene::new(COUNT);
    assert_agrees(&scene.client);
    if has_no_device() {
        let _example = Example::set_up(&scene.client);
        assert_agrees(&scene.client);
        said(&scene.client, "ip link set eth1 down");
        assert_agrees(&scene.client);
        let all = smcctl(&scene.client, "devices");
        let port = find(&all["devices"], "name", &json!("mlx5_0"));
        assert_eq!(port["state"], "down", "the control: it was up before");
    }
    if scene.is_pair() {
        assert_agrees(&scene.server);
        let all = smcctl(&scene.client, "devices --pnetid lab");
        let port = find(&all["devices"], "name", &json!("rxe0"));
        let gids = list(&port["gids"]);
        let own = gids.iter().any(|gid| {
            gid["address"] == "::ffff:192.0.2.2"
                && gid["roce"] == "RoCE v2"
                && gid["interface"] == "eth0"
        });
        assert!(own, "{port}");
        let eth0 = find(&all["devices"], "name", &json!("eth0"));
        assert_eq!(eth0["bus"], "virtio", "{eth0}");
    }
}

/// The lines of the table that are about the example, without state and rate.
fn table(machine: &Machine) -> String {
    let lines: Vec<_> = said(machine, "smcctl devices")
        .lines()
        .map(|line| {
            assert!(line.chars().count() <= 80, "{line}");
            let kept: String = line.chars().take(68).collect();
            kept.trim_end().to_owned()
        })
        // Addresses are told below a port, at the column of the names.
        .filter(|line| !line.starts_with(&" ".repeat(23)))
        .collect();
    lines.join("\n")
}

/// pnetctl's example, on devices that are on no bus.
#[test]
fn the_example_of_pnetctl() {
    if kit::skips(
        !has_no_device(),
        "needs a kernel with SMC and without devices",
    ) {
        return;
    }
    let scene = Scene::new(COUNT);
    let _example = Example::set_up(&scene.client);
    let before = "\
====================================================================
Pnetid:          Type:           Name:  Port:  Bus:          Bus-ID:
====================================================================
n/a
--------------------------------------------------------------------
                   net            eth0          n/a              n/a
                   net            eth1          n/a              n/a
                   net              lo          n/a              n/a
                    ib          mlx5_0      1   n/a              n/a";
    assert_eq!(table(&scene.client), before);
    said(&scene.client, "smcctl pnetid add test1 -i mlx5_0 -n eth1");
    let after = "\
====================================================================
Pnetid:          Type:           Name:  Port:  Bus:          Bus-ID:
====================================================================
TEST1
--------------------------------------------------------------------
                    ib          mlx5_0      1   n/a              n/a
                   net            eth1          n/a              n/a
--------------------------------------------------------------------
n/a
--------------------------------------------------------------------
                   net            eth0          n/a              n/a
                   net              lo          n/a              n/a";
    assert_eq!(table(&scene.client), after);
    said(&scene.client, "smcctl pnetid remove test1");
    assert_eq!(table(&scene.client), before);
}

#[test]
fn pnetids_there_and_back() {
    if kit::skips(
        !has_no_device(),
        "needs a kernel with SMC and without devices",
    ) {
        return;
    }
    let scene = Scene::new(COUNT);
    let here = &scene.client;
    let _example = Example::set_up(here);
    assert_eq!(kernel(here, "pnetids"), json!([]));
    said(here, "smcctl pnetid add net1 -i mlx5_0 -n eth1");
    let mut told = list(&kernel(here, "pnetids")).clone();
    told.sort_by_key(Value::to_string);
    assert_eq!(
        json!(told),
        json!([["NET1", "eth1", "n/a", 255], ["NET1", "n/a", "mlx5_0", 1]])
    );
    kernel(here, "add-pnetid NET2 eth0");
    let all = smcctl(here, "pnetid get");
    let eth0 = find(&all["pnetids"], "name", &json!("eth0"));
    assert_eq!(eth0["pnetid"], "NET2");
    let devices = smcctl(here, "devices --pnetid NET2");
    assert_eq!(by_name(&devices), [("net".to_owned(), "eth0".to_owned())]);
    said(here, "smcctl pnetid remove NET1");
    assert_eq!(
        kernel(here, "pnetids"),
        json!([["NET2", "eth0", "n/a", 255]])
    );
    said(here, "smcctl pnetid flush");
    assert_eq!(kernel(here, "pnetids"), json!([]));
}

#[test]
fn ueids_there_and_back() {
    if kit::skips_without_smc() {
        return;
    }
    let scene = Scene::new(COUNT);
    let here = &scene.client;
    let before = kernel(here, "ueids");
    let with = |more: &[&str]| {
        let more = more.iter().map(|ueid| json!(ueid));
        json!(list(&before)
            .iter()
            .cloned()
            .chain(more)
            .collect::<Vec<_>>())
    };
    assert_eq!(smcctl(here, "ueid list")["ueids"], before);
    said(here, "smcctl ueid add there.and-1");
    assert_eq!(kernel(here, "ueids"), with(&["THERE.AND-1"]));
    kernel(here, "add-ueid BACK-2");
    let both = with(&["THERE.AND-1", "BACK-2"]);
    assert_eq!(smcctl(here, "ueid list")["ueids"], both);
    said(
        here,
        "smcctl ueid remove THERE.AND-1; smcctl ueid remove BACK-2",
    );
    assert_eq!(kernel(here, "ueids"), before);
}
