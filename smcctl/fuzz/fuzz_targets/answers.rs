// SPDX-License-Identifier: MIT OR Apache-2.0
//! Whatever the kernel answers, every parser of netlink takes it.
#![no_main]

mod parsers;

use libfuzzer_sys::fuzz_target;
use smcctl::kernel::message::{messages, Message};

/// No answer of generic netlink is wrapped in an attribute with a larger number.
const LAST_WRAPPING: u8 = 8;

// The first byte says how the rest is taken: as a datagram, as one answer, or as
// what is inside the attribute that answers of a kind are wrapped in.
fuzz_target!(|input: &[u8]| {
    let Some((how, rest)) = input.split_first() else {
        return;
    };
    match how % (LAST_WRAPPING + 2) {
        0 => {
            let mut taken = 0;
            for message in messages(rest) {
                taken += 16;
                if let Message::Answer(_, payload) = message {
                    taken += payload.len();
                    parsers::all(payload);
                }
            }
            assert!(taken <= rest.len(), "more was read than there is");
        }
        1 => parsers::all(rest),
        wrapping => {
            let rest = &rest[..rest.len().min(60_000)];
            let length = u16::try_from(rest.len() + 4).unwrap_or_default();
            let mut answer = vec![0; 4];
            answer.extend(length.to_ne_bytes());
            answer.extend((u16::from(wrapping - 1) | 0x8000).to_ne_bytes());
            answer.extend(rest);
            parsers::all(&answer);
        }
    }
});
