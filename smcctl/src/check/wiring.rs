// SPDX-License-Identifier: MIT OR Apache-2.0
//! Findings about devices, pnetids and EIDs.

use super::finding::Finding;
use super::host::{is_v2, Host};
use super::Privilege;
use crate::failure::quoted;
use crate::kernel::modules::Presence;
use crate::system::interfaces::Interface;
use crate::system::ports::{Port, Roce};

/// What is proposed where none is set. Both hosts need the same, so it is fixed.
pub const PROPOSED_UEID: &str = "SMCV2-DEFAULT-UEID";

const WHY_RDMA: &str = "SMC-R carries data over RDMA devices; without, only SMC-D is left";

/// All of them.
#[must_use]
pub fn findings(host: &Host, privilege: Privilege) -> Vec<Finding> {
    let mut findings = Vec::new();
    if host.ports.is_empty() {
        findings.push(no_device(host, privilege));
    }
    for port in &host.ports {
        findings.push(port_state(port, privilege));
        if port.is_roce() && port.is_active() {
            findings.push(addresses(host, port));
        }
        if port.is_soft_roce {
            findings.push(software(port));
        }
    }
    findings.extend(pnetids(host, privilege));
    findings.extend(ism(host));
    findings.extend(eids(host, privilege));
    findings
}

/// The interface that Soft-RoCE would be put over: where the traffic goes.
fn candidate(host: &Host) -> Option<&Interface> {
    let rank = |one: &&Interface| (one.default_route, one.hardware, !one.ipv4.is_empty());
    host.usable_interfaces()
        .filter(|one| one.ethernet)
        .max_by_key(rank)
}

fn no_device(host: &Host, privilege: Privilege) -> Finding {
    let kernel = &host.kernel;
    // With SMC-D at hand nothing is wrong with a host that has no RDMA.
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
        return new(
            "rdma",
            "there is no RDMA device".to_owned(),
            WHY_RDMA.to_owned(),
        );
    }
    let Some(interface) = candidate(host) else {
        return new(
            "rdma",
            "there is no RDMA device, and no interface is up that has an address".to_owned(),
            WHY_RDMA.to_owned(),
        );
    };
    let mut finding = new(
        "rdma",
        "there is no RDMA device; Soft-RoCE makes one of a network interface".to_owned(),
        format!("{WHY_RDMA}. Soft-RoCE is for trying out, not for speed"),
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
            format!("{label} is of the kind {kind}, not RoCE"),
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
    let why = "SMC-R passes over ports that are not active";
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

fn software(port: &Port) -> Finding {
    Finding::warning(
        "rdma",
        format!("{} is Soft-RoCE, software for trying out", port.label()),
        "the processor does the work of a network card: SMC-R over it is slower than TCP; \
         for speed use RDMA hardware",
    )
}

/// Which versions of SMC-R the addresses of a port are good for.
fn addresses(host: &Host, port: &Port) -> Finding {
    let v1 = port.gids.iter().any(|gid| gid.roce == Roce::V1);
    let v2 = port.gids.iter().find(|gid| is_v2(gid));
    let label = port.label();
    let via = |name: &Option<String>| name.clone().unwrap_or_else(|| "no interface".to_owned());
    let why = "RoCE v1 GIDs are for SMC-R version 1, IPv4 GIDs of RoCE v2 for version 2";
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
                    "{label} has no GID that SMC-R could use, though {name} has an IPv4 address"
                )
            } else {
                format!("{label} has no GID that SMC-R could use: {name} has no IPv4 address")
            };
            Finding::problem("rdma", what, why)
        }
    }
}

/// Do interfaces and ports find each other?
fn pnetids(host: &Host, privilege: Privilege) -> Vec<Finding> {
    let why = "an interface that has a pnetid uses only devices that have the same";
    let mut findings = Vec::new();
    for interface in host.usable_interfaces() {
        let Some(pnetid) = &interface.pnetid else {
            continue;
        };
        let name = &interface.name;
        if host
            .ports
            .iter()
            .any(|port| port.pnetid.as_ref() == Some(pnetid))
        {
            findings.push(Finding::ok(
                "pnetid",
                format!("{name} and an RDMA port have the pnetid {pnetid}"),
                why,
            ));
            continue;
        }
        if host
            .smc
            .iter()
            .flat_map(|smc| &smc.devices.ism)
            .any(|ism| ism.pnetid() == Some(pnetid))
        {
            findings.push(Finding::ok(
                "pnetid",
                format!("{name} and an ISM device have the pnetid {pnetid}"),
                why,
            ));
            continue;
        }
        let own = host.ports.iter().find(|port| {
            port.is_roce() && port.interface.as_deref() == Some(interface.base.as_str())
        });
        let what = format!("{name} has the pnetid {pnetid}, and no device has it");
        findings.push(match own {
            Some(port) => match &port.pnetid {
                None => {
                    Finding::problem("pnetid", what, why).fixed_by(privilege.command(&format!(
                        "smcctl pnetid add {pnetid} --ib {} --port {}",
                        quoted(&port.device),
                        port.number
                    )))
                }
                Some(other) => Finding::problem(
                    "pnetid",
                    format!(
                        "{name} has the pnetid {pnetid}, its port {} has {other}",
                        port.label()
                    ),
                    why,
                ),
            },
            None => Finding::warning("pnetid", what, why),
        });
    }
    let none_yet = findings.is_empty();
    let orphans = host.ports.iter().filter(|port| {
        port.is_roce()
            && port.is_active()
            && !host
                .usable_interfaces()
                .any(|one| Host::belong_together(one, port))
    });
    for port in orphans.filter(|_| none_yet) {
        findings.push(Finding::warning(
            "pnetid",
            format!("{} belongs to no interface that is up and has an address", port.label()),
            "a device is used for an interface by a common pnetid, or because it is the interface's own",
        ));
    }
    if findings.is_empty() && host.paths().next().is_some() {
        findings.push(Finding::ok(
            "pnetid",
            "no pnetids are set: each interface uses the RDMA device that is its own",
            "a pnetid lets an interface use the RDMA device of another",
        ));
    }
    findings
}

fn ism(host: &Host) -> Option<Finding> {
    let names = host.smc.as_ref()?;
    let why = "SMC-D carries data through memory that systems of one machine share";
    let ids: Vec<_> = names
        .devices
        .ism
        .iter()
        .filter_map(|ism| ism.bus_id.as_deref())
        .collect();
    let ids = ids.join(", ");
    let what = match (names.devices.has_loopback(), ids.is_empty()) {
        (true, true) => "there is loopback-ism".to_owned(),
        (true, false) => format!("ISM devices: {ids}, and loopback-ism"),
        (false, false) => format!("ISM devices: {ids}"),
        (false, true) => return None,
    };
    Some(Finding::ok("ism", what, why))
}

fn eids(host: &Host, privilege: Privilege) -> Option<Finding> {
    let why = "version 2 of SMC (Soft-RoCE, loopback-ism, across subnets) is used between hosts \
               that have a user EID in common";
    if !host.kernel.can_have_smc() {
        return None;
    }
    // Not loaded: there is none.
    let names = host.smc.clone().unwrap_or_default();
    if !names.ueids.is_empty() {
        return Some(Finding::ok(
            "eid",
            format!("user EIDs: {}", names.ueids.join(", ")),
            why,
        ));
    }
    if names.has_eid() {
        let seid = names.seid.seid.unwrap_or_default();
        return Some(Finding::ok(
            "eid",
            format!("system EID {seid}, no user EID"),
            why,
        ));
    }
    let new = if host.paths_v1().is_empty() {
        Finding::problem
    } else {
        Finding::warning
    };
    Some(
        new(
            "eid",
            "no user EID is set".to_owned(),
            format!("{why}; the same on each host"),
        )
        .fixed_by(privilege.command(&format!("smcctl ueid add {PROPOSED_UEID}"))),
    )
}
