// SPDX-License-Identifier: MIT OR Apache-2.0
//! The verdict: which kinds of SMC are possible on this host, and through what.

use super::host::{Host, Path};
use serde::Serialize;

/// Of one kind of SMC.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// `SMC-R v1`, `SMC-R v2` or `SMC-D`.
    pub variant: &'static str,
    /// Whether it is.
    pub possible: bool,
    /// The devices: `eth0 with mlx5_0 port 1`.
    pub through: Vec<String>,
    /// Why not, or what to know.
    pub note: String,
}

/// Of each kind.
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

/// Why there is nothing that a kind of SMC-R could use; `kind` of GID.
fn no_port(host: &Host, kind: &str) -> String {
    if host.ports.is_empty() {
        return "there is no RDMA device".to_owned();
    }
    if !host
        .ports
        .iter()
        .any(|port| port.is_roce() && port.is_active())
    {
        return "no RoCE port is active".to_owned();
    }
    if host.paths().next().is_none() {
        return "no interface and active RoCE port belong together".to_owned();
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
        return impossible(variant, no_port(host, "an address (GID) for RoCE v1"));
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
                "an IPv4 address (GID) for RoCE v2 in the interface's subnet",
            ),
        );
    }
    let Some(names) = &host.smc else {
        return impossible(variant, "the kernel does not tell the user EIDs");
    };
    if names.ueids.is_empty() {
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
    let Some(names) = &host.smc else {
        return impossible(variant, "the kernel does not tell its devices");
    };
    let v1 = host.ism_v1();
    if !v1.is_empty() || (names.devices.ism_v2 && !names.devices.ism.is_empty() && names.has_eid())
    {
        let through = names
            .devices
            .ism
            .iter()
            .filter_map(|ism| ism.bus_id.clone())
            .collect();
        return possible(variant, through, "to systems on the same machine");
    }
    if names.devices.has_loopback() {
        if names.has_eid() {
            let through = vec!["loopback-ism".to_owned()];
            return possible(variant, through, "between programs of this host");
        }
        return impossible(variant, "loopback-ism needs a user EID, and none is set");
    }
    if names.devices.ism.is_empty() {
        let why = match host.kernel.built_with_loopback() {
            _ if host.kernel.can_have_loopback() => {
                "no ISM device; this kernel can have loopback-ism: \
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
