// SPDX-License-Identifier: MIT OR Apache-2.0
//! The link group of an SMC-R link.

use crate::kernel::attributes::Attributes;
use crate::kernel::diag::Link;
use crate::kernel::generic::Family;
use std::collections::HashMap;

/// `SMC_NETLINK_GET_LINK_SMCR`: each group is followed by its links.
const GET_LINKS: u8 = 3;
/// `SMC_GEN_LGR_SMCR` and `SMC_GEN_LINK_SMCR`.
const GROUP: u16 = 2;
const LINK: u16 = 3;

/// The groups by link. SMC_DIAG reports the link of a socket, but not its group; if two
/// groups have the same link, the group is unknown.
#[derive(Debug, Default)]
pub struct LinkGroups {
    by_link: HashMap<Link, Option<u32>>,
    current: Option<(u32, bool)>,
}

impl LinkGroups {
    /// Reads the groups; none if the kernel does not report them.
    #[must_use]
    pub fn read() -> Self {
        let mut groups = Self::default();
        if let Ok(family) = Family::smc() {
            let _ = family.dump(GET_LINKS, |answer| groups.add(answer));
        }
        groups
    }

    /// Adds an answer of the kernel.
    pub fn add(&mut self, answer: Attributes) {
        let group = answer.nest(GROUP);
        if let Some(id) = group.small(1) {
            self.current = Some((id, group.number(2) == Some(1)));
        }
        let link = answer.nest(LINK);
        let (Some(id), Some((group, is_server))) = (link.small(1), self.current) else {
            return;
        };
        let link = Link {
            id,
            device: link.text(2).unwrap_or_default(),
            port: link.small(3).unwrap_or_default(),
            gid: link.text(4).unwrap_or_default(),
            peer_gid: link.text(5).unwrap_or_default(),
            is_server,
        };
        self.by_link
            .entry(link)
            .and_modify(|other| *other = other.filter(|other| *other == group))
            .or_insert(Some(group));
    }

    /// Returns the group of a link.
    #[must_use]
    pub fn of(&self, link: &Link) -> Option<u32> {
        self.by_link.get(link).copied().flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::attributes::{put, put_text};

    fn group(id: u32, role: u8) -> Vec<u8> {
        let (mut nest, mut bytes) = (Vec::new(), Vec::new());
        put(&mut nest, 1, &id.to_ne_bytes());
        put(&mut nest, 2, &[role]);
        put(&mut bytes, GROUP, &nest);
        bytes
    }

    fn link(gid: &str) -> Vec<u8> {
        let (mut nest, mut bytes) = (Vec::new(), Vec::new());
        put(&mut nest, 1, &[1]);
        put_text(&mut nest, 2, "rxe0");
        put(&mut nest, 3, &[1]);
        put_text(&mut nest, 4, gid);
        put_text(&mut nest, 5, "peer");
        put(&mut bytes, LINK, &nest);
        bytes
    }

    #[test]
    fn a_link_belongs_to_the_preceding_group_unless_ambiguous() {
        let mut groups = LinkGroups::default();
        for answer in [
            link("lost"),
            group(0x100, 1),
            link("a"),
            link("b"),
            group(0x200, 1),
            link("b"),
            group(0x300, 0),
            link("a"),
        ] {
            groups.add(Attributes::new(&answer));
        }
        let of = |gid: &str, is_server| {
            groups.of(&Link {
                id: 1,
                device: "rxe0".to_owned(),
                port: 1,
                gid: gid.to_owned(),
                peer_gid: "peer".to_owned(),
                is_server,
            })
        };
        assert_eq!(of("a", true), Some(0x100));
        assert_eq!(of("a", false), Some(0x300));
        assert_eq!(of("b", true), None);
        assert_eq!(of("lost", true), None);
    }
}
