// SPDX-License-Identifier: MIT OR Apache-2.0
//! Findings about ISM devices and EIDs.

use super::finding::Finding;
use super::host::Host;
use super::Privilege;

/// The user EID that is proposed. It is fixed because both hosts need the same.
pub const PROPOSED_UEID: &str = "SMCV2-DEFAULT-UEID";

/// Checks ISM devices and EIDs.
#[must_use]
pub fn findings(host: &Host, privilege: Privilege) -> Vec<Finding> {
    ism(host).into_iter().chain(eids(host, privilege)).collect()
}

fn ism(host: &Host) -> Option<Finding> {
    let names = host.smc.as_ref()?;
    let why = "SMC-D carries data through memory shared by the systems of one machine";
    let ids: Vec<_> = names
        .devices
        .ism
        .iter()
        .filter_map(|ism| ism.bus_id.as_deref())
        .collect();
    let ids = ids.join(", ");
    let what = match (names.devices.has_loopback(), ids.is_empty()) {
        (true, true) => "loopback-ism is available".to_owned(),
        (true, false) => format!("ISM devices: {ids}, and loopback-ism"),
        (false, false) => format!("ISM devices: {ids}"),
        (false, true) => return None,
    };
    Some(Finding::ok("ism", what, why))
}

fn eids(host: &Host, privilege: Privilege) -> Option<Finding> {
    let why =
        "SMC version 2 (Soft-RoCE, loopback-ism, across subnets) needs a common user EID on both \
               hosts";
    if !host.kernel.can_have_smc() {
        return None;
    }
    // While SMC is not loaded no EID is set.
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
        new("eid", "no user EID is set".to_owned(), why.to_owned())
            .fixed_by(privilege.command(&format!("smcctl ueid add {PROPOSED_UEID}"))),
    )
}
