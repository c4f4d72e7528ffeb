// SPDX-License-Identifier: MIT OR Apache-2.0
//! Findings about RDMA devices: their ports and GIDs.

use super::finding::Finding;
use super::host::{is_v2, Host};
use super::Privilege;
use crate::failure::quoted;
use crate::kernel::modules::Presence;
use crate::system::interfaces::Interface;
use crate::system::ports::{Port, Roce};

const WHY_RDMA: &str = "SMC-R carries data over RDMA devices; without one only SMC-D is possible";

/// Checks the devices and each port.
#[must_use]
pub fn findings(host: &Host, privilege: Privilege) -> Vec<Finding> {
    let mut findings = Vec::new();
    if host.ports.is_empty() {
        findings.push(no_device(host, privilege));
    }
    for port in &host.ports {
        findings.push(port_state(port, privilege));
        if port.is_roce() && port.is_active() {
            findings.push(gids(host, port));
        }
        if port.is_soft_roce {
            findings.push(soft_roce(port));
        }
    }
    findings
}

/// The interface for a Soft-RoCE device: preferably the one with the default route.
fn candidate(host: &Host) -> Option<&Interface> {
    let rank = |one: &&Interface| (one.default_route, one.hardware, !one.ipv4.is_empty());
    host.usable_interfaces()
        .filter(|one| one.ethernet)
        .max_by_key(rank)
}

fn no_device(host: &Host, privilege: Privilege) -> Finding {
    let kernel = &host.kernel;
    // A host with SMC-D does not need RDMA.
    let has_smcd = host
        .smc
        .as_ref()
        .is_some_and(|smc| smc.devices.ism_v2 || !smc.devices.ism.is_empty());
    let new = if has_smcd {
        Finding::warning
    } else {
        Finding::problem
    };
    if kernel.rxe == Presence::Absent || !kernel.can_have_smc() {
        return new("rdma", "no RDMA device".to_owned(), WHY_RDMA.to_owned());
    }
    let Some(interface) = candidate(host) else {
        return new(
            "rdma",
            "no RDMA device, and no interface that is up and has an address".to_owned(),
            WHY_RDMA.to_owned(),
        );
    };
    let mut finding = new(
        "rdma",
        "no RDMA device; Soft-RoCE creates one over a network interface".to_owned(),
        format!("{WHY_RDMA}. Soft-RoCE is for tests, not for speed"),
    );
    if !host.has_rdma_command {
        finding = finding.fixed_by(privilege.command("apt-get install iproute2"));
    }
    if kernel.rxe == Presence::Loadable {
        finding = finding.fixed_by(privilege.command("modprobe rdma_rxe"));
    }
    let name = quoted(&interface.name);
    finding.fixed_by(privilege.command(&format!("rdma link add rxe_{name} type rxe netdev {name}")))
}

fn port_state(port: &Port, privilege: Privilege) -> Finding {
    let label = port.label();
    let (kind, layer) = (&port.kind, &port.link_layer);
    if port.kind != "CA" {
        return Finding::warning(
            "rdma",
            format!("{label} has type {kind}, not RoCE"),
            WHY_RDMA,
        );
    }
    if port.link_layer != "Ethernet" {
        return Finding::warning(
            "rdma",
            format!("{label} is on {layer}"),
            "SMC-R needs RDMA over Ethernet (RoCE)",
        );
    }
    let why = "SMC-R ignores ports that are not active";
    if port.is_active() {
        return Finding::ok("rdma", format!("{label} is active"), why);
    }
    let finding = Finding::problem(
        "rdma",
        format!("{label} is {}", port.state.to_lowercase()),
        why,
    );
    match &port.interface {
        Some(name) => {
            finding.fixed_by(privilege.command(&format!("ip link set {} up", quoted(name))))
        }
        None => finding,
    }
}

fn soft_roce(port: &Port) -> Finding {
    Finding::warning(
        "rdma",
        format!("{} is Soft-RoCE, a software device for tests", port.label()),
        "SMC-R over a software device is slower than TCP; use RDMA hardware for speed",
    )
}

/// Which versions of SMC-R can use the GIDs of a port.
fn gids(host: &Host, port: &Port) -> Finding {
    let v1 = port.gids.iter().any(|gid| gid.roce == Roce::V1);
    let v2 = port.gids.iter().find(|gid| is_v2(gid));
    let label = port.label();
    let via = |name: &Option<String>| name.clone().unwrap_or_else(|| "no interface".to_owned());
    let why = "SMC-R version 1 uses RoCE v1 GIDs, version 2 uses IPv4 GIDs of RoCE v2";
    match (v1, v2) {
        (true, Some(gid)) => Finding::ok(
            "rdma",
            format!(
                "{label} has GIDs for RoCE v1 and v2 ({}, from {})",
                gid.address,
                via(&gid.interface)
            ),
            why,
        ),
        (false, Some(gid)) => Finding::ok(
            "rdma",
            format!(
                "{label} has a GID for RoCE v2 ({}, from {}), none for v1",
                gid.address,
                via(&gid.interface)
            ),
            why,
        ),
        (true, None) => Finding::warning("rdma", format!("{label} has GIDs for RoCE v1 only"), why),
        (false, None) => {
            let name = via(&port.interface);
            let has_ipv4 = host
                .interfaces
                .iter()
                .any(|one| one.name == name && !one.ipv4.is_empty());
            let what = if has_ipv4 {
                format!(
                    "{label} has no GID that SMC-R can use, although {name} has an IPv4 address"
                )
            } else {
                format!("{label} has no GID that SMC-R can use: {name} has no IPv4 address")
            };
            Finding::problem("rdma", what, why)
        }
    }
}
