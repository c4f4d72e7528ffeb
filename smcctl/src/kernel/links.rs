// SPDX-License-Identifier: MIT OR Apache-2.0
//! The links of SMC-R link groups.

use super::attributes::{word_for, Attributes};
use super::generic::{refused, Family};
use super::link_groups::{group, Id};
use crate::failure::Failure;
use serde::Serialize;
use std::net::Ipv6Addr;

const GET_LINK_SMCR: u8 = 3;

/// The attribute that contains an answer.
const LINK_SMCR: u16 = 3;

/// Attributes of a link.
mod attribute {
    pub const ID: u16 = 1;
    pub const DEVICE: u16 = 2;
    pub const PORT: u16 = 3;
    pub const GID: u16 = 4;
    pub const PEER_GID: u16 = 5;
    pub const CONNECTIONS: u16 = 6;
    pub const INTERFACE: u16 = 7;
    pub const UID: u16 = 8;
    pub const PEER_UID: u16 = 9;
    pub const STATE: u16 = 10;
}

/// A link: a queue pair between two RDMA ports.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Link {
    /// The group it belongs to.
    pub group: Option<Id>,
    /// Its number in the group.
    pub id: u8,
    /// `active`, `activating`, `inactive`, `unused`.
    pub state: Option<&'static str>,
    /// This host's RDMA device.
    pub device: Option<String>,
    /// The device's port.
    pub port: Option<u8>,
    /// The index of the port's network interface.
    #[serde(skip)]
    pub interface_index: Option<u32>,
    /// This host's GID.
    pub gid: Option<String>,
    /// The peer's GID.
    pub peer_gid: Option<String>,
    /// The number of connections that use it.
    pub connections: Option<u32>,
    /// The number that this host assigned.
    pub uid: Option<Id>,
    /// The number that the peer assigned.
    pub peer_uid: Option<Id>,
}

/// Parses the link in an answer; `group` is the group before it.
#[must_use]
pub fn link(answer: Attributes, group: Option<Id>) -> Option<Link> {
    let link = Attributes::new(answer.get(LINK_SMCR)?);
    // The kernel does not abbreviate addresses.
    let gid = |kind| {
        let text = link.word(kind)?;
        Some(match text.parse::<Ipv6Addr>() {
            Ok(address) => address.to_string(),
            Err(_) => text,
        })
    };
    let uid = |kind| Some(Id(u32::from_be(link.small(kind)?)));
    Some(Link {
        group,
        id: link.small(attribute::ID)?,
        state: word_for(
            link.number(attribute::STATE),
            &["unused", "inactive", "activating", "active"],
        ),
        device: link.word(attribute::DEVICE),
        port: link.small(attribute::PORT),
        interface_index: link.small(attribute::INTERFACE).filter(|index| *index != 0),
        gid: gid(attribute::GID),
        peer_gid: gid(attribute::PEER_GID),
        connections: link.small(attribute::CONNECTIONS),
        uid: uid(attribute::UID),
        peer_uid: uid(attribute::PEER_UID),
    })
}

/// Reads the links of SMC-R. The kernel sends each group, followed by its links.
///
/// # Errors
/// When the kernel does not report them.
pub fn links() -> Result<Vec<Link>, Failure> {
    let (mut links, mut current) = (Vec::new(), None);
    Family::smc()?
        .dump(GET_LINK_SMCR, |answer| match group(answer) {
            Some(group) => current = Some(group.id),
            None => links.extend(link(answer, current)),
        })
        .map_err(|error| refused("read the links", &error))?;
    Ok(links)
}

#[cfg(test)]
mod tests;
