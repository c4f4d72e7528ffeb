// SPDX-License-Identifier: MIT OR Apache-2.0
//! The devices of SMC.

use super::attributes::Attributes;
use super::generic::{refused, Family};
use crate::failure::Failure;
use crate::system::files::Root;
use serde::Serialize;

const GET_SYS_INFO: u8 = 1;
const GET_DEV_SMCD: u8 = 5;
const GET_DEV_SMCR: u8 = 6;

/// The attributes that contain an answer.
const SYS_INFO: u16 = 1;
const DEV_SMCD: u16 = 5;
const DEV_SMCR: u16 = 6;

const SYS_IS_ISM_V2: u16 = 3;

/// DIBS and its loopback device in sysfs.
const DIBS: &str = "/sys/class/dibs";
const DIBS_LOOPBACK: &str = "/sys/class/dibs/lo";

const DEV_USE_COUNT: u16 = 1;
const DEV_IS_CRITICAL: u16 = 2;
const DEV_PCI_ID: u16 = 7;
/// The ports.
const DEV_PORTS: [u16; 2] = [8, 9];
const DEV_IB_NAME: u16 = 10;

const PORT_IS_USER_DEFINED: u16 = 1;
const PORT_PNETID: u16 = 2;
const PORT_INTERFACE: u16 = 3;
const PORT_STATE: u16 = 4;
const PORT_IS_VALID: u16 = 5;
const PORT_LINKS: u16 = 6;

/// A port of a device. An ISM device has one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Port {
    /// The number, from 1.
    pub number: u8,
    /// The pnetid, user-defined or of the hardware.
    pub pnetid: Option<String>,
    /// Whether the pnetid is user-defined.
    pub user_defined: bool,
    /// The index of its network interface.
    pub interface: Option<u32>,
    /// Whether it is active; unknown for ISM devices.
    pub active: Option<bool>,
    /// The number of links that use it; unknown for ISM devices.
    pub links: Option<u32>,
}

/// A device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Device {
    /// The name of an RDMA device.
    pub name: Option<String>,
    /// The bus ID; Soft-RoCE has none.
    pub bus_id: Option<String>,
    /// The number of link groups that use it; unknown for RDMA devices.
    pub uses: Option<u32>,
    /// It is the last device of a link group: without it connections end.
    pub critical: bool,
    /// Its ports.
    pub ports: Vec<Port>,
}

impl Device {
    /// Returns the port with a number.
    #[must_use]
    pub fn port(&self, number: u8) -> Option<&Port> {
        self.ports.iter().find(|port| port.number == number)
    }

    /// The pnetid of the first port, the only one of an ISM device.
    #[must_use]
    pub fn pnetid(&self) -> Option<&String> {
        self.port(1)?.pnetid.as_ref()
    }
}

/// Whether an answer reports a device for SMC-D version 2: ISM or loopback-ism.
#[must_use]
pub fn ism_v2(answer: Attributes) -> bool {
    answer.nest(SYS_INFO).number(SYS_IS_ISM_V2) == Some(1)
}

/// Parses the device in an answer.
#[must_use]
pub fn parse(answer: Attributes) -> Option<Device> {
    let device = [DEV_SMCR, DEV_SMCD]
        .into_iter()
        .find_map(|kind| answer.get(kind))
        .map(Attributes::new)?;
    let (name, bus_id) = (device.word(DEV_IB_NAME), device.word(DEV_PCI_ID));
    if name.is_none() && bus_id.is_none() {
        return None;
    }
    let ports = (1..)
        .zip(DEV_PORTS)
        .filter_map(|(number, kind)| port(number, Attributes::new(device.get(kind)?)));
    Some(Device {
        uses: device.small(DEV_USE_COUNT),
        critical: device.number(DEV_IS_CRITICAL) == Some(1),
        ports: ports.collect(),
        name,
        bus_id,
    })
}

/// Parses a port. A card with one port reports the second one as invalid.
fn port(number: u8, port: Attributes) -> Option<Port> {
    (port.number(PORT_IS_VALID) != Some(0)).then(|| Port {
        number,
        pnetid: port.word(PORT_PNETID),
        user_defined: port.number(PORT_IS_USER_DEFINED) == Some(1),
        interface: port.small(PORT_INTERFACE).filter(|index| *index != 0),
        active: port.number(PORT_STATE).map(|state| state == 1),
        links: port.small(PORT_LINKS),
    })
}

/// The devices that SMC reports.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// RDMA devices.
    pub rdma: Vec<Device>,
    /// ISM devices without loopback-ism.
    pub ism: Vec<Device>,
    /// Whether some device supports SMC-D version 2: ISM or loopback-ism.
    pub ism_v2: bool,
    /// Whether DIBS (Linux 6.18 or newer) has its loopback device; `None` without DIBS.
    pub dibs_loopback: Option<bool>,
}

impl Known {
    /// Whether there is loopback-ism, which netlink does not list: without DIBS there is if
    /// SMC-D version 2 is supported without an ISM device.
    #[must_use]
    pub fn has_loopback(&self) -> bool {
        self.dibs_loopback
            .unwrap_or(self.ism_v2 && self.ism.is_empty())
    }
}

/// Whether DIBS has its loopback device; `None` without DIBS.
fn dibs_loopback(root: &Root) -> Option<bool> {
    root.has(DIBS).then(|| root.has(DIBS_LOOPBACK))
}

/// Reads the devices.
///
/// # Errors
/// When the kernel does not report them.
pub fn read() -> Result<Known, Failure> {
    let family = Family::smc()?;
    let mut known = Known {
        dibs_loopback: dibs_loopback(&Root::new("/")),
        ..Known::default()
    };
    family
        .dump(GET_SYS_INFO, |answer| known.ism_v2 |= ism_v2(answer))
        .and_then(|()| family.dump(GET_DEV_SMCD, |answer| known.ism.extend(parse(answer))))
        .and_then(|()| family.dump(GET_DEV_SMCR, |answer| known.rdma.extend(parse(answer))))
        .map_err(|error| refused("read the devices of SMC", &error))?;
    Ok(known)
}

/// A device with one port, for tests.
#[cfg(test)]
#[must_use]
pub fn fixture(name: Option<&str>, bus_id: Option<&str>, pnetid: &str) -> Device {
    Device {
        name: name.map(str::to_owned),
        bus_id: bus_id.map(str::to_owned),
        uses: None,
        critical: false,
        ports: vec![Port {
            number: 1,
            pnetid: Some(pnetid.to_owned()),
            user_defined: true,
            interface: None,
            active: None,
            links: None,
        }],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::attributes::{put, put_text};
    use crate::system::fixtures::Tree;

    fn answer() -> Vec<u8> {
        let mut port = Vec::new();
        put(&mut port, PORT_IS_USER_DEFINED, &[1]);
        put_text(&mut port, PORT_PNETID, "NET1");
        put(&mut port, PORT_INTERFACE, &2_u32.to_ne_bytes());
        put(&mut port, PORT_STATE, &[1]);
        put(&mut port, PORT_IS_VALID, &[1]);
        put(&mut port, PORT_LINKS, &3_u32.to_ne_bytes());
        let mut no_port = Vec::new();
        put(&mut no_port, PORT_IS_VALID, &[0]);
        let mut device = Vec::new();
        put(&mut device, DEV_IS_CRITICAL, &[1]);
        put(&mut device, DEV_PORTS[0] | 0x8000, &port);
        put(&mut device, DEV_PORTS[1] | 0x8000, &no_port);
        put_text(&mut device, DEV_IB_NAME, "mlx5_0");
        let mut answer = Vec::new();
        put(&mut answer, DEV_SMCR | 0x8000, &device);
        answer
    }

    #[test]
    fn a_card_with_one_port() {
        let device = parse(Attributes::new(&answer())).unwrap();
        assert_eq!(device.name.as_deref(), Some("mlx5_0"));
        assert!(device.critical);
        assert_eq!(device.bus_id, None);
        let port = Port {
            number: 1,
            pnetid: Some("NET1".to_owned()),
            user_defined: true,
            interface: Some(2),
            active: Some(true),
            links: Some(3),
        };
        assert_eq!(device.ports, [port]);
        assert!(device.port(2).is_none());
    }

    #[test]
    fn truncated_answers_are_ignored() {
        let answer = answer();
        for end in 0..answer.len() {
            assert_eq!(parse(Attributes::new(&answer[..end])), None, "{end}");
        }
    }

    #[test]
    fn version_2_without_ism_is_loopback() {
        let mut info = Vec::new();
        put(&mut info, SYS_IS_ISM_V2, &[1]);
        let mut answer = Vec::new();
        put(&mut answer, SYS_INFO, &info);
        assert!(ism_v2(Attributes::new(&answer)));
        assert!(!ism_v2(Attributes::default()));
        let mut known = Known {
            ism_v2: true,
            ..Known::default()
        };
        assert!(known.has_loopback());
        known.ism.extend(parse(Attributes::new(&self::answer())));
        assert!(!known.has_loopback());
    }

    #[test]
    fn dibs_shows_its_loopback_device() {
        let tree = Tree::new();
        assert_eq!(dibs_loopback(&tree.root()), None);
        tree.write("sys/class/dibs/ism0/fabric_id", "0x0001\n");
        assert_eq!(dibs_loopback(&tree.root()), Some(false));
        tree.write("sys/class/dibs/lo/fabric_id", "0xffff\n");
        assert_eq!(dibs_loopback(&tree.root()), Some(true));
        let mut known = Known {
            ism_v2: true,
            dibs_loopback: Some(false),
            ..Known::default()
        };
        assert!(!known.has_loopback());
        known.dibs_loopback = Some(true);
        known.ism.extend(parse(Attributes::new(&answer())));
        assert!(known.has_loopback());
    }
}
