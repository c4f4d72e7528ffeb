// SPDX-License-Identifier: MIT OR Apache-2.0
//! Complete and truncated answers of the kernel.

use super::*;
use crate::kernel::attributes::put;

/// An answer in which every counter has another number.
fn all_different() -> Vec<u8> {
    let mut next = 0_u64;
    let mut number = |bytes: &mut Vec<u8>, kind| {
        next += 1;
        put(bytes, kind, &next.to_ne_bytes());
    };
    let mut stats = Vec::new();
    for technology in [SMCD, SMCR] {
        let mut counters = Vec::new();
        for kind in of::SEND_BUFFERS..=of::RECEIVING {
            let mut inner = Vec::new();
            let most = if kind < of::SENDING { 9 } else { 7 };
            (1..=most).for_each(|kind| number(&mut inner, kind));
            put(&mut counters, kind | 0x8000, &inner);
        }
        (of::CLIENT_V1..=of::SEND_MEMORY).for_each(|kind| number(&mut counters, kind));
        put(&mut stats, technology | 0x8000, &counters);
    }
    number(&mut stats, HANDSHAKE_ERRORS_CLIENT);
    number(&mut stats, HANDSHAKE_ERRORS_SERVER);
    let mut answer = Vec::new();
    put(&mut answer, STATS | 0x8000, &stats);
    answer
}

fn reason(code: u32, is_server: u8, all: Option<(u64, u64)>) -> Vec<u8> {
    let mut counters = Vec::new();
    put(&mut counters, reason::IS_SERVER, &[is_server]);
    if let Some((server, client)) = all {
        put(&mut counters, reason::ALL_SERVER, &server.to_ne_bytes());
        put(&mut counters, reason::ALL_CLIENT, &client.to_ne_bytes());
    }
    put(&mut counters, reason::CODE, &code.to_ne_bytes());
    put(&mut counters, reason::COUNT, &7_u16.to_ne_bytes());
    let mut answer = Vec::new();
    put(&mut answer, FALLBACK_STATS | 0x8000, &counters);
    answer
}

fn parsed(answers: &[Vec<u8>]) -> Counts {
    let mut counts = Counts::default();
    for answer in answers {
        counts.add(Attributes::new(answer));
    }
    counts
}

#[test]
fn no_counter_is_left_out_or_taken_for_another() {
    let mut counts = parsed(&[all_different()]);
    let mut seen: Vec<u64> = counts.counters().map(|count| *count).collect();
    for memory in [&counts.smc_r, &counts.smc_d] {
        seen.extend(memory.send_memory);
        seen.extend(memory.receive_memory);
    }
    seen.sort_unstable();
    // The fallbacks, which come in other answers, are 0.
    let expected: Vec<u64> = [0, 0]
        .into_iter()
        .chain(1..=2 * (4 * 9 + 2 * 7 + 15) + 2)
        .collect();
    assert_eq!(seen, expected);
}

#[test]
fn counters_have_the_numbers_of_the_kernel() {
    let counts = parsed(&[all_different()]);
    // SMC-D comes first: four times nine sizes, twice seven of buffers.
    assert_eq!(counts.smc_d.send_buffer_sizes[0], 1);
    assert_eq!(counts.smc_d.received_sizes[8], 36);
    assert_eq!(counts.smc_d.send_buffers.too_small_at_peer, 37);
    assert_eq!(counts.smc_d.receive_buffers.downgraded, 50);
    assert_eq!(counts.smc_d.client_v1, 51);
    assert_eq!(counts.smc_d.sent, 63);
    assert_eq!(counts.smc_d.send_memory, Some(65));
    assert_eq!(counts.smc_r.send_buffer_sizes[0], 66);
    assert_eq!(counts.handshake_errors.server, 132);
}

#[test]
fn each_answer_has_one_reason() {
    let counts = parsed(&[
        reason(0x0303_0000, 1, Some((9, 5))),
        reason(0x0301_0000, 0, None),
    ]);
    assert_eq!((counts.fallbacks.server, counts.fallbacks.client), (9, 5));
    let codes: Vec<_> = counts
        .reasons
        .iter()
        .map(|one| (one.code, one.is_server))
        .collect();
    assert_eq!(codes, [(0x0303_0000, true), (0x0301_0000, false)]);
    assert!(counts.reasons.iter().all(|one| one.count == 7));
}

#[test]
fn truncated_answers_are_ignored() {
    for whole in [all_different(), reason(1, 1, Some((2, 3)))] {
        for end in 0..whole.len() {
            assert_eq!(parsed(&[whole[..end].to_vec()]), Counts::default(), "{end}");
        }
    }
}
