// SPDX-License-Identifier: MIT OR Apache-2.0
//! Reads what tcpdump has written: SYN and SYN/ACK packets, and whether they
//! carry the SMC option (RFC 7609, 3.1: kind 254, then "SMCR" in EBCDIC).
#![allow(clippy::panic, reason = "a test fails by panicking")]

const SMC_OPTION: [u8; 6] = [254, 6, 0xe2, 0xd4, 0xc3, 0xd9];

/// A SYN, or a SYN/ACK.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Syn {
    /// From this port,
    pub from: u16,
    /// to this one.
    pub to: u16,
    /// It is a SYN/ACK: a server's answer.
    pub is_answer: bool,
    /// It carries the SMC option.
    pub has_smc: bool,
}

/// The packets of a file of pcap(5), written on this machine, of Ethernet
/// (lo claims to be that, too). A packet that is not yet whole ends it.
///
/// # Panics
/// When it is no such file, or has other packets.
#[must_use]
pub fn parse(file: &[u8]) -> Vec<Syn> {
    let number = |at: usize| {
        let bytes = file.get(at..at + 4)?;
        Some(u32::from_ne_bytes(bytes.try_into().ok()?))
    };
    assert_eq!(
        number(0),
        Some(0xa1b2_c3d4),
        "not a pcap file of this machine"
    );
    assert_eq!(number(20), Some(1), "not Ethernet");
    let mut syns = Vec::new();
    let mut at = 24;
    while let Some(length) = number(at + 8) {
        at += 16;
        let Some(packet) = file.get(at..at + length as usize) else {
            break;
        };
        syns.push(syn(packet).unwrap_or_else(|| panic!("not a SYN: {packet:x?}")));
        at += length as usize;
    }
    syns
}

/// Reads an Ethernet frame.
fn syn(frame: &[u8]) -> Option<Syn> {
    let network = frame.get(14..)?;
    let tcp = match frame.get(12..14)? {
        [0x08, 0x00] => network.get(usize::from(network.first()? & 15) * 4..)?,
        [0x86, 0xdd] => network.get(40..)?,
        _ => return None,
    };
    let port = |at: usize| Some(u16::from_be_bytes(tcp.get(at..at + 2)?.try_into().ok()?));
    let flags = tcp.get(13)?;
    let header = usize::from(tcp.get(12)? >> 4) * 4;
    Some(Syn {
        from: port(0)?,
        to: port(2)?,
        is_answer: flags & 0x10 != 0,
        has_smc: has_smc_option(tcp.get(20..header)?),
    })
}

fn has_smc_option(mut options: &[u8]) -> bool {
    loop {
        let length = match options {
            [] | [0, ..] => return false,
            [1, ..] => 1,
            _ if options.starts_with(&SMC_OPTION) => return true,
            [_, length, ..] => usize::from(*length).max(2),
            [_] => return false,
        };
        options = options.get(length..).unwrap_or_default();
    }
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::indexing_slicing,
        reason = "a test fails by panicking"
    )]

    use super::{has_smc_option, parse, Syn};

    #[test]
    fn the_option_is_found_where_it_is_and_nowhere_else() {
        let mss = [2, 4, 0xff, 0xd7];
        let smc = [254, 6, 0xe2, 0xd4, 0xc3, 0xd9];
        assert!(has_smc_option(&[&mss[..], &[1, 1], &smc].concat()));
        assert!(!has_smc_option(&mss));
        assert!(!has_smc_option(&[254, 6, 0xe2, 0xd4, 0xc3, 0xd8]));
        // Inside the value of another option, and behind the end.
        assert!(!has_smc_option(&[&[8, 8][..], &smc].concat()));
        assert!(!has_smc_option(&[&[0][..], &smc].concat()));
        assert!(!has_smc_option(&[5, 0, 254]));
    }

    #[test]
    fn both_families_are_read_and_half_a_packet_is_not() {
        let tcp = |flags: u8| {
            let mut tcp = vec![
                0x17,
                0x70,
                0x18,
                0xeb,
                0,
                0,
                0,
                1,
                0,
                0,
                0,
                0,
                7 << 4,
                flags,
            ];
            tcp.extend([0; 6]);
            tcp.extend([254, 6, 0xe2, 0xd4, 0xc3, 0xd9, 1, 1]);
            tcp
        };
        let v4 = [&[0; 12][..], &[8, 0, 0x45], &[0; 19], &tcp(0x02)].concat();
        let v6 = [&[0; 12][..], &[0x86, 0xdd, 0x60], &[0; 39], &tcp(0x12)].concat();
        let mut file = [0xa1b2_c3d4_u32, 0, 0, 0, 128, 1]
            .map(u32::to_ne_bytes)
            .concat();
        for packet in [v4, v6] {
            let length = u32::try_from(packet.len()).unwrap();
            file.extend([0, 0, length, length].map(u32::to_ne_bytes).concat());
            file.extend(packet);
        }
        let expected = |is_answer| Syn {
            from: 6000,
            to: 6379,
            is_answer,
            has_smc: true,
        };
        assert_eq!(parse(&file), [expected(false), expected(true)]);
        assert_eq!(parse(&file[..file.len() - 1]), [expected(false)]);
    }
}
