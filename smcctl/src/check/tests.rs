// SPDX-License-Identifier: MIT OR Apache-2.0
//! Diagnoses of fixture hosts.

use super::smc_state::SmcState;
use super::*;
use crate::kernel::devices;
use crate::system::fixtures::Tree;
use crate::system::interfaces::{self, Subnet};
use crate::system::ports;
use std::net::Ipv4Addr;

/// What `inspect` would return, with the address that netlink would report.
fn host(tree: &Tree, smc: Option<SmcState>) -> Host {
    let root = tree.root();
    let mut host = Host {
        kernel: kernel::read(&root),
        interfaces: interfaces::interfaces(&root),
        ports: ports::ports(&root),
        smc,
        has_rdma_command: true,
    };
    for interface in host.interfaces.iter_mut().filter(|one| one.name == "eth0") {
        interface.ipv4.push(Subnet {
            address: Ipv4Addr::new(192, 0, 2, 1),
            prefix: 24,
        });
    }
    host
}

fn loaded() -> Tree {
    let tree = Tree::debian_612();
    tree.write("sys/module/smc/initstate", "live\n");
    tree.write("sys/module/smc_diag/initstate", "live\n");
    tree
}

fn diagnosis(tree: &Tree, host: &Host) -> Diagnosis {
    diagnose(&tree.root(), host, None, Privilege::Root, Vec::new())
}

fn possible(diagnosis: &Diagnosis) -> Vec<&str> {
    diagnosis
        .verdicts
        .iter()
        .filter(|verdict| verdict.possible)
        .map(|verdict| verdict.variant)
        .collect()
}

fn ueid() -> SmcState {
    SmcState {
        ueids: vec![eids::PROPOSED_UEID.to_owned()],
        ..SmcState::default()
    }
}

#[test]
fn a_fresh_debian_gets_every_step_at_once() {
    let tree = Tree::debian_612();
    let found = diagnosis(&tree, &host(&tree, None));
    assert!(!found.ready);
    let fixes: Vec<_> = found.findings.iter().flat_map(|one| &one.fix).collect();
    assert_eq!(
        fixes,
        [
            "smcctl load",
            "modprobe rdma_rxe",
            "rdma link add rxe_eth0 type rxe netdev eth0",
            "smcctl ueid add SMCV2-DEFAULT-UEID",
        ]
    );
}

#[test]
fn soft_roce_supports_version_2_with_a_ueid_only() {
    let tree = loaded();
    tree.add_rxe0();
    let found = diagnosis(&tree, &host(&tree, Some(SmcState::default())));
    assert!(!found.ready);
    assert_eq!(found.verdicts[1].note, "no user EID is set");
    let found = diagnosis(&tree, &host(&tree, Some(ueid())));
    assert!(found.ready, "{found:#?}");
    assert_eq!(possible(&found), ["SMC-R v2"]);
    assert_eq!(found.verdicts[1].through, ["eth0 with rxe0 port 1"]);
    let warned: Vec<_> = (found.findings.iter())
        .filter(|one| one.level > Level::Note)
        .map(|one| (one.level, one.what.as_str()))
        .collect();
    let software = "rxe0 port 1 is Soft-RoCE, a software device for tests";
    assert_eq!(warned, [(Level::Warning, software)], "{found:#?}");
}

#[test]
fn a_port_that_is_down_is_not_used() {
    let tree = loaded();
    tree.add_rxe0();
    tree.write("sys/class/infiniband/rxe0/ports/1/state", "1: DOWN\n");
    let found = diagnosis(&tree, &host(&tree, Some(ueid())));
    assert!(!found.ready);
    assert_eq!(found.verdicts[1].note, "no RoCE port is active");
    let fixes: Vec<_> = found.findings.iter().flat_map(|one| &one.fix).collect();
    assert_eq!(fixes, ["ip link set eth0 up"]);
}

#[test]
fn a_pnetid_of_the_interface_only_is_a_problem() {
    let tree = loaded();
    tree.add_rxe0();
    let mut host = host(&tree, Some(ueid()));
    for interface in &mut host.interfaces {
        interface.pnetid = Some("NET1".to_owned());
    }
    let found = diagnosis(&tree, &host);
    assert!(!found.ready);
    let fixes: Vec<_> = found.findings.iter().flat_map(|one| &one.fix).collect();
    assert_eq!(fixes, ["smcctl pnetid add NET1 --ib rxe0 --port 1"]);
    host.ports[0].pnetid = Some("NET1".to_owned());
    assert_eq!(possible(&diagnosis(&tree, &host)), ["SMC-R v2"]);
    // A different pnetid: no command is proposed that removes a setting.
    host.ports[0].pnetid = Some("NET2".to_owned());
    let found = diagnosis(&tree, &host);
    assert!(!found.ready);
    assert!(found.findings.iter().all(|one| one.fix.is_empty()));
}

#[test]
fn version_1_needs_roce_v1_gids_and_no_eid() {
    let tree = loaded();
    tree.add_rxe0();
    let types = "sys/class/infiniband/rxe0/ports/1/gid_attrs/types/0";
    tree.write(types, "IB/RoCE v1\n");
    let found = diagnosis(&tree, &host(&tree, Some(SmcState::default())));
    assert_eq!(possible(&found), ["SMC-R v1"]);
    assert!(found.ready);
}

#[test]
fn a_gid_in_another_subnet_is_not_used() {
    let tree = loaded();
    tree.add_rxe0();
    let mut host = host(&tree, Some(ueid()));
    let mut other = host.interfaces[0].clone();
    other.name = "eth1".to_owned();
    other.base = "eth1".to_owned();
    other.ipv4[0].address = Ipv4Addr::new(198, 51, 100, 1);
    for gid in &mut host.ports[0].gids {
        gid.interface = Some("eth1".to_owned());
    }
    host.interfaces.push(other);
    assert!(!diagnosis(&tree, &host).ready);
}

#[test]
fn smc_d_uses_ism_or_loopback() {
    let tree = loaded();
    let mut names = ueid();
    names.devices.ism_v2 = true;
    let found = diagnosis(&tree, &host(&tree, Some(names.clone())));
    assert_eq!(possible(&found), ["SMC-D"]);
    assert_eq!(found.verdicts[2].through, ["loopback-ism"]);
    assert!(found.ready);
    names.ueids.clear();
    let found = diagnosis(&tree, &host(&tree, Some(names.clone())));
    assert!(!found.ready);
    assert_eq!(
        found.verdicts[2].note,
        "loopback-ism needs a user EID, but none is set"
    );
    let ism = devices::fixture(None, Some("0000:00:00.0"), "NET1");
    names.devices.ism.push(ism);
    let mut host = host(&tree, Some(names));
    assert!(!diagnosis(&tree, &host).ready);
    for interface in &mut host.interfaces {
        interface.pnetid = Some("NET1".to_owned());
    }
    let found = diagnosis(&tree, &host);
    assert_eq!(found.verdicts[2].through, ["0000:00:00.0"]);
}

#[test]
fn a_stock_kernel_of_debian_13_supports_the_loopback_package() {
    let tree = loaded();
    let note = |tree: &Tree| {
        diagnosis(tree, &host(tree, Some(ueid()))).verdicts[2]
            .note
            .clone()
    };
    let remedy = "no ISM device; for this kernel there is a package: \
                  apt install ./smc-loopback-dkms_*.deb";
    assert_eq!(note(&tree), remedy);
    // There is no package for other kernels.
    tree.write("proc/sys/kernel/version", "#1 SMP PREEMPT_DYNAMIC\n");
    let without = "no ISM device, and the kernel was built without loopback-ism \
                   (CONFIG_SMC_LO; CONFIG_DIBS_LO from Linux 6.18 on)";
    assert_eq!(note(&tree), without);
    let tree = loaded();
    tree.write(
        "boot/config-6.12.118+deb13-amd64",
        "CONFIG_SMC=y\n# CONFIG_SMC_LO is not set\n",
    );
    assert_eq!(note(&tree), without);
}

#[test]
fn a_problem_with_the_program_makes_a_host_not_ready() {
    let tree = loaded();
    tree.add_rxe0();
    let host = host(&tree, Some(ueid()));
    let more = vec![Finding::problem("program", "x is a Go program", "y")];
    assert!(!diagnose(&tree.root(), &host, None, Privilege::Root, more).ready);
    let more = vec![Finding::warning("shim", "no smc_run", "y")];
    assert!(diagnose(&tree.root(), &host, None, Privilege::Root, more).ready);
}
