// SPDX-License-Identifier: MIT OR Apache-2.0
//! Complete and truncated answers of the kernel.

use super::*;
use crate::kernel::attributes::{put, put_text};

fn link_answer() -> Vec<u8> {
    let mut inner = Vec::new();
    put(&mut inner, attribute::ID, &[1]);
    put_text(&mut inner, attribute::DEVICE, "rxe0");
    put(&mut inner, attribute::PORT, &[1]);
    let gid = "0000:0000:0000:0000:0000:ffff:c000:0202";
    put_text(&mut inner, attribute::GID, gid);
    put_text(&mut inner, attribute::PEER_GID, "n/a");
    put(&mut inner, attribute::CONNECTIONS, &3_u32.to_ne_bytes());
    put(&mut inner, attribute::INTERFACE, &2_u32.to_ne_bytes());
    put(&mut inner, attribute::UID, &[0, 0, 1, 0]);
    put(&mut inner, attribute::STATE, &3_u32.to_ne_bytes());
    let mut answer = Vec::new();
    put(&mut answer, LINK_SMCR | 0x8000, &inner);
    answer
}

#[test]
fn a_link() {
    let answer = link_answer();
    assert!(group(Attributes::new(&answer)).is_none());
    let link = link(Attributes::new(&answer), Some(Id(0x100))).unwrap();
    assert_eq!((link.id, link.group), (1, Some(Id(0x100))));
    assert_eq!(link.state, Some("active"));
    assert_eq!(link.gid.as_deref(), Some("::ffff:192.0.2.2"));
    assert_eq!(
        link.peer_gid.as_deref(),
        Some("n/a"),
        "no address is left as it is"
    );
    assert_eq!(link.uid, Some(Id(0x100)));
    assert_eq!(link.peer_uid, None);
}

#[test]
fn truncated_answers_are_ignored() {
    let whole = link_answer();
    for end in 0..whole.len() {
        assert!(
            link(Attributes::new(&whole[..end]), None).is_none(),
            "{end}"
        );
    }
}
