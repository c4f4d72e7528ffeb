// SPDX-License-Identifier: MIT OR Apache-2.0
//! Network interfaces and RDMA ports, as sysfs shows them.

use super::files::Root;
use std::net::{Ipv4Addr, Ipv6Addr};

/// An IPv4 address and the length of its prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subnet {
    /// The address.
    pub address: Ipv4Addr,
    /// The length of the prefix.
    pub prefix: u8,
}

impl Subnet {
    /// Whether an address is in it.
    #[must_use]
    pub fn contains(&self, address: Ipv4Addr) -> bool {
        let shift = 32 - u32::from(self.prefix.min(32));
        let network = |address: Ipv4Addr| u32::from(address).checked_shr(shift).unwrap_or(0);
        network(self.address) == network(address)
    }
}

/// A network interface.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub struct Interface {
    /// Its name.
    pub name: String,
    /// Its number.
    pub index: u32,
    /// It is up.
    pub up: bool,
    /// It is an Ethernet interface.
    pub ethernet: bool,
    /// There is a device behind it: it is neither a bridge nor a tunnel.
    pub hardware: bool,
    /// The default route goes through it.
    pub default_route: bool,
    /// The interface at the bottom of it (of a VLAN, a bond): itself, if none.
    pub base: String,
    /// Its IPv4 addresses.
    pub ipv4: Vec<Subnet>,
    /// Whether it has IPv6 addresses of more than the link's scope.
    pub ipv6: bool,
    /// The pnetid that counts for it.
    pub pnetid: Option<String>,
}

/// The version of RoCE that a GID is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Roce {
    /// Not routable; what SMC-R version 1 uses.
    V1,
    /// Over UDP; what SMC-R version 2 uses.
    V2,
}

/// An address of an RDMA port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gid {
    /// The address.
    pub address: Ipv6Addr,
    /// What it is for.
    pub roce: Roce,
    /// The network interface that it comes from.
    pub interface: Option<String>,
}

/// A port of an RDMA device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Port {
    /// The device.
    pub device: String,
    /// The port's number.
    pub number: u8,
    /// What the device is: `CA` (which SMC can use) or `RNIC` (iWARP) and others.
    pub kind: String,
    /// `ACTIVE`, `DOWN`, …
    pub state: String,
    /// `Ethernet` or `InfiniBand`.
    pub link_layer: String,
    /// Its addresses.
    pub gids: Vec<Gid>,
    /// The network interface that belongs to it.
    pub interface: Option<String>,
    /// Its pnetid.
    pub pnetid: Option<String>,
}

impl Port {
    /// How people call it.
    #[must_use]
    pub fn label(&self) -> String {
        format!("{} port {}", self.device, self.number)
    }

    /// Whether the device and its link are of a kind that SMC-R can use.
    #[must_use]
    pub fn is_roce(&self) -> bool {
        self.kind == "CA" && self.link_layer == "Ethernet"
    }

    /// Whether it is ready for data.
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.state == "ACTIVE"
    }
}

/// The network interfaces; addresses and pnetids are not in sysfs.
#[must_use]
pub fn interfaces(root: &Root) -> Vec<Interface> {
    let routes = root.text("/proc/net/route").unwrap_or_default();
    let default: Vec<_> = routes
        .lines()
        .filter_map(|line| {
            let mut fields = line.split_whitespace();
            let name = fields.next()?;
            (fields.next()? == "00000000").then_some(name)
        })
        .collect();
    root.names("/sys/class/net")
        .into_iter()
        .filter_map(|name| {
            let at = format!("/sys/class/net/{name}");
            let number = |file: &str| hex_or_decimal(&root.line(&format!("{at}/{file}"))?);
            let flags = number("flags")?;
            Some(Interface {
                index: number("ifindex")?,
                up: flags & 1 != 0,
                ethernet: number("type") == Some(1),
                hardware: root.has(&format!("{at}/device")),
                default_route: default.contains(&name.as_str()),
                base: base(root, &name),
                name,
                ..Interface::default()
            })
        })
        .collect()
}

/// Follows the links to lower devices, the first of several as the kernel does.
fn base(root: &Root, name: &str) -> String {
    let mut name = name.to_owned();
    for _ in 0..8 {
        let below = root
            .names(&format!("/sys/class/net/{name}"))
            .into_iter()
            .find_map(|entry| entry.strip_prefix("lower_").map(str::to_owned));
        match below {
            Some(below) => name = below,
            None => break,
        }
    }
    name
}

fn hex_or_decimal(text: &str) -> Option<u32> {
    match text.strip_prefix("0x") {
        Some(hex) => u32::from_str_radix(hex, 16).ok(),
        None => text.parse().ok(),
    }
}

/// The ports of all RDMA devices; pnetids are not in sysfs.
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
    let gids: Vec<_> = root
        .names(&format!("{port}/gids"))
        .iter()
        .filter_map(|index| gid(root, &port, index))
        .collect();
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
        gids,
        interface,
        pnetid: None,
    }
}

/// An empty place has the address zero, and its type cannot be read.
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
    (!address.is_unspecified()).then(|| Gid {
        address,
        roce,
        interface: root.line(&format!("{port}/gid_attrs/ndevs/{index}")),
    })
}

#[cfg(test)]
mod tests {
    use super::super::made_up::Tree;
    use super::*;

    #[test]
    fn soft_roce_is_read_as_it_is() {
        let tree = Tree::debian_612();
        tree.add_rxe0();
        let ports = ports(&tree.root());
        assert_eq!(ports.len(), 1);
        assert!(ports[0].is_roce() && ports[0].is_active());
        assert_eq!(ports[0].interface.as_deref(), Some("eth0"));
        assert_eq!(ports[0].gids.len(), 2, "the empty place is none");
        let mapped: Ipv6Addr = "::ffff:192.0.2.1".parse().unwrap();
        assert_eq!(ports[0].gids[1].address, mapped);
        assert_eq!(ports[0].gids[1].roce, Roce::V2);
    }

    #[test]
    fn what_is_below_an_interface_is_found() {
        let tree = Tree::debian_612();
        tree.write("sys/class/net/bond0/lower_eth0/x", "");
        tree.write("sys/class/net/bond0.7/lower_bond0/x", "");
        assert_eq!(base(&tree.root(), "bond0.7"), "eth0");
        // A loop does not hold anybody up.
        tree.write("sys/class/net/a/lower_b/x", "");
        tree.write("sys/class/net/b/lower_a/x", "");
        base(&tree.root(), "a");
        let found = interfaces(&tree.root());
        let eth0 = found.iter().find(|one| one.name == "eth0").unwrap();
        assert!(eth0.up && eth0.ethernet && eth0.index == 2);
    }

    #[test]
    fn subnets_contain_their_addresses() {
        let subnet = |prefix| Subnet {
            address: Ipv4Addr::new(192, 0, 2, 1),
            prefix,
        };
        assert!(subnet(24).contains(Ipv4Addr::new(192, 0, 2, 9)));
        assert!(!subnet(24).contains(Ipv4Addr::new(192, 0, 3, 1)));
        assert!(subnet(0).contains(Ipv4Addr::LOCALHOST));
        assert!(!subnet(32).contains(Ipv4Addr::new(192, 0, 2, 2)));
    }
}
