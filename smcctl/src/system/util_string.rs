// SPDX-License-Identifier: MIT OR Apache-2.0
//! The utility string of IBM Z devices, which contains the pnetid of each port: 16
//! characters in EBCDIC.

use super::files::Root;

/// Reads the pnetid of the hardware of an interface.
#[must_use]
pub fn interface_pnetid(root: &Root, name: &str) -> Option<String> {
    let device = format!("/sys/class/net/{name}/device");
    let number = |file: &str| root.line(file).and_then(|line| line.parse().ok());
    if let Some(string) = root.bytes(&format!("{device}/util_string")) {
        let port = number(&format!("/sys/class/net/{name}/dev_port"));
        return port_pnetid(&string, port.unwrap_or(0));
    }
    // An OSA card: the string is that of its channel path.
    let channel = root.line(&format!("{device}/chpid"))?.to_lowercase();
    let string = root.bytes(&format!("/sys/devices/css0/chp0.{channel}/util_string"))?;
    port_pnetid(&string, number(&format!("{device}/portno")).unwrap_or(0))
}

/// Parses the pnetid of a port, counted from 0; `None` for blanks and zeros.
#[must_use]
pub fn port_pnetid(string: &[u8], port: usize) -> Option<String> {
    let begin = port.checked_mul(16)?;
    let letters = string.get(begin..begin.checked_add(16)?)?;
    let pnetid: String = letters.iter().filter_map(|byte| ascii(*byte)).collect();
    (!pnetid.is_empty()).then_some(pnetid)
}

/// Converts upper case letters and digits from EBCDIC.
fn ascii(byte: u8) -> Option<char> {
    let (first, letter) = match byte {
        0xc1..=0xc9 => (0xc1, b'A'),
        0xd1..=0xd9 => (0xd1, b'J'),
        0xe2..=0xe9 => (0xe2, b'S'),
        0xf0..=0xf9 => (0xf0, b'0'),
        _ => return None,
    };
    Some(char::from(letter + (byte - first)))
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::Tree;
    use super::*;

    /// NET1 in EBCDIC, padded with blanks, and a port without a pnetid.
    fn string() -> Vec<u8> {
        let mut string = vec![0xd5, 0xc5, 0xe3, 0xf1];
        string.resize(16, 0x40);
        string.resize(32, 0);
        string
    }

    #[test]
    fn an_osa_card_has_the_string_of_its_channel_path() {
        let tree = Tree::new();
        tree.write("sys/class/net/eno1/device/chpid", "2A\n");
        tree.write("sys/class/net/eno1/device/portno", "0\n");
        tree.write_bytes("sys/devices/css0/chp0.2a/util_string", &string());
        tree.write_bytes("sys/class/net/eno2/device/util_string", &string());
        for (name, port, pnetid) in [
            ("eno1", "0", Some("NET1")),
            ("eno1", "1", Some("NET1")),
            ("eno2", "0", Some("NET1")),
            ("eno2", "1", None),
            ("lo", "0", None),
        ] {
            tree.write(&format!("sys/class/net/{name}/dev_port"), port);
            let found = interface_pnetid(&tree.root(), name);
            assert_eq!(found.as_deref(), pnetid, "{name} {port}");
        }
    }

    #[test]
    fn each_port_has_its_own_pnetid() {
        assert_eq!(port_pnetid(&string(), 0).as_deref(), Some("NET1"));
        for port in [1, 2, usize::MAX] {
            assert_eq!(port_pnetid(&string(), port), None);
        }
    }
}
