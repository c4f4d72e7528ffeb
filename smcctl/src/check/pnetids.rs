// SPDX-License-Identifier: MIT OR Apache-2.0
//! Findings about pnetids: which devices an interface can use.

use super::finding::Finding;
use super::host::Host;
use super::Privilege;
use crate::failure::quoted;

/// Checks that each interface with a pnetid has a device with the same.
#[must_use]
pub fn findings(host: &Host, privilege: Privilege) -> Vec<Finding> {
    let why = "an interface with a pnetid uses only devices with the same pnetid";
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
        let what = format!("{name} has the pnetid {pnetid}, which no device has");
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
                        "{name} has the pnetid {pnetid}, but its port {} has {other}",
                        port.label()
                    ),
                    why,
                ),
            },
            None => Finding::warning("pnetid", what, why),
        });
    }
    let is_empty = findings.is_empty();
    let orphans = host.ports.iter().filter(|port| {
        port.is_roce()
            && port.is_active()
            && !host.usable_interfaces().any(|one| Host::can_use(one, port))
    });
    for port in orphans.filter(|_| is_empty) {
        findings.push(Finding::warning(
            "pnetid",
            format!(
                "no interface that is up and has an address can use {}",
                port.label()
            ),
            "an interface uses its own device, or one with the same pnetid",
        ));
    }
    if findings.is_empty() && host.paths().next().is_some() {
        findings.push(Finding::ok(
            "pnetid",
            "no pnetids are set: each interface uses its own RDMA device",
            "a pnetid lets an interface use the RDMA device of another",
        ));
    }
    findings
}
