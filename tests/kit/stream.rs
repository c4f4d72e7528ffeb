// SPDX-License-Identifier: MIT OR Apache-2.0
//! Streams of bytes in which each byte says whose it is and where it belongs: what
//! comes from another connection or from another place is seen.

use std::sync::LazyLock;

/// No more is asked for at once of a stream's content.
pub const PIECE: usize = 1 << 20;
/// A prime: content that is in the wrong place by pages is other content.
const PERIOD: usize = 65_521;
/// The streams begin at so many bytes from each other.
const APART: usize = 257;

/// The content of all streams, over and over.
static CONTENT: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let mut state: u32 = 1;
    let once: Vec<u8> = std::iter::repeat_with(|| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes().first().copied().unwrap_or_default()
    })
    .take(PERIOD)
    .collect();
    let times = PIECE.div_ceil(PERIOD) + 1;
    once.repeat(times)
});

/// What a stream has from `position` on: so many bytes, but `PIECE` at most.
#[must_use]
pub fn content(stream: u8, position: u64, length: usize) -> &'static [u8] {
    let place = (position + u64::from(stream) * APART as u64) % PERIOD as u64;
    let place = usize::try_from(place).unwrap_or(0);
    CONTENT
        .get(place..place + length.min(PIECE))
        .unwrap_or_default()
}

/// What was received of a stream so far.
#[derive(Debug)]
pub struct Received {
    stream: u8,
    /// Bytes.
    pub bytes: u64,
    /// Where the first byte is that is not what was sent.
    pub wrong: Option<u64>,
}

impl Received {
    /// Nothing of it yet.
    #[must_use]
    pub fn new(stream: u8) -> Self {
        Self {
            stream,
            bytes: 0,
            wrong: None,
        }
    }

    /// Compares what comes next.
    pub fn take(&mut self, bytes: &[u8]) {
        for piece in bytes.chunks(PIECE) {
            let expected = content(self.stream, self.bytes, piece.len());
            if self.wrong.is_none() && expected != piece {
                let mut pairs = expected.iter().zip(piece);
                let place = pairs.position(|(expected, byte)| expected != byte);
                self.wrong = place.map(|place| self.bytes + place as u64);
            }
            self.bytes += piece.len() as u64;
        }
    }

    /// How it ended: `end`, or what was wrong.
    #[must_use]
    pub fn end(&self) -> String {
        self.wrong
            .map_or_else(|| "end".to_owned(), |place| format!("wrong@{place}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_says_whose_it_is_and_where_it_belongs() {
        let length = 1000;
        let first = content(7, 0, length);
        assert_eq!(first.len(), length);
        assert_eq!(content(7, 400, 600), first.get(400..).unwrap_or_default());
        for page in 1..1000 {
            assert_ne!(content(7, page * 4096, length), first);
        }
        for stream in (0..=u8::MAX).filter(|stream| *stream != 7) {
            assert_ne!(content(stream, 0, length), first);
        }
        assert_eq!(content(255, u64::MAX / 2, PIECE + 1).len(), PIECE);
    }

    #[test]
    fn the_first_wrong_byte_is_found() {
        let mut received = Received::new(7);
        received.take(content(7, 0, 33));
        assert_eq!(received.end(), "end");
        let mut wrong = content(7, 33, 67).to_vec();
        for byte in wrong.iter_mut().skip(10) {
            *byte = !*byte;
        }
        received.take(&wrong);
        assert_eq!((received.bytes, &*received.end()), (100, "wrong@43"));
    }
}
