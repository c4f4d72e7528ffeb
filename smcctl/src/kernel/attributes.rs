// SPDX-License-Identifier: MIT OR Apache-2.0
//! Netlink attributes: type, length, value, and values that are attributes again.

use netlink_packet_core::{NlaBuffer, NlasIterator};

/// A run of attributes. Truncated ones end it; unknown ones are passed over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Attributes<'a>(&'a [u8]);

impl<'a> Attributes<'a> {
    /// The attributes in `bytes`.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// Each attribute's type and value, in the kernel's order.
    pub fn iter(self) -> impl Iterator<Item = (u16, &'a [u8])> {
        NlasIterator::new(self.0)
            .map_while(Result::ok)
            .map(|attribute: NlaBuffer<&'a [u8]>| {
                let (kind, length) = (attribute.kind(), usize::from(attribute.length()));
                let value = attribute.into_inner().get(4..length);
                (kind, value.unwrap_or_default())
            })
    }

    /// The value of the first attribute of that type.
    #[must_use]
    pub fn get(self, kind: u16) -> Option<&'a [u8]> {
        self.iter()
            .find(|(found, _)| *found == kind)
            .map(|(_, value)| value)
    }

    /// The attributes inside that one; none when it is absent.
    #[must_use]
    pub fn nest(self, kind: u16) -> Self {
        Self(self.get(kind).unwrap_or_default())
    }

    /// The number in that attribute, of whatever size the kernel made it.
    #[must_use]
    pub fn number(self, kind: u16) -> Option<u64> {
        number(self.get(kind)?)
    }

    /// The number, if it fits.
    #[must_use]
    pub fn small<T: TryFrom<u64>>(self, kind: u16) -> Option<T> {
        T::try_from(self.number(kind)?).ok()
    }

    /// The text in that attribute.
    #[must_use]
    pub fn text(self, kind: u16) -> Option<String> {
        Some(text(self.get(kind)?))
    }

    /// The text, if there is any in it.
    #[must_use]
    pub fn word(self, kind: u16) -> Option<String> {
        self.text(kind).filter(|text| !text.is_empty())
    }
}

/// A number of 1, 2, 4 or 8 bytes in the machine's order.
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

/// Text up to its NUL, without the blanks that the kernel pads it with. Some of
/// it comes from other hosts: nothing in it moves a terminal's cursor.
#[must_use]
pub fn text(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|byte| *byte == 0);
    let bytes = bytes.get(..end.unwrap_or(bytes.len())).unwrap_or_default();
    let harmless = |letter: char| if letter.is_control() { '?' } else { letter };
    String::from_utf8_lossy(bytes)
        .trim_matches(' ')
        .chars()
        .map(harmless)
        .collect()
}

/// A number at a place, in the machine's order.
#[must_use]
pub fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_ne_bytes(*bytes.get(at..)?.first_chunk()?))
}

/// A larger one.
#[must_use]
pub fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_ne_bytes(*bytes.get(at..)?.first_chunk()?))
}

/// Adds an attribute to a request.
pub fn put(request: &mut Vec<u8>, kind: u16, value: &[u8]) {
    let length = u16::try_from(value.len() + 4).unwrap_or(u16::MAX);
    request.extend_from_slice(&length.to_ne_bytes());
    request.extend_from_slice(&kind.to_ne_bytes());
    request.extend_from_slice(value);
    request.resize(request.len().next_multiple_of(4), 0);
}

/// Adds a text with its NUL.
pub fn put_text(request: &mut Vec<u8>, kind: u16, value: &str) {
    let mut bytes = value.as_bytes().to_vec();
    bytes.push(0);
    put(request, kind, &bytes);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_put_is_found() {
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
    fn every_truncation_is_the_beginning_of_the_whole() {
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
    fn lengths_that_lie_end_the_run() {
        for length in [0_u16, 1, 3, 200, u16::MAX] {
            let mut bytes = length.to_ne_bytes().to_vec();
            bytes.extend_from_slice(&[1, 0, 0xff, 0xff, 0xff, 0xff]);
            assert_eq!(Attributes::new(&bytes).iter().count(), 0, "{length}");
        }
    }

    #[test]
    fn text_is_harmless() {
        assert_eq!(text(b"HOST   \0rest"), "HOST");
        assert_eq!(text(b"\x1b[2Jname\xff"), "?[2Jname\u{fffd}");
        assert_eq!(text(b""), "");
    }
}
