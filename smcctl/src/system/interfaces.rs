// SPDX-License-Identifier: MIT OR Apache-2.0
//! Network interfaces in sysfs.

use super::bus::{place, Place};
use super::files::Root;
use super::util_string;
use std::net::Ipv4Addr;

/// An IPv4 address and the length of its prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subnet {
    /// The address.
    pub address: Ipv4Addr,
    /// The length of the prefix.
    pub prefix: u8,
}

impl Subnet {
    /// Whether it contains an address.
    #[must_use]
    pub fn contains(&self, address: Ipv4Addr) -> bool {
        let shift = 32 - u32::from(self.prefix.min(32));
        let network = |address: Ipv4Addr| u32::from(address).checked_shr(shift).unwrap_or(0);
        network(self.address) == network(address)
    }
}

/// A network interface.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools, reason = "independent properties")]
pub struct Interface {
    /// Its name.
    pub name: String,
    /// Its index.
    pub index: u32,
    /// Whether it is up.
    pub up: bool,
    /// Whether packets can go through it: `up`, `down` or `no carrier`.
    pub state: &'static str,
    /// Megabits per second, if known.
    pub speed: Option<u64>,
    /// Its bus; `None` for virtual interfaces.
    pub place: Option<Place>,
    /// Whether it is an Ethernet interface.
    pub ethernet: bool,
    /// Whether it has a device, unlike a bridge or a tunnel.
    pub hardware: bool,
    /// Whether it has the default route.
    pub default_route: bool,
    /// The lowest interface below it (of a VLAN or a bond), else itself.
    pub base: String,
    /// Its IPv4 addresses.
    pub ipv4: Vec<Subnet>,
    /// Whether it has a global IPv6 address.
    pub ipv6: bool,
    /// The pnetid of the hardware of the lowest interface (IBM Z).
    pub hardware_pnetid: Option<String>,
    /// The effective pnetid.
    pub pnetid: Option<String>,
}

/// Reads the network interfaces; addresses and pnetids are not in sysfs.
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
            let up = number("flags")? & 1 != 0;
            let base = base(root, &name);
            Some(Interface {
                index: number("ifindex")?,
                up,
                state: match root.line(&format!("{at}/operstate")).as_deref() {
                    _ if !up => "down",
                    Some("down" | "lowerlayerdown" | "dormant" | "testing") => "no carrier",
                    // Also "unknown": the interface does not detect a carrier.
                    _ => "up",
                },
                // -1 or an error if unknown.
                speed: root
                    .line(&format!("{at}/speed"))
                    .and_then(|speed| speed.parse().ok()),
                place: place(root, &at),
                hardware_pnetid: util_string::interface_pnetid(root, &base),
                ethernet: number("type") == Some(1),
                hardware: root.has(&format!("{at}/device")),
                default_route: default.contains(&name.as_str()),
                base,
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

#[cfg(test)]
mod tests {
    use super::super::fixtures::Tree;
    use super::*;

    #[test]
    fn the_lowest_interface_is_found() {
        let tree = Tree::debian_612();
        tree.write("sys/class/net/bond0/lower_eth0/x", "");
        tree.write("sys/class/net/bond0.7/lower_bond0/x", "");
        assert_eq!(base(&tree.root(), "bond0.7"), "eth0");
        // A loop ends.
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
