// SPDX-License-Identifier: MIT OR Apache-2.0
//! Every netlink parser accepts any answer.
#![no_main]

mod parsers;

use libfuzzer_sys::fuzz_target;
use smcctl::kernel::message::{messages, Message};

/// The largest number of an attribute that contains an answer.
const MAX_WRAPPER: u8 = 8;

// The first byte selects what the rest is: a datagram, one answer, or the content of the
// attribute that contains an answer.
fuzz_target!(|input: &[u8]| {
    let Some((how, rest)) = input.split_first() else {
        return;
    };
    match how % (MAX_WRAPPER + 2) {
        0 => {
            let mut read = 0;
            for message in messages(rest) {
                read += 16;
                if let Message::Answer(_, payload) = message {
                    read += payload.len();
                    parsers::all(payload);
                }
            }
            assert!(read <= rest.len(), "more was read than there is");
        }
        1 => parsers::all(rest),
        wrapper => {
            let rest = &rest[..rest.len().min(60_000)];
            let length = u16::try_from(rest.len() + 4).unwrap_or_default();
            let mut answer = vec![0; 4];
            answer.extend(length.to_ne_bytes());
            answer.extend((u16::from(wrapper - 1) | 0x8000).to_ne_bytes());
            answer.extend(rest);
            parsers::all(&answer);
        }
    }
});
