// SPDX-License-Identifier: MIT OR Apache-2.0
//! Ports of RDMA devices and their GIDs in sysfs.

use super::bus::{place, Place};
use super::files::Root;
use serde::Serialize;
use std::net::Ipv6Addr;

/// The version of RoCE that a GID is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Roce {
    /// Not routable; for SMC-R version 1.
    #[serde(rename = "RoCE v1")]
    V1,
    /// Over UDP; for SMC-R version 2.
    #[serde(rename = "RoCE v2")]
    V2,
}

/// A GID of an RDMA port.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Gid {
    /// The index in the GID table.
    pub index: u32,
    /// The address.
    pub address: Ipv6Addr,
    /// The version of RoCE.
    pub roce: Roce,
    /// The network interface that it is from.
    pub interface: Option<String>,
}

/// A port of an RDMA device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Port {
    /// The device.
    pub device: String,
    /// The number of the port.
    pub number: u8,
    /// The node type: `CA` (which SMC can use), `RNIC` (iWARP) or others.
    pub kind: String,
    /// `ACTIVE`, `DOWN`, …
    pub state: String,
    /// `Ethernet` or `InfiniBand`.
    pub link_layer: String,
    /// Megabits per second, if known.
    pub speed: Option<u64>,
    /// The bus; `None` for Soft-RoCE.
    pub place: Option<Place>,
    /// The GIDs.
    pub gids: Vec<Gid>,
    /// The network interface of the port.
    pub interface: Option<String>,
    /// Whether it is Soft-RoCE, a software device.
    pub is_soft_roce: bool,
    /// The effective pnetid.
    pub pnetid: Option<String>,
}

impl Port {
    /// Its name: `mlx5_0 port 1`.
    #[must_use]
    pub fn label(&self) -> String {
        format!("{} port {}", self.device, self.number)
    }

    /// Whether it is a RoCE port, as SMC-R needs.
    #[must_use]
    pub fn is_roce(&self) -> bool {
        self.kind == "CA" && self.link_layer == "Ethernet"
    }

    /// Whether it is active.
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.state == "ACTIVE"
    }
}

/// Reads the ports of all RDMA devices; pnetids are not in sysfs.
#[must_use]
pub fn ports(root: &Root) -> Vec<Port> {
    let all = "/sys/class/infiniband";
    let mut ports = Vec::new();
    for device in root.names(all) {
        for number in root.names(&format!("{all}/{device}/ports")) {
            if let Ok(number) = number.parse() {
                ports.push(port(root, &device, number));
            }
        }
    }
    ports
}

fn port(root: &Root, device: &str, number: u8) -> Port {
    let at = format!("/sys/class/infiniband/{device}");
    let port = format!("{at}/ports/{number}");
    // sysfs writes `4: ACTIVE`, `1: CA`.
    let word = |path: &str| {
        let line = root.line(path).unwrap_or_default();
        line.rsplit(": ").next().unwrap_or_default().to_owned()
    };
    let mut gids: Vec<_> = root
        .names(&format!("{port}/gids"))
        .iter()
        .filter_map(|index| gid(root, &port, index))
        .collect();
    gids.sort_by_key(|gid| gid.index);
    let interface = gids
        .iter()
        .find_map(|gid| gid.interface.clone())
        .or_else(|| root.line(&format!("{at}/parent")))
        .or_else(|| root.names(&format!("{at}/device/net")).into_iter().next());
    Port {
        device: device.to_owned(),
        number,
        kind: word(&format!("{at}/node_type")),
        state: word(&format!("{port}/state")),
        link_layer: root.line(&format!("{port}/link_layer")).unwrap_or_default(),
        speed: root
            .line(&format!("{port}/rate"))
            .as_deref()
            .and_then(megabits),
        place: place(root, &at),
        gids,
        interface,
        // Only rdma_rxe has this file.
        is_soft_roce: root.has(&format!("{at}/parent")),
        pnetid: None,
    }
}

/// Reads an entry of the GID table. An empty one is zero and has no type.
fn gid(root: &Root, port: &str, index: &str) -> Option<Gid> {
    let address: Ipv6Addr = root.line(&format!("{port}/gids/{index}"))?.parse().ok()?;
    let roce = match root
        .line(&format!("{port}/gid_attrs/types/{index}"))?
        .as_str()
    {
        "IB/RoCE v1" => Roce::V1,
        "RoCE v2" => Roce::V2,
        _ => return None,
    };
    let interface = root.line(&format!("{port}/gid_attrs/ndevs/{index}"));
    let index = index.parse().ok()?;
    (!address.is_unspecified()).then_some(Gid {
        index,
        address,
        roce,
        interface,
    })
}

/// Parses `100 Gb/sec (4X EDR)` to megabits per second.
fn megabits(rate: &str) -> Option<u64> {
    let gigabits = rate.split_whitespace().next()?;
    let (whole, part) = gigabits.split_once('.').unwrap_or((gigabits, "0"));
    let part: u64 = format!("{part:0<3}").get(..3)?.parse().ok()?;
    whole
        .parse::<u64>()
        .ok()?
        .checked_mul(1000)?
        .checked_add(part)
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::Tree;
    use super::*;

    #[test]
    fn soft_roce_is_recognized() {
        let tree = Tree::debian_612();
        tree.add_rxe0();
        let ports = ports(&tree.root());
        assert_eq!(ports.len(), 1);
        assert!(ports[0].is_roce() && ports[0].is_active());
        assert_eq!(ports[0].interface.as_deref(), Some("eth0"));
        assert!(ports[0].is_soft_roce);
        assert_eq!(ports[0].gids.len(), 2, "empty entries are ignored");
        let mapped: Ipv6Addr = "::ffff:192.0.2.1".parse().unwrap();
        assert_eq!(ports[0].gids[1].address, mapped);
        assert_eq!(ports[0].gids[1].roce, Roce::V2);
    }

    #[test]
    fn rates_with_and_without_a_fraction() {
        assert_eq!(megabits("100 Gb/sec (4X EDR)"), Some(100_000));
        assert_eq!(megabits("2.5 Gb/sec (1X SDR)"), Some(2500));
        assert_eq!(megabits("53.125 Gb/sec"), Some(53_125));
        for bad in ["", "fast", "-1", "99999999999999999999 Gb/sec", "1.é"] {
            assert_eq!(megabits(bad), None, "{bad}");
        }
    }
}
