// SPDX-License-Identifier: MIT OR Apache-2.0
//! The configuration of a host in a file: [`parse`] reads it and [`mod@write`] makes one,
//! [`current`] is what the kernel has, [`apply`] makes the kernel have what the file says,
//! and [`differences`] tells where the two are not the same.

pub mod apply;
pub mod current;
pub mod differences;

pub mod parse;
pub mod write;

use crate::kernel::pnet::{Device, Entry};
use std::fmt;

/// The file, unless another one is named.
pub const FILE: &str = "/etc/smc-shim.conf";

/// One setting: a line of the file, which is also how it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Setting {
    /// The modules are loaded.
    Load,
    /// `net.smc.NAME`, and its value.
    Sysctl(String, String),
    /// A user EID.
    Ueid(String),
    /// A device has a pnetid.
    Pnetid(Entry),
    /// Whether the system EID is offered to peers.
    Seid(bool),
    /// Whether a busy server answers with TCP.
    LimitHandshakes(bool),
}

impl Setting {
    /// Where it is in the order in which settings are made: what loads the modules comes
    /// first, and the system EID can be disabled only where there is a user EID.
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

    /// Whether two settings are about the same thing, so that there can be only one.
    #[must_use]
    pub fn is_about_the_same(&self, other: &Self) -> bool {
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

/// ISM devices are known by their bus ids, RDMA devices by names that have no colon.
#[must_use]
pub fn is_bus_id(name: &str) -> bool {
    name.contains(':')
}

/// A setting of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Its line, counted from 1.
    pub number: usize,
    /// What it sets.
    pub setting: Setting,
}
