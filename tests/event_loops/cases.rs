// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the programs do with `endpoint` and with each other, and how it is to end.

use kit::job::{Job, Report};

/// More than buffers hold at both ends, when the receiver's is of the size that
/// `endpoint` sets.
const MORE_THAN_FITS: u64 = 8 << 20;
/// A reader that is as fast as it can be.
const FAST: &str = "0 65536 0";

/// A connection of a program under test.
#[derive(Clone, Copy)]
pub struct Case {
    /// Bytes that it sends,
    mine: u64,
    /// and bytes that the other end sends.
    theirs: u64,
    /// How that one reads: DELAY, CHUNK, PAUSE.
    reader: &'static str,
    /// How that one ends.
    manner: &'static str,
}

const fn case(mine: u64, theirs: u64, reader: &'static str, manner: &'static str) -> Case {
    Case {
        mine,
        theirs,
        reader,
        manner,
    }
}

/// With `endpoint` at the other end. Where that one is silent until all is read, nothing
/// but the room that it makes can wake who has sent a part.
pub const WITH_ENDPOINT: [Case; 14] = [
    case(0, 1, FAST, "whole"),
    case(1, 0, FAST, "whole"),
    case(1 << 20, 0, FAST, "after"),
    case(0, 1 << 20, FAST, "whole"),
    case(500_000, 0, FAST, "whole"),
    case(500_000, 500_000, FAST, "whole"),
    case(300_000, 0, "0 8192 5", "after"),
    case(400_001, 0, "1000 65536 0", "after"),
    case(300_000, 300_000, FAST, "after"),
    case(300_000, 300_000, FAST, "before"),
    case(MORE_THAN_FITS, 0, FAST, "close:0"),
    case(MORE_THAN_FITS, 0, FAST, "reset:0"),
    case(MORE_THAN_FITS, 20_000, FAST, "close:150000"),
    case(MORE_THAN_FITS, 20_000, FAST, "reset:150000"),
];

/// With another of their kind.
pub const AMONG_THEMSELVES: [Case; 3] = [
    case(1 << 20, 0, FAST, "whole"),
    case(0, 1 << 20, FAST, "whole"),
    case(500_000, 500_000, FAST, "whole"),
];

/// What needs no more than that data is sent.
pub const BULK: [Case; 1] = [case(1 << 20, 0, FAST, "after")];

impl Case {
    /// Its job; the program under test connects, or else accepts.
    pub fn job(self, id: u8, connects: bool) -> Job {
        let Self {
            mine,
            theirs,
            reader,
            manner,
        } = self;
        let (sent, answered) = if connects {
            (mine, theirs)
        } else {
            (theirs, mine)
        };
        Job {
            id,
            sent,
            answered,
            reader: format!("{reader} {manner}"),
        }
    }

    /// Whether both ends say what they should: the program under test, and the other.
    pub fn is_well(self, program: &Report, other: &Report) -> bool {
        let (mine, theirs) = (self.mine, self.theirs);
        let sent = |bytes| (bytes, "done".to_owned());
        let received = |bytes| (bytes, "end".to_owned());
        if let Some((_, read)) = self.manner.split_once(':') {
            let read = read.parse().unwrap_or(u64::MAX);
            let (count, how) = &program.sent;
            return how.starts_with("error:")
                && *count < mine
                // A reset may overtake what was sent before it, on TCP.
                && !program.received.1.starts_with("wrong")
                && other.sent == sent(theirs)
                && other.received == received(read);
        }
        program.sent == sent(mine)
            && program.received == received(theirs)
            && other.sent == sent(theirs)
            && other.received == received(mine)
    }

    /// In a few words.
    pub fn name(self) -> String {
        let Self {
            mine,
            theirs,
            reader,
            manner,
        } = self;
        format!("sends {mine}, gets {theirs}; the other reads {reader} {manner}")
    }
}
