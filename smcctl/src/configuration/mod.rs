// SPDX-License-Identifier: MIT OR Apache-2.0
//! The configuration file of a host: [`parse`] reads it, [`mod@write`] creates it,
//! [`current`] reads the settings of the kernel, [`apply`] sets them from the file, and
//! [`differences`] compares both.

pub mod apply;
pub mod current;
pub mod differences;

pub mod parse;
mod sysctl;
pub mod write;

use crate::kernel::pnet::{Device, Entry};
use std::fmt;

/// The default file.
pub const FILE: &str = "/etc/smc-shim.conf";

/// A setting, displayed as a line of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Setting {
    /// Load the modules.
    Load,
    /// Set `net.smc.NAME` to a value.
    Sysctl(String, String),
    /// Add a user EID.
    Ueid(String),
    /// Assign a pnetid to a device.
    Pnetid(Entry),
    /// Whether the system EID is offered to peers.
    Seid(bool),
    /// Whether a busy server falls back to TCP.
    LimitHandshakes(bool),
}

impl Setting {
    /// The rank in the order of application: the modules are loaded first, and the system
    /// EID can be disabled only when there is a user EID.
    #[must_use]
    pub fn order(&self) -> u8 {
        match self {
            Self::Load => 0,
            Self::Sysctl(..) => 1,
            Self::Ueid(_) => 2,
            Self::Pnetid(_) => 3,
            Self::Seid(_) => 4,
            Self::LimitHandshakes(_) => 5,
        }
    }

    /// Whether two settings set the same thing, so that a file can have only one of them.
    #[must_use]
    pub fn sets_the_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Sysctl(one, _), Self::Sysctl(another, _))
            | (Self::Ueid(one), Self::Ueid(another)) => one == another,
            (Self::Pnetid(one), Self::Pnetid(another)) => one.device == another.device,
            _ => self.order() == other.order(),
        }
    }
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is = |on: bool| if on { "on" } else { "off" };
        match self {
            Self::Load => f.write_str("load"),
            Self::Sysctl(name, value) => write!(f, "{name} = {value}"),
            Self::Ueid(ueid) => write!(f, "ueid {ueid}"),
            Self::Pnetid(Entry { pnetid, device }) => match device {
                Device::Net { name } => write!(f, "pnetid {pnetid} net {name}"),
                Device::Ib { name, .. } if is_bus_id(name) => {
                    write!(f, "pnetid {pnetid} ism {name}")
                }
                Device::Ib { name, port } => write!(f, "pnetid {pnetid} ib {name} {port}"),
            },
            Self::Seid(on) => write!(f, "seid {}", is(*on)),
            Self::LimitHandshakes(on) => write!(f, "limit-handshakes {}", is(*on)),
        }
    }
}

/// Whether this is the bus ID of an ISM device. Names of RDMA devices have no colon.
#[must_use]
pub fn is_bus_id(name: &str) -> bool {
    name.contains(':')
}

/// A line with a setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The line number, from 1.
    pub number: usize,
    /// The setting.
    pub setting: Setting,
}
