// SPDX-License-Identifier: MIT OR Apache-2.0
//! What only the kernel's netlink tells: addresses, pnetids, EIDs, SMC-D devices.
//!
//! Asking for a family of SMC loads the module. A doctor changes nothing, so
//! nothing is asked while SMC is not loaded.

use crate::failure::Failure;
use crate::kernel::attributes::Attributes;
use crate::kernel::devices;
use crate::kernel::netlink;
use crate::kernel::pnet::{self, Device, Entry};
use crate::kernel::settings::{self, Seid};
use crate::system::interfaces::{Interface, Subnet};
use crate::system::ports::Port;

/// `NETLINK_ROUTE`, its request for addresses and their attributes.
const NETLINK_ROUTE: isize = 0;
const RTM_NEWADDR: u16 = 20;
const RTM_GETADDR: u16 = 22;
const IFA_ADDRESS: u16 = 1;
const IFA_LOCAL: u16 = 2;
const AF_INET: u8 = 2;
const AF_INET6: u8 = 10;

/// What SMC itself knows.
#[derive(Clone, Debug, Default)]
pub struct SmcState {
    /// The table of pnetids.
    pub pnetids: Vec<Entry>,
    /// The user EIDs.
    pub ueids: Vec<String>,
    /// The system EID.
    pub seid: Seid,
    /// Whether a busy server answers with TCP.
    pub limits_handshakes: bool,
    /// The devices.
    pub devices: devices::Known,
}

impl SmcState {
    /// Whether version 2 of SMC can be offered.
    #[must_use]
    pub fn has_eid(&self) -> bool {
        !self.ueids.is_empty() || (self.seid.enabled && self.seid.seid.is_some())
    }
}

/// Asks for all of it.
///
/// # Errors
/// When the kernel does not tell something.
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

/// The pnetids that count for ports: given by hand or by firmware.
pub fn assign_port_pnetids(known: &[devices::Device], ports: &mut [Port]) {
    for port in ports {
        port.pnetid = known
            .iter()
            .find(|device| device.name.as_deref() == Some(&port.device))
            .and_then(|device| device.port(port.number))
            .and_then(|known| known.pnetid.clone());
    }
}

/// Gives interfaces the pnetids that count for them: that of the hardware, then those
/// of the table; that of the interface at their bottom comes first.
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

/// Gives interfaces their addresses.
pub fn read_addresses(interfaces: &mut [Interface]) {
    // An old kernel that does not tell leaves them without; the findings say so.
    let addresses = (RTM_GETADDR, RTM_NEWADDR);
    let _ = netlink::dump_typed(NETLINK_ROUTE, addresses, &[0; 8], |answer| {
        add_address(answer, interfaces);
    });
}

/// One address: `ifaddrmsg` (family, prefix, flags, scope, index) and attributes.
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
        assert_eq!(interfaces[0].ipv4.len(), 1, "truncated answers say nothing");
    }

    #[test]
    fn this_host_tells_its_loopback_address() {
        let mut interfaces =
            crate::system::interfaces::interfaces(&crate::system::files::Root::new("/"));
        read_addresses(&mut interfaces);
        let lo = interfaces.iter().find(|one| one.name == "lo").unwrap();
        assert!(lo.ipv4.iter().any(|subnet| subnet.address.is_loopback()));
    }

    #[test]
    fn the_bottom_of_an_interface_decides_its_pnetid() {
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
    fn a_ports_pnetid_is_the_kernels() {
        let known = devices::fixture(Some("rxe0"), None, "NET1");
        let tree = crate::system::fixtures::Tree::debian_612();
        tree.add_rxe0();
        let mut ports = crate::system::ports::ports(&tree.root());
        assign_port_pnetids(&[known], &mut ports);
        assert_eq!(ports[0].pnetid.as_deref(), Some("NET1"));
    }
}
