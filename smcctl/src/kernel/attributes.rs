// SPDX-License-Identifier: MIT OR Apache-2.0
//! Netlink attributes: type, length and value, where values may be nested attributes.

use netlink_packet_core::{NlaBuffer, NlasIterator};

/// A sequence of attributes, which ends at a truncated one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Attributes<'a>(&'a [u8]);

impl<'a> Attributes<'a> {
    /// Parses `bytes`.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// Iterates over types and values, in the kernel's order.
    pub fn iter(self) -> impl Iterator<Item = (u16, &'a [u8])> {
        NlasIterator::new(self.0)
            .map_while(Result::ok)
            .map(|attribute: NlaBuffer<&'a [u8]>| {
                let (kind, length) = (attribute.kind(), usize::from(attribute.length()));
                let value = attribute.into_inner().get(4..length);
                (kind, value.unwrap_or_default())
            })
    }

    /// Returns the value of the first attribute of a type.
    #[must_use]
    pub fn get(self, kind: u16) -> Option<&'a [u8]> {
        self.iter()
            .find(|(found, _)| *found == kind)
            .map(|(_, value)| value)
    }

    /// Returns the nested attributes; none if the attribute is absent.
    #[must_use]
    pub fn nest(self, kind: u16) -> Self {
        Self(self.get(kind).unwrap_or_default())
    }

    /// Returns a number of any size.
    #[must_use]
    pub fn number(self, kind: u16) -> Option<u64> {
        number(self.get(kind)?)
    }

    /// Returns a number, if it fits the type.
    #[must_use]
    pub fn small<T: TryFrom<u64>>(self, kind: u16) -> Option<T> {
        T::try_from(self.number(kind)?).ok()
    }

    /// Returns a text.
    #[must_use]
    pub fn text(self, kind: u16) -> Option<String> {
        Some(text(self.get(kind)?))
    }

    /// Returns a text, if it is not empty.
    #[must_use]
    pub fn word(self, kind: u16) -> Option<String> {
        self.text(kind).filter(|text| !text.is_empty())
    }
}

/// Parses a number of 1, 2, 4 or 8 bytes in host byte order.
#[must_use]
pub fn number(bytes: &[u8]) -> Option<u64> {
    Some(match bytes {
        [byte] => u64::from(*byte),
        _ => match bytes.len() {
            2 => u64::from(u16::from_ne_bytes(bytes.try_into().ok()?)),
            4 => u64::from(u32::from_ne_bytes(bytes.try_into().ok()?)),
            8 => u64::from_ne_bytes(bytes.try_into().ok()?),
            _ => return None,
        },
    })
}

/// The word for a small number; `None` for numbers without one.
#[must_use]
pub fn word_for(number: Option<u64>, words: &[&'static str]) -> Option<&'static str> {
    words.get(usize::try_from(number?).ok()?).copied()
}

/// Parses a text up to NUL, without padding. Control characters are replaced, since some
/// texts come from other hosts.
#[must_use]
pub fn text(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|byte| *byte == 0);
    let bytes = bytes.get(..end.unwrap_or(bytes.len())).unwrap_or_default();
    let printable = |letter: char| if letter.is_control() { '?' } else { letter };
    String::from_utf8_lossy(bytes)
        .trim_matches(' ')
        .chars()
        .map(printable)
        .collect()
}

/// Reads a 32-bit number at an offset, in host byte order.
#[must_use]
pub fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_ne_bytes(*bytes.get(at..)?.first_chunk()?))
}

/// Reads a 64-bit number at an offset, in host byte order.
#[must_use]
pub fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_ne_bytes(*bytes.get(at..)?.first_chunk()?))
}

/// Appends an attribute to a request.
pub fn put(request: &mut Vec<u8>, kind: u16, value: &[u8]) {
    let length = u16::try_from(value.len() + 4).unwrap_or(u16::MAX);
    request.extend_from_slice(&length.to_ne_bytes());
    request.extend_from_slice(&kind.to_ne_bytes());
    request.extend_from_slice(value);
    request.resize(request.len().next_multiple_of(4), 0);
}

/// Appends a text with NUL.
pub fn put_text(request: &mut Vec<u8>, kind: u16, value: &str) {
    let mut bytes = value.as_bytes().to_vec();
    bytes.push(0);
    put(request, kind, &bytes);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_are_read_back() {
        let mut inner = Vec::new();
        put(&mut inner, 3, &7_u16.to_ne_bytes());
        let mut bytes = Vec::new();
        put_text(&mut bytes, 1, "eth0");
        put(&mut bytes, 2 | 0x8000, &inner);
        let attributes = Attributes::new(&bytes);
        assert_eq!(attributes.text(1).as_deref(), Some("eth0"));
        assert_eq!(attributes.nest(2).number(3), Some(7));
        assert_eq!(attributes.number(9), None);
        assert_eq!(attributes.small::<u8>(1), None);
    }

    #[test]
    fn a_truncated_sequence_is_a_prefix() {
        let mut bytes = Vec::new();
        for kind in 1..6 {
            put(&mut bytes, kind, &vec![1; usize::from(kind) * 3]);
        }
        let whole: Vec<_> = Attributes::new(&bytes).iter().collect();
        assert_eq!(whole.len(), 5);
        for end in 0..bytes.len() {
            let part: Vec<_> = Attributes::new(&bytes[..end]).iter().collect();
            assert!(whole.starts_with(&part), "{end}: {part:?}");
        }
    }

    #[test]
    fn invalid_lengths_end_the_sequence() {
        for length in [0_u16, 1, 3, 200, u16::MAX] {
            let mut bytes = length.to_ne_bytes().to_vec();
            bytes.extend_from_slice(&[1, 0, 0xff, 0xff, 0xff, 0xff]);
            assert_eq!(Attributes::new(&bytes).iter().count(), 0, "{length}");
        }
    }

    #[test]
    fn control_characters_are_replaced() {
        assert_eq!(text(b"HOST   \0rest"), "HOST");
        assert_eq!(text(b"\x1b[2Jname\xff"), "?[2Jname\u{fffd}");
        assert_eq!(text(b""), "");
    }
}
