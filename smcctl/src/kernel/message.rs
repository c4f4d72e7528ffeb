// SPDX-License-Identifier: MIT OR Apache-2.0
//! Netlink messages in a datagram.

use netlink_packet_core::{NetlinkBuffer, NLMSG_DONE, NLMSG_ERROR, NLMSG_NOOP, NLMSG_OVERRUN};
use std::iter;

/// A message of the kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Message<'a> {
    /// An answer: its type and payload.
    Answer(u16, &'a [u8]),
    /// The end of a dump, with an error number or 0.
    Done(i32),
    /// An error number, or 0 for an acknowledgement.
    Error(i32),
}

/// Iterates over the messages in a datagram, up to a truncated one.
pub fn messages(datagram: &[u8]) -> impl Iterator<Item = Message<'_>> {
    let mut rest = datagram;
    iter::from_fn(move || loop {
        let message = NetlinkBuffer::new_checked(rest).ok()?;
        let length = usize::try_from(message.length()).ok()?;
        let payload = rest.get(16..length)?;
        let kind = message.message_type();
        rest = rest.get(length.next_multiple_of(4)..).unwrap_or_default();
        match kind {
            NLMSG_NOOP | NLMSG_OVERRUN => {}
            NLMSG_DONE => return Some(Message::Done(errno(payload))),
            NLMSG_ERROR => return Some(Message::Error(errno(payload))),
            _ => return Some(Message::Answer(kind, payload)),
        }
    })
}

/// Parses an error number, which is negative in the message.
fn errno(payload: &[u8]) -> i32 {
    let bytes = payload.first_chunk::<4>().copied().unwrap_or_default();
    i32::from_ne_bytes(bytes).saturating_neg()
}

/// Builds a request from a header and a payload.
#[must_use]
pub fn request(kind: u16, flags: u16, payload: &[u8]) -> Vec<u8> {
    let length = 16 + payload.len();
    let mut bytes = vec![0; 16];
    let mut header = NetlinkBuffer::new(&mut bytes);
    header.set_length(u32::try_from(length).unwrap_or(u32::MAX));
    header.set_message_type(kind);
    header.set_flags(flags);
    header.set_sequence_number(1);
    bytes.extend_from_slice(payload);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn datagram() -> Vec<u8> {
        let mut bytes = request(20, 2, b"four");
        bytes.extend(request(NLMSG_NOOP, 0, b""));
        bytes.extend(request(NLMSG_ERROR, 0, &(-2_i32).to_ne_bytes()));
        bytes.extend(request(NLMSG_DONE, 2, &0_i32.to_ne_bytes()));
        bytes
    }

    #[test]
    fn messages_are_parsed() {
        let bytes = datagram();
        let found: Vec<_> = messages(&bytes).collect();
        let expected = [
            Message::Answer(20, b"four"),
            Message::Error(2),
            Message::Done(0),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn a_truncated_datagram_is_a_prefix() {
        let bytes = datagram();
        let whole: Vec<_> = messages(&bytes).collect();
        for end in 0..bytes.len() {
            let part: Vec<_> = messages(&bytes[..end]).collect();
            assert!(whole.starts_with(&part), "{end}: {part:?}");
        }
    }

    #[test]
    fn invalid_lengths_end_the_datagram() {
        for length in [0_u32, 15, 17, u32::MAX] {
            let mut bytes = request(20, 0, b"");
            bytes[..4].copy_from_slice(&length.to_ne_bytes());
            assert_eq!(messages(&bytes).count(), 0, "{length}");
        }
    }
}
