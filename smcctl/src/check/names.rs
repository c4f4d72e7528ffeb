// SPDX-License-Identifier: MIT OR Apache-2.0
//! What only the kernel's netlink tells: addresses, pnetids, EIDs, SMC-D devices.
//!
//! Asking for a family of SMC loads the module. A doctor changes nothing, so
//! nothing is asked while SMC is not loaded.

use super::devices::{Interface, Port, Subnet};
use crate::failure::Failure;
use crate::kernel::attributes::Attributes;
use crate::kernel::generic::Family;
use crate::kernel::pnet::{self, Device, Entry};
use crate::kernel::settings::{self, Seid};
use crate::kernel::socket;

/// `NETLINK_ROUTE`, its request for addresses and their attributes.
const NETLINK_ROUTE: isize = 0;
const RTM_NEWADDR: u16 = 20;
const RTM_GETADDR: u16 = 22;
const IFA_ADDRESS: u16 = 1;
const IFA_LOCAL: u16 = 2;
const AF_INET: u8 = 2;
const AF_INET6: u8 = 10;

/// Commands of SMC_GEN_NETLINK and the attributes that matter here.
const GET_SYS_INFO: u8 = 1;
const SYS_INFO: u16 = 1;
const IS_ISM_V2: u16 = 3;
const GET_DEV_SMCD: u8 = 5;
const GET_DEV_SMCR: u8 = 6;
const DEV_SMCD: u16 = 5;
const DEV_SMCR: u16 = 6;
const DEV_PCI_ID: u16 = 7;
const DEV_PORTS: [u16; 2] = [8, 9];
const DEV_IB_NAME: u16 = 10;
const PORT_PNETID: u16 = 2;

/// An ISM device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ism {
    /// Its bus id.
    pub bus_id: String,
    /// Its pnetid.
    pub pnetid: Option<String>,
}

/// What SMC itself knows.
#[derive(Clone, Debug, Default)]
pub struct Names {
    /// The table of pnetids.
    pub pnetids: Vec<Entry>,
    /// The user EIDs.
    pub ueids: Vec<String>,
    /// The system EID.
    pub seid: Seid,
    /// Whether a busy server answers with TCP.
    pub limits_handshakes: bool,
    /// The ISM devices.
    pub ism: Vec<Ism>,
    /// Some device can do SMC-D version 2: ISM, or loopback-ism.
    pub ism_v2: bool,
}

impl Names {
    /// Loopback-ism is in no list of devices: it is there when SMC-D version 2 can
    /// be done without an ISM device.
    #[must_use]
    pub fn has_loopback(&self) -> bool {
        self.ism_v2 && self.ism.is_empty()
    }

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
pub fn read(ports: &mut [Port]) -> Result<Names, Failure> {
    let family = Family::smc()?;
    let mut names = Names {
        pnetids: pnet::table()?,
        ueids: settings::ueids()?,
        seid: settings::read_seid()?,
        limits_handshakes: settings::handshakes_limited()?,
        ..Names::default()
    };
    let refused = |error| crate::kernel::generic::refused("read the devices of SMC", &error);
    family
        .dump(GET_SYS_INFO, |answer| {
            names.ism_v2 |= answer.nest(SYS_INFO).number(IS_ISM_V2) == Some(1);
        })
        .map_err(refused)?;
    family
        .dump(GET_DEV_SMCD, |answer| names.ism.extend(ism(answer)))
        .map_err(refused)?;
    family
        .dump(GET_DEV_SMCR, |answer| give_pnetids(answer, ports))
        .map_err(refused)?;
    Ok(names)
}

fn ism(answer: Attributes) -> Option<Ism> {
    let device = answer.nest(DEV_SMCD);
    Some(Ism {
        bus_id: device.text(DEV_PCI_ID)?,
        pnetid: device
            .nest(DEV_PORTS[0])
            .text(PORT_PNETID)
            .filter(|name| !name.is_empty()),
    })
}

/// The pnetids that count for the ports of a device: given by hand or by firmware.
fn give_pnetids(answer: Attributes, ports: &mut [Port]) {
    let device = answer.nest(DEV_SMCR);
    let Some(name) = device.text(DEV_IB_NAME) else {
        return;
    };
    for port in ports.iter_mut().filter(|port| port.device == name) {
        let place = usize::from(port.number.saturating_sub(1));
        port.pnetid = DEV_PORTS
            .get(place)
            .and_then(|kind| device.nest(*kind).text(PORT_PNETID))
            .filter(|name| !name.is_empty());
    }
}

/// Gives interfaces the pnetids of the table: that of the interface at their bottom
/// comes first.
pub fn give_table(table: &[Entry], interfaces: &mut [Interface]) {
    let of = |name: &str| {
        table
            .iter()
            .find(|entry| matches!(&entry.device, Device::Net { name: net } if net == name))
            .map(|entry| entry.pnetid.clone())
    };
    for interface in interfaces {
        interface.pnetid = of(&interface.base).or_else(|| of(&interface.name));
    }
}

/// Gives interfaces their addresses.
pub fn give_addresses(interfaces: &mut [Interface]) {
    // An old kernel that does not tell leaves them without; the findings say so.
    let addresses = (RTM_GETADDR, RTM_NEWADDR);
    let _ = socket::dump_answered_by(NETLINK_ROUTE, addresses, &[0; 8], |answer| {
        give_address(answer, interfaces);
    });
}

/// One address: `ifaddrmsg` (family, prefix, flags, scope, index) and attributes.
fn give_address(answer: &[u8], interfaces: &mut [Interface]) {
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
    use crate::kernel::attributes::{put, put_text};

    #[test]
    fn an_address_finds_its_interface() {
        let mut interfaces = [Interface {
            index: 2,
            ..Interface::default()
        }];
        let mut answer = vec![AF_INET, 24, 0, 0];
        answer.extend(2_u32.to_ne_bytes());
        put(&mut answer, IFA_LOCAL, &[192, 0, 2, 1]);
        give_address(&answer, &mut interfaces);
        assert_eq!(interfaces[0].ipv4.len(), 1);
        assert_eq!(interfaces[0].ipv4[0].prefix, 24);
        for length in 0..answer.len() {
            give_address(&answer[..length], &mut interfaces);
        }
        assert_eq!(interfaces[0].ipv4.len(), 1, "truncated answers say nothing");
    }

    #[test]
    fn this_host_tells_its_loopback_address() {
        let mut interfaces =
            crate::check::devices::interfaces(&crate::check::files::Root::new("/"));
        give_addresses(&mut interfaces);
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
        give_table(&table, &mut interfaces);
        assert_eq!(interfaces[0].pnetid.as_deref(), Some("BASE"));
        give_table(&table[..1], &mut interfaces);
        assert_eq!(interfaces[0].pnetid.as_deref(), Some("VLAN"));
    }

    #[test]
    fn a_ports_pnetid_is_the_kernels() {
        let mut port = Vec::new();
        put_text(&mut port, PORT_PNETID, "NET1");
        let mut device = Vec::new();
        put_text(&mut device, DEV_IB_NAME, "rxe0");
        put(&mut device, DEV_PORTS[0], &port);
        let mut answer = Vec::new();
        put(&mut answer, DEV_SMCR, &device);
        let tree = super::super::made_up::Tree::debian_612();
        tree.add_rxe0();
        let mut ports = super::super::devices::ports(&tree.root());
        give_pnetids(Attributes::new(&answer), &mut ports);
        assert_eq!(ports[0].pnetid.as_deref(), Some("NET1"));
    }
}
