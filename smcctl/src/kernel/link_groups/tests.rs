// SPDX-License-Identifier: MIT OR Apache-2.0
//! Complete and truncated answers of the kernel.

use super::*;
use crate::kernel::attributes::{put, put_text};

fn wrapped(kind: u16, inner: &[u8]) -> Vec<u8> {
    let mut answer = Vec::new();
    put(&mut answer, kind | 0x8000, inner);
    answer
}

fn v2_common() -> Vec<u8> {
    let mut common = Vec::new();
    put(&mut common, v2::VERSION, &[2]);
    put(&mut common, v2::RELEASE, &[1]);
    put(&mut common, v2::SYSTEM, &[2]);
    put_text(&mut common, v2::EID, &format!("{:32}", "LAB"));
    put_text(&mut common, v2::HOST, &format!("{:32}", "server"));
    common
}

fn smcr_answer() -> Vec<u8> {
    let mut limits = Vec::new();
    put(&mut limits, smcr::V2_DIRECT, &[1]);
    put(&mut limits, smcr::V2_MAX_CONNECTIONS, &[255]);
    put(&mut limits, smcr::V2_MAX_LINKS, &[2]);
    let mut group = Vec::new();
    put(&mut group, smcr::ID, &0x100_u32.to_ne_bytes());
    put(&mut group, smcr::ROLE, &[1]);
    put(&mut group, smcr::TYPE, &[1]);
    put_text(&mut group, smcr::PNETID, "LAB");
    put(&mut group, smcr::VLAN, &[0]);
    put(&mut group, smcr::CONNECTIONS, &3_u32.to_ne_bytes());
    put(&mut group, smcr::V2_COMMON | 0x8000, &v2_common());
    put(&mut group, smcr::V2 | 0x8000, &limits);
    put(&mut group, smcr::NET_COOKIE, &1_u64.to_ne_bytes());
    put(&mut group, smcr::BUFFER_TYPE, &[0]);
    put(&mut group, smcr::SEND_MEMORY, &65536_u32.to_ne_bytes());
    put(
        &mut group,
        smcr::RECEIVE_MEMORY,
        &(1_u64 << 33).to_ne_bytes(),
    );
    wrapped(LGR_SMCR, &group)
}

fn smcd_answer() -> Vec<u8> {
    let mut group = Vec::new();
    put(&mut group, smcd::ID, &0x200_u32.to_ne_bytes());
    put(&mut group, smcd::GID, &0xab_u64.to_ne_bytes());
    put(&mut group, smcd::PEER_GID, &0xab_u64.to_ne_bytes());
    put(&mut group, smcd::VLAN, &[7]);
    put(&mut group, smcd::CONNECTIONS, &2_u32.to_ne_bytes());
    put(&mut group, smcd::CHID, &0xffff_u32.to_ne_bytes());
    put(&mut group, smcd::GID_EXTENSION, &0xcd_u64.to_ne_bytes());
    wrapped(LGR_SMCD, &group)
}

#[test]
fn a_group_of_smc_r() {
    let group = group(Attributes::new(&smcr_answer())).unwrap();
    assert_eq!(group.id.to_string(), "00000100");
    assert_eq!((group.role, group.links), (Some("server"), Some("single")));
    assert_eq!((group.version, group.vlan), (2, Some(0)));
    assert_eq!(group.connections, Some(3));
    assert_eq!(
        (group.max_connections, group.max_links),
        (Some(255), Some(2))
    );
    assert_eq!(group.direct, Some(true));
    let agreed = &group.agreement;
    assert_eq!(agreed.eid.as_deref(), Some("LAB"));
    assert_eq!(agreed.peer_host.as_deref(), Some("server"));
    assert_eq!(agreed.peer_system, Some("Linux"));
    // Small numbers come in 4 bytes, large ones in 8.
    assert_eq!(group.send_memory, Some(65536));
    assert_eq!(group.receive_memory, Some(1 << 33));
}

#[test]
fn a_group_of_smc_d() {
    let group = group(Attributes::new(&smcd_answer())).unwrap();
    assert_eq!((group.kind, group.version), (Kind::SmcD, 1));
    assert_eq!(group.vlan, Some(7));
    assert_eq!(group.chid, Some(0xffff));
    let gid = "00000000000000ab:00000000000000cd";
    assert_eq!(group.gid.as_deref(), Some(gid));
    assert_eq!(group.peer_gid.as_deref(), Some("00000000000000ab"));
    assert_eq!(
        (group.role, group.links, group.agreement),
        (None, None, Agreement::default())
    );
}

#[test]
fn unknown_numbers_have_no_word() {
    let mut inner = Vec::new();
    put(&mut inner, smcr::ID, &1_u32.to_ne_bytes());
    put(&mut inner, smcr::ROLE, &[9]);
    put(&mut inner, smcr::TYPE, &u64::MAX.to_ne_bytes());
    let group = group(Attributes::new(&wrapped(LGR_SMCR, &inner))).unwrap();
    assert_eq!((group.role, group.links), (None, None));
}

#[test]
fn truncated_answers_are_ignored() {
    for whole in [smcr_answer(), smcd_answer()] {
        for end in 0..whole.len() {
            assert!(group(Attributes::new(&whole[..end])).is_none(), "{end}");
        }
    }
}
