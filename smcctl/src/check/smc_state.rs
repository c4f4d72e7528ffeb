// SPDX-License-Identifier: MIT OR Apache-2.0
//! The state that is read over netlink: addresses, pnetids, EIDs, SMC-D devices.
//!
//! Resolving a netlink family of SMC loads the module. A check changes nothing, so this is
//! read only if SMC is loaded.

use crate::failure::Failure;
use crate::kernel::attributes::Attributes;
use crate::kernel::devices;
use crate::kernel::netlink;
use crate::kernel::pnet::{self, Device, Entry};
use crate::kernel::settings::{self, Seid};
use crate::system::interfaces::{Interface, Subnet};
use crate::system::ports::Port;

/// `NETLINK_ROUTE`, its request for addresses and its attributes.
const NETLINK_ROUTE: isize = 0;
const RTM_NEWADDR: u16 = 20;
const RTM_GETADDR: u16 = 22;
const IFA_ADDRESS: u16 = 1;
const IFA_LOCAL: u16 = 2;
const AF_INET: u8 = 2;
const AF_INET6: u8 = 10;

/// The state of SMC.
#[derive(Clone, Debug, Default)]
pub struct SmcState {
    /// The pnetid table.
    pub pnetids: Vec<Entry>,
    /// The user EIDs.
    pub ueids: Vec<String>,
    /// The system EID.
    pub seid: Seid,
    /// Whether a busy server falls back to TCP.
    pub limits_handshakes: bool,
    /// The devices.
    pub devices: devices::Known,
}

impl SmcState {
    /// Whether there is an EID, as SMC version 2 needs.
    #[must_use]
    pub fn has_eid(&self) -> bool {
        !self.ueids.is_empty() || (self.seid.enabled && self.seid.seid.is_some())
    }
}

/// Reads the state, and assigns pnetids to `ports`.
///
/// # Errors
/// When the kernel does not report it.
pub fn read(ports: &mut [Port]) -> Result<SmcState, Failure> {
    let names = SmcState {
        pnetids: pnet::table()?,
        ueids: settings::ueids()?,
        seid: settings::read_seid()?,
        limits_handshakes: settings::is_handshake_limit_enabled()?,
        devices: devices::read()?,
    };
    assign_port_pnetids(&names.devices.rdma, ports);
    Ok(names)
}

/// Assigns the effective pnetids to ports: user-defined or of the firmware.
pub fn assign_port_pnetids(known: &[devices::Device], ports: &mut [Port]) {
    for port in ports {
        port.pnetid = known
            .iter()
            .find(|device| device.name.as_deref() == Some(&port.device))
            .and_then(|device| device.port(port.number))
            .and_then(|known| known.pnetid.clone());
    }
}

/// Assigns the effective pnetids to interfaces: that of the hardware, else that of the
/// lowest interface, else their own.
pub fn assign_interface_pnetids(table: &[Entry], interfaces: &mut [Interface]) {
    let of = |name: &str| {
        table
            .iter()
            .find(|entry| matches!(&entry.device, Device::Net { name: net } if net == name))
            .map(|entry| entry.pnetid.clone())
    };
    for interface in interfaces {
        interface.pnetid = interface
            .hardware_pnetid
            .clone()
            .or_else(|| of(&interface.base))
            .or_else(|| of(&interface.name));
    }
}

/// Reads the addresses of interfaces.
pub fn read_addresses(interfaces: &mut [Interface]) {
    // On failure the interfaces have no addresses, which the findings report.
    let addresses = (RTM_GETADDR, RTM_NEWADDR);
    let _ = netlink::dump_typed(NETLINK_ROUTE, addresses, &[0; 8], |answer| {
        add_address(answer, interfaces);
    });
}

/// Adds the address in an answer: `ifaddrmsg` (family, prefix, flags, scope, index) and
/// attributes.
pub fn add_address(answer: &[u8], interfaces: &mut [Interface]) {
    let Some((&[family, prefix, _, scope, a, b, c, d], rest)) = answer.split_first_chunk() else {
        return;
    };
    let index = u32::from_ne_bytes([a, b, c, d]);
    let attributes = Attributes::new(rest);
    let Some(interface) = interfaces.iter_mut().find(|one| one.index == index) else {
        return;
    };
    let local = attributes
        .get(IFA_LOCAL)
        .or_else(|| attributes.get(IFA_ADDRESS));
    match (family, local) {
        (AF_INET, Some(&[a, b, c, d])) => interface.ipv4.push(Subnet {
            address: [a, b, c, d].into(),
            prefix,
        }),
        (AF_INET6, Some(_)) if scope == 0 => interface.ipv6 = true,
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::attributes::put;

    #[test]
    fn an_address_finds_its_interface() {
        let mut interfaces = [Interface {
            index: 2,
            ..Interface::default()
        }];
        let mut answer = vec![AF_INET, 24, 0, 0];
        answer.extend(2_u32.to_ne_bytes());
        put(&mut answer, IFA_LOCAL, &[192, 0, 2, 1]);
        add_address(&answer, &mut interfaces);
        assert_eq!(interfaces[0].ipv4.len(), 1);
        assert_eq!(interfaces[0].ipv4[0].prefix, 24);
        for length in 0..answer.len() {
            add_address(&answer[..length], &mut interfaces);
        }
        assert_eq!(interfaces[0].ipv4.len(), 1, "truncated answers are ignored");
    }

    #[test]
    fn this_host_has_a_loopback_address() {
        let mut interfaces =
            crate::system::interfaces::interfaces(&crate::system::files::Root::new("/"));
        read_addresses(&mut interfaces);
        let lo = interfaces.iter().find(|one| one.name == "lo").unwrap();
        assert!(lo.ipv4.iter().any(|subnet| subnet.address.is_loopback()));
    }

    #[test]
    fn the_pnetid_of_the_lowest_interface_comes_first() {
        let entry = |pnetid: &str, name: &str| Entry {
            pnetid: pnetid.to_owned(),
            device: Device::Net {
                name: name.to_owned(),
            },
        };
        let table = [entry("VLAN", "eth0.7"), entry("BASE", "eth0")];
        let mut interfaces = [Interface {
            name: "eth0.7".to_owned(),
            base: "eth0".to_owned(),
            ..Interface::default()
        }];
        assign_interface_pnetids(&table, &mut interfaces);
        assert_eq!(interfaces[0].pnetid.as_deref(), Some("BASE"));
        assign_interface_pnetids(&table[..1], &mut interfaces);
        assert_eq!(interfaces[0].pnetid.as_deref(), Some("VLAN"));
    }

    #[test]
    fn the_kernel_reports_the_pnetid_of_a_port() {
        let known = devices::fixture(Some("rxe0"), None, "NET1");
        let tree = crate::system::fixtures::Tree::debian_612();
        tree.add_rxe0();
        let mut ports = crate::system::ports::ports(&tree.root());
        assign_port_pnetids(&[known], &mut ports);
        assert_eq!(ports[0].pnetid.as_deref(), Some("NET1"));
    }
}
