// SPDX-License-Identifier: MIT OR Apache-2.0
//! Link groups: connections between two hosts that share buffers and links.

use super::attributes::{word_for, Attributes};
use super::generic::{refused, Family};
use crate::failure::Failure;
use serde::{Serialize, Serializer};
use std::fmt;

const GET_LGR_SMCR: u8 = 2;
const GET_LGR_SMCD: u8 = 4;

/// The attributes that contain an answer.
const LGR_SMCR: u16 = 2;
const LGR_SMCD: u16 = 4;

/// Attributes of a link group of SMC-R.
mod smcr {
    pub const ID: u16 = 1;
    pub const ROLE: u16 = 2;
    pub const TYPE: u16 = 3;
    pub const PNETID: u16 = 4;
    pub const VLAN: u16 = 5;
    pub const CONNECTIONS: u16 = 6;
    pub const V2_COMMON: u16 = 7;
    pub const V2: u16 = 8;
    pub const NET_COOKIE: u16 = 9;
    pub const BUFFER_TYPE: u16 = 11;
    pub const SEND_MEMORY: u16 = 12;
    pub const RECEIVE_MEMORY: u16 = 13;
    pub const V2_DIRECT: u16 = 1;
    pub const V2_MAX_CONNECTIONS: u16 = 2;
    pub const V2_MAX_LINKS: u16 = 3;
}

/// Attributes of a link group of SMC-D.
mod smcd {
    pub const ID: u16 = 1;
    pub const GID: u16 = 2;
    pub const PEER_GID: u16 = 3;
    pub const VLAN: u16 = 4;
    pub const CONNECTIONS: u16 = 5;
    pub const PNETID: u16 = 6;
    /// The header specifies 16 bits, the kernel sends 32.
    pub const CHID: u16 = 7;
    pub const V2_COMMON: u16 = 9;
    pub const GID_EXTENSION: u16 = 10;
    pub const PEER_GID_EXTENSION: u16 = 11;
    pub const SEND_MEMORY: u16 = 12;
    pub const RECEIVE_MEMORY: u16 = 13;
}

/// Attributes of link groups of version 2. The first number really is 0.
mod v2 {
    pub const VERSION: u16 = 0;
    pub const RELEASE: u16 = 1;
    pub const SYSTEM: u16 = 2;
    pub const EID: u16 = 3;
    pub const HOST: u16 = 4;
}

/// The technology that carries the data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Kind {
    /// RDMA.
    #[serde(rename = "SMC-R")]
    SmcR,
    /// Shared memory of one machine.
    #[serde(rename = "SMC-D")]
    SmcD,
}

/// A number assigned by a kernel, displayed as by smcr and smcd: `00000100`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Id(pub u32);

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}", self.0)
    }
}

impl Serialize for Id {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// What the hosts negotiated, with peers of version 2.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Agreement {
    /// The common EID.
    pub eid: Option<String>,
    /// The peer's name.
    pub peer_host: Option<String>,
    /// The peer's system: `Linux`, `z/OS`, `AIX`.
    pub peer_system: Option<&'static str>,
    /// The peer's release of the version.
    pub peer_release: Option<u8>,
}

/// A link group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Group {
    /// Its number.
    pub id: Id,
    /// The technology that carries the data.
    pub kind: Kind,
    /// `client` or `server`: the role of this host (SMC-R).
    pub role: Option<&'static str>,
    /// The topology of its links: `single`, `symmetric`, … (SMC-R).
    #[serde(rename = "type")]
    pub links: Option<&'static str>,
    /// The version of SMC: 1 or 2.
    pub version: u8,
    /// The VLAN, 0 for none.
    pub vlan: Option<u8>,
    /// The pnetid of the device.
    pub pnetid: Option<String>,
    /// The number of connections.
    pub connections: Option<u32>,
    /// The maximum number of connections.
    pub max_connections: Option<u8>,
    /// The maximum number of links.
    pub max_links: Option<u8>,
    /// What was negotiated, with peers of version 2.
    #[serde(flatten)]
    pub agreement: Agreement,
    /// Whether the peer is in the same subnet (SMC-R version 2).
    pub direct: Option<bool>,
    /// The GID of this host's device (SMC-D).
    pub gid: Option<String>,
    /// The GID of the peer's device (SMC-D).
    pub peer_gid: Option<String>,
    /// The channel ID (SMC-D).
    pub chid: Option<u16>,
    /// `physical`, `virtual` or `mixed` memory (SMC-R).
    pub buffer_type: Option<&'static str>,
    /// The size of all send buffers in bytes.
    pub send_memory: Option<u64>,
    /// The size of all receive buffers in bytes.
    pub receive_memory: Option<u64>,
    /// The cookie of its network namespace (SMC-R).
    pub net_cookie: Option<u64>,
}

/// Parses the group in an answer.
#[must_use]
pub fn group(answer: Attributes) -> Option<Group> {
    match (answer.get(LGR_SMCR), answer.get(LGR_SMCD)) {
        (Some(group), _) => smcr_group(Attributes::new(group)),
        (None, Some(group)) => smcd_group(Attributes::new(group)),
        (None, None) => None,
    }
}

fn smcr_group(group: Attributes) -> Option<Group> {
    let limits = group.nest(smcr::V2);
    let (version, agreement) = agreement(group.nest(smcr::V2_COMMON));
    Some(Group {
        id: Id(group.small(smcr::ID)?),
        kind: Kind::SmcR,
        role: word_for(group.number(smcr::ROLE), &["client", "server"]),
        links: word_for(
            group.number(smcr::TYPE),
            &[
                "none",
                "single",
                "symmetric",
                "asymmetric-peer",
                "asymmetric-local",
            ],
        ),
        version,
        vlan: group.small(smcr::VLAN),
        pnetid: group.word(smcr::PNETID),
        connections: group.small(smcr::CONNECTIONS),
        max_connections: limits.small(smcr::V2_MAX_CONNECTIONS),
        max_links: limits.small(smcr::V2_MAX_LINKS),
        agreement,
        direct: limits.number(smcr::V2_DIRECT).map(|direct| direct == 1),
        gid: None,
        peer_gid: None,
        chid: None,
        buffer_type: word_for(
            group.number(smcr::BUFFER_TYPE),
            &["physical", "virtual", "mixed"],
        ),
        send_memory: group.number(smcr::SEND_MEMORY),
        receive_memory: group.number(smcr::RECEIVE_MEMORY),
        net_cookie: group.number(smcr::NET_COOKIE),
    })
}

fn smcd_group(group: Attributes) -> Option<Group> {
    let (version, agreement) = agreement(group.nest(smcd::V2_COMMON));
    let gid = |kind, extension| Some(ism_gid(group.number(kind)?, group.number(extension)));
    Some(Group {
        id: Id(group.small(smcd::ID)?),
        kind: Kind::SmcD,
        role: None,
        links: None,
        version,
        vlan: group.small(smcd::VLAN),
        pnetid: group.word(smcd::PNETID),
        connections: group.small(smcd::CONNECTIONS),
        max_connections: None,
        max_links: None,
        agreement,
        direct: None,
        gid: gid(smcd::GID, smcd::GID_EXTENSION),
        peer_gid: gid(smcd::PEER_GID, smcd::PEER_GID_EXTENSION),
        chid: group.small(smcd::CHID),
        buffer_type: None,
        send_memory: group.number(smcd::SEND_MEMORY),
        receive_memory: group.number(smcd::RECEIVE_MEMORY),
        net_cookie: None,
    })
}

/// The version, and what was negotiated since version 2.
fn agreement(common: Attributes) -> (u8, Agreement) {
    let agreement = Agreement {
        eid: common.word(v2::EID),
        peer_host: common.word(v2::HOST),
        peer_system: word_for(common.number(v2::SYSTEM), &["", "z/OS", "Linux", "AIX"])
            .filter(|system| !system.is_empty()),
        peer_release: common.small(v2::RELEASE),
    };
    (common.small(v2::VERSION).unwrap_or(1), agreement)
}

/// The GID of an ISM device: 64 bits, or 128 if the device is emulated.
#[must_use]
pub fn ism_gid(gid: u64, extension: Option<u64>) -> String {
    match extension {
        None | Some(0) => format!("{gid:016x}"),
        Some(extension) => format!("{gid:016x}:{extension:016x}"),
    }
}

/// Reads the link groups of a technology.
///
/// # Errors
/// When the kernel does not report them.
pub fn groups(kind: Kind) -> Result<Vec<Group>, Failure> {
    let command = match kind {
        Kind::SmcR => GET_LGR_SMCR,
        Kind::SmcD => GET_LGR_SMCD,
    };
    let mut groups = Vec::new();
    Family::smc()?
        .dump(command, |answer| groups.extend(group(answer)))
        .map_err(|error| refused("read the link groups", &error))?;
    Ok(groups)
}

#[cfg(test)]
mod tests;
