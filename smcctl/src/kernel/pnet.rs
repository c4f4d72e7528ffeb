// SPDX-License-Identifier: MIT OR Apache-2.0
//! The table of user-defined pnetids.

use super::attributes::{put, put_text, Attributes};
use super::generic::Family;
use crate::failure::Failure;
use serde::Serialize;
use std::io;

const GET: u8 = 1;
const ADD: u8 = 2;
const DELETE: u8 = 3;
const FLUSH: u8 = 4;

const NAME: u16 = 1;
const NET: u16 = 2;
const IB: u16 = 3;
const PORT: u16 = 4;

/// The name that the kernel sends for no device.
const NONE: &str = "n/a";

/// A device with a pnetid.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum Device {
    /// An RDMA device's port, or an ISM device (which has one port).
    Ib {
        /// Its name, or the bus ID of an ISM device.
        name: String,
        /// The port's number.
        port: u8,
    },
    /// A network interface.
    Net {
        /// Its name.
        name: String,
    },
}

/// An entry of the table.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Entry {
    /// The pnetid.
    pub pnetid: String,
    /// The device.
    #[serde(flatten)]
    pub device: Device,
}

/// Parses the entry in an answer, if it names a device.
#[must_use]
pub fn parse(attributes: Attributes) -> Option<Entry> {
    let device = |kind| {
        attributes
            .text(kind)
            .filter(|name| !name.is_empty() && name != NONE)
    };
    let device = match (device(NET), device(IB)) {
        (Some(name), _) => Device::Net { name },
        (None, Some(name)) => Device::Ib {
            name,
            port: attributes.small(PORT).unwrap_or(1),
        },
        (None, None) => return None,
    };
    Some(Entry {
        pnetid: attributes.text(NAME)?,
        device,
    })
}

/// Reads the table, sorted.
///
/// # Errors
/// When the kernel does not report it.
pub fn table() -> Result<Vec<Entry>, Failure> {
    let mut entries = Vec::new();
    Family::pnetid()?
        .dump(GET, |answer| entries.extend(parse(answer)))
        .map_err(|error| super::generic::refused("read the pnetids", &error))?;
    entries.sort();
    entries.dedup();
    Ok(entries)
}

/// Adds entries for a network interface, for an RDMA port or ISM device, or for both.
///
/// # Errors
/// That of the kernel.
pub fn add(
    family: Family,
    pnetid: &str,
    net: Option<&str>,
    ib: Option<(&str, u8)>,
) -> io::Result<()> {
    let mut request = Vec::new();
    put_text(&mut request, NAME, pnetid);
    if let Some(name) = net {
        put_text(&mut request, NET, name);
    }
    if let Some((name, port)) = ib {
        put_text(&mut request, IB, name);
        put(&mut request, PORT, &[port]);
    }
    family.call(ADD, &request)
}

/// Removes all entries with a pnetid.
///
/// # Errors
/// That of the kernel.
pub fn remove(family: Family, pnetid: &str) -> io::Result<()> {
    let mut request = Vec::new();
    put_text(&mut request, NAME, pnetid);
    family.call(DELETE, &request)
}

/// Removes all entries.
///
/// # Errors
/// That of the kernel.
pub fn flush(family: Family) -> io::Result<()> {
    family.call(FLUSH, &[])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(name: &str, net: &str, ib: &str, port: u8) -> Vec<u8> {
        let mut bytes = Vec::new();
        put_text(&mut bytes, NAME, name);
        put_text(&mut bytes, NET, net);
        put_text(&mut bytes, IB, ib);
        put(&mut bytes, PORT, &[port]);
        bytes
    }

    #[test]
    fn an_interface_and_a_port() {
        let bytes = answer("TEST1", "eth0", "n/a", 255);
        let entry = parse(Attributes::new(&bytes)).map(|entry| entry.device);
        assert_eq!(
            entry,
            Some(Device::Net {
                name: "eth0".to_owned()
            })
        );
        let bytes = answer("TEST1", "n/a", "mlx5_0", 2);
        let entry = parse(Attributes::new(&bytes)).map(|entry| entry.device);
        let port = Device::Ib {
            name: "mlx5_0".to_owned(),
            port: 2,
        };
        assert_eq!(entry, Some(port));
    }

    #[test]
    fn truncated_answers_have_no_wrong_entry() {
        let bytes = answer("TEST1", "n/a", "mlx5_0", 1);
        let whole = parse(Attributes::new(&bytes));
        for end in 0..bytes.len() {
            let part = parse(Attributes::new(&bytes[..end]));
            assert!(part.is_none() || part == whole, "{end}: {part:?}");
        }
    }
}
