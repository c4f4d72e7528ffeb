// SPDX-License-Identifier: MIT OR Apache-2.0
use super::*;
use crate::kernel::attributes::put;

fn answer(state: u8, mode: u8) -> Vec<u8> {
    let mut bytes = vec![0; HEAD];
    (bytes[0], bytes[STATE], bytes[MODE]) = (FAMILY, state, mode);
    bytes[4..6].copy_from_slice(&443_u16.to_be_bytes());
    bytes[6..8].copy_from_slice(&40000_u16.to_be_bytes());
    bytes[8..12].copy_from_slice(&[192, 0, 2, 1]);
    bytes[24..28].copy_from_slice(&[192, 0, 2, 2]);
    bytes[44..52].copy_from_slice(&99_u64.to_ne_bytes());
    bytes[UID..INODE].copy_from_slice(&1000_u32.to_ne_bytes());
    bytes[INODE..].copy_from_slice(&77_u64.to_ne_bytes());
    bytes
}

fn whole(state: u8, mode: u8) -> Vec<u8> {
    let mut bytes = answer(state, mode);
    let mut info = vec![0; 76];
    for (at, value) in [(4, 65536_u32), (8, 65504), (12, 32736), (20, 5), (36, 7)] {
        info[at..at + 4].copy_from_slice(&value.to_ne_bytes());
    }
    info[18..20].copy_from_slice(&2_u16.to_ne_bytes());
    info[34..36].copy_from_slice(&3_u16.to_ne_bytes());
    put(&mut bytes, CONNECTION, &info);
    put(&mut bytes, 77, b"not known yet");
    let mut info = vec![0; 147];
    info[0] = 2;
    info[1..5].copy_from_slice(b"rxe0");
    info[65] = 1;
    info[66..70].copy_from_slice(b"fe80");
    info[106..110].copy_from_slice(b"fe81");
    info[146] = 1;
    put(&mut bytes, LINK, &info);
    let mut info = vec![0; 56];
    info[..4].copy_from_slice(&0x100_u32.to_ne_bytes());
    put(&mut bytes, ISM, &info);
    let reasons = [0x0500_0000_u32, 0x0303_0008];
    put(
        &mut bytes,
        FALLBACK,
        &reasons.map(u32::to_ne_bytes).concat(),
    );
    bytes
}

#[test]
fn a_socket_is_what_the_kernel_says() {
    let socket = parse(&whole(1, 2)).unwrap();
    assert_eq!((socket.state, socket.mode), (State::Active, Mode::SmcD));
    assert_eq!(socket.endpoints.local, ([192, 0, 2, 1], 443).into());
    assert_eq!(socket.endpoints.peer, ([192, 0, 2, 2], 40000).into());
    assert_eq!((socket.uid, socket.inode, socket.cookie), (1000, 77, 99));
    let rings = socket.rings.unwrap();
    assert_eq!(
        (rings.send, rings.receive, rings.peer),
        (65536, 65504, 32736)
    );
    assert_eq!(rings.received, 2 * 65504 + 5);
    assert_eq!(rings.sent, 3 * 32736 + 7);
    let link = socket.link.unwrap();
    assert_eq!((link.id, link.device.as_str(), link.port), (2, "rxe0", 1));
    assert_eq!(
        (link.gid.as_str(), link.peer_gid.as_str()),
        ("fe80", "fe81")
    );
    assert!(link.is_server);
    assert_eq!(socket.ism_group, Some(0x100));
    assert_eq!(socket.fallback, None, "it is no TCP");
}

#[test]
fn the_state_is_read_and_the_mode_believed_while_there_is_a_connection() {
    use {Mode::*, State::*};
    for (number, state, mode) in [
        (1, Active, SmcD),
        (2, Init, Smc),
        (7, Closed, Smc),
        (10, Listen, Smc),
        (20, Closing, SmcD),
        (25, Closing, SmcD),
        (26, Aborted, Smc),
        (27, Aborted, Smc),
        (99, Unknown, Smc),
    ] {
        let socket = parse(&answer(number, 2)).unwrap();
        assert_eq!((socket.state, socket.mode), (state, mode), "{number}");
        assert_eq!(parse(&answer(number, 1)).unwrap().mode, Tcp, "{number}");
    }
    assert_eq!(parse(&answer(1, 0)).unwrap().mode, SmcR);
}

#[test]
fn both_reasons_of_a_fallback_are_reported() {
    let (own, peer) = (0x0500_0000, 0x0303_0008);
    let fallback = parse(&whole(1, 1)).unwrap().fallback;
    assert_eq!(fallback, Some(Fallback { own, peer }));
    let unreported = parse(&answer(1, 1)).unwrap().fallback;
    assert_eq!(unreported, Some(Fallback::default()));
}

#[test]
fn ipv6_is_distinguished_from_ipv4() {
    let mut bytes = answer(10, 0);
    bytes[8..24].copy_from_slice(&[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
    bytes[24..40].fill(0);
    let endpoints = parse(&bytes).unwrap().endpoints;
    assert_eq!(endpoints.local, "[::1]:443".parse().unwrap());
    assert!(endpoints.has_addresses());
    bytes[8..24].copy_from_slice(&[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 192, 0, 2, 9]);
    let endpoints = parse(&bytes).unwrap().endpoints;
    assert_eq!(endpoints.local, "192.0.2.9:443".parse().unwrap());
    bytes[8..24].fill(0);
    assert!(!parse(&bytes).unwrap().endpoints.has_addresses());
}

#[test]
fn every_truncation_is_read_or_left_out() {
    let bytes = whole(1, 1);
    let socket = parse(&bytes).unwrap();
    for end in 0..bytes.len() {
        match parse(&bytes[..end]) {
            None => assert!(end < HEAD, "{end}"),
            Some(part) => {
                assert_eq!(
                    (part.endpoints, part.inode),
                    (socket.endpoints, socket.inode),
                    "{end}"
                );
                assert!(part.rings.is_none() || part.rings == socket.rings, "{end}");
                assert!(part.link.is_none() || part.link == socket.link, "{end}");
            }
        }
    }
}

#[test]
fn attributes_of_any_length_are_no_harm() {
    for length in (0..160).chain([4096, 65000]) {
        for kind in [CONNECTION, LINK, ISM, FALLBACK, 3, 0x3fff] {
            let mut bytes = answer(1, 1);
            put(&mut bytes, kind, &vec![0xff; length]);
            let socket = parse(&bytes).unwrap();
            assert_eq!(socket.rings.is_some(), kind == CONNECTION && length >= 40);
            assert_eq!(socket.link.is_some(), kind == LINK && length >= 147);
            assert_eq!(socket.ism_group.is_some(), kind == ISM && length >= 4);
        }
    }
}
