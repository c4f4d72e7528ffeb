// SPDX-License-Identifier: MIT OR Apache-2.0
//! The verdicts: which variants of SMC this host can use, and through which devices.

use super::host::{Host, Path};
use serde::Serialize;

/// The verdict about a variant of SMC.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// `SMC-R v1`, `SMC-R v2` or `SMC-D`.
    pub variant: &'static str,
    /// Whether it is possible.
    pub possible: bool,
    /// The devices: `eth0 with mlx5_0 port 1`.
    pub through: Vec<String>,
    /// Why it is not possible, or a limitation.
    pub note: String,
}

/// Returns the verdict about each variant.
#[must_use]
pub fn verdicts(host: &Host) -> Vec<Verdict> {
    vec![smcr_v1(host), smcr_v2(host), smcd(host)]
}

fn possible(variant: &'static str, through: Vec<String>, note: &str) -> Verdict {
    Verdict {
        variant,
        possible: true,
        through,
        note: note.to_owned(),
    }
}

fn impossible(variant: &'static str, note: impl Into<String>) -> Verdict {
    Verdict {
        variant,
        possible: false,
        through: Vec::new(),
        note: note.into(),
    }
}

fn labels(paths: &[Path]) -> Vec<String> {
    paths.iter().map(Path::label).collect()
}

/// Why there is no path with a `kind` of GID.
fn no_port(host: &Host, kind: &str) -> String {
    if host.ports.is_empty() {
        return "no RDMA device".to_owned();
    }
    if !host
        .ports
        .iter()
        .any(|port| port.is_roce() && port.is_active())
    {
        return "no RoCE port is active".to_owned();
    }
    if host.paths().next().is_none() {
        return "no interface can use an active RoCE port".to_owned();
    }
    format!("no active port has {kind}")
}

fn without_smc(host: &Host) -> Option<&'static str> {
    if host.kernel.has_smc() {
        None
    } else if host.kernel.can_have_smc() {
        Some("smc is not loaded")
    } else {
        Some("the kernel has no SMC")
    }
}

fn smcr_v1(host: &Host) -> Verdict {
    let variant = "SMC-R v1";
    if let Some(why) = without_smc(host) {
        return impossible(variant, why);
    }
    let paths = host.paths_v1();
    if paths.is_empty() {
        return impossible(variant, no_port(host, "a RoCE v1 GID"));
    }
    possible(variant, labels(&paths), "to hosts in the same IP subnet")
}

fn smcr_v2(host: &Host) -> Verdict {
    let variant = "SMC-R v2";
    if let Some(why) = without_smc(host) {
        return impossible(variant, why);
    }
    let paths = host.paths_v2();
    if paths.is_empty() {
        return impossible(
            variant,
            no_port(
                host,
                "an IPv4 GID of RoCE v2 in the subnet of the interface",
            ),
        );
    }
    let Some(smc) = &host.smc else {
        return impossible(variant, "the kernel does not report user EIDs");
    };
    if smc.ueids.is_empty() {
        return impossible(variant, "no user EID is set");
    }
    possible(
        variant,
        labels(&paths),
        "to hosts with a common user EID, for clients with IPv4 sockets",
    )
}

fn smcd(host: &Host) -> Verdict {
    let variant = "SMC-D";
    if let Some(why) = without_smc(host) {
        return impossible(variant, why);
    }
    let Some(smc) = &host.smc else {
        return impossible(variant, "the kernel does not report its devices");
    };
    let v1 = host.ism_v1();
    if !v1.is_empty() || (smc.devices.ism_v2 && !smc.devices.ism.is_empty() && smc.has_eid()) {
        let through = smc
            .devices
            .ism
            .iter()
            .filter_map(|ism| ism.bus_id.clone())
            .collect();
        return possible(variant, through, "to systems on the same machine");
    }
    if smc.devices.has_loopback() {
        if smc.has_eid() {
            let through = vec!["loopback-ism".to_owned()];
            return possible(variant, through, "between programs on this host");
        }
        return impossible(variant, "loopback-ism needs a user EID, but none is set");
    }
    if smc.devices.ism.is_empty() {
        let why = match host.kernel.built_with_loopback() {
            _ if host.kernel.can_have_loopback() => {
                "no ISM device; for this kernel there is a package: \
                 apt install ./smc-loopback-dkms_*.deb"
            }
            Some(false) => {
                "no ISM device, and the kernel was built without loopback-ism \
                 (CONFIG_SMC_LO; CONFIG_DIBS_LO from Linux 6.18 on)"
            }
            _ => "neither an ISM device nor loopback-ism",
        };
        return impossible(variant, why);
    }
    impossible(
        variant,
        "no ISM device has the pnetid of an interface, and no EID is set",
    )
}
