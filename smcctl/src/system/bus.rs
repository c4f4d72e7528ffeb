// SPDX-License-Identifier: MIT OR Apache-2.0
//! The buses of devices.

use super::files::Root;
use super::util_string;
use serde::Serialize;

/// The bus and bus ID of a device.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Place {
    /// `pci`, `virtio`, `ccwgroup`, …
    pub bus: String,
    /// The bus ID: `0000:03:00.0`.
    pub bus_id: String,
}

/// Returns the place of the device of a class entry such as `/sys/class/net/eth0`; `None`
/// for virtual devices such as `lo`.
#[must_use]
pub fn place(root: &Root, at: &str) -> Option<Place> {
    Some(Place {
        bus: root.target(&format!("{at}/device/subsystem"))?,
        bus_id: root.target(&format!("{at}/device"))?,
    })
}

/// An ISM device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ism {
    /// The bus ID.
    pub bus_id: String,
    /// The pnetid of the hardware.
    pub pnetid: Option<String>,
}

/// Returns the ISM devices, also without SMC.
#[must_use]
pub fn isms(root: &Root) -> Vec<Ism> {
    let all = "/sys/bus/pci/devices";
    let is = |at: &str, file: &str, value: &str| {
        root.line(&format!("{at}/{file}")).as_deref() == Some(value)
    };
    root.names(all)
        .into_iter()
        .filter_map(|bus_id| {
            let at = format!("{all}/{bus_id}");
            (is(&at, "vendor", "0x1014") && is(&at, "device", "0x04ed")).then(|| Ism {
                pnetid: root
                    .bytes(&format!("{at}/util_string"))
                    .and_then(|string| util_string::port_pnetid(&string, 0)),
                bus_id,
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::Tree;
    use super::*;

    #[test]
    fn an_ism_is_recognized_by_its_pci_id() {
        let tree = Tree::new();
        for (bus_id, device) in [("0000:00:00.0", "0x04ed"), ("0001:00:00.0", "0x1014")] {
            let at = format!("sys/bus/pci/devices/{bus_id}");
            tree.write(&format!("{at}/vendor"), "0x1014\n");
            tree.write(&format!("{at}/device"), &format!("{device}\n"));
        }
        let found = isms(&tree.root());
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].bus_id, "0000:00:00.0");
        assert_eq!(found[0].pnetid, None);
    }

    #[test]
    fn the_bus_is_that_of_the_links() {
        let tree = Tree::new();
        tree.write("sys/devices/pci0/0000:01:00.0/x", "");
        tree.write("sys/class/net/eth0/flags", "0x1003");
        tree.write("sys/class/net/lo/flags", "0x9");
        tree.write("sys/bus/pci/x", "");
        let root = tree.root();
        let link = |target: &str, name: &str| {
            std::os::unix::fs::symlink(root.path(target), root.path(name)).unwrap();
        };
        link("sys/devices/pci0/0000:01:00.0", "sys/class/net/eth0/device");
        link("sys/bus/pci", "sys/devices/pci0/0000:01:00.0/subsystem");
        let found = place(&root, "/sys/class/net/eth0").unwrap();
        assert_eq!(
            (found.bus.as_str(), found.bus_id.as_str()),
            ("pci", "0000:01:00.0")
        );
        assert_eq!(place(&root, "/sys/class/net/lo"), None);
    }
}
