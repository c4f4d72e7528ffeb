// SPDX-License-Identifier: MIT OR Apache-2.0
//! What can be set in the kernel besides pnetids: user EIDs, the system EID, and
//! the limit on handshakes.

use super::attributes::{put_text, Attributes};
use super::generic::{refused, Family};
use crate::failure::Failure;
use serde::Serialize;
use std::io;

const DUMP_UEID: u8 = 9;
const ADD_UEID: u8 = 10;
const REMOVE_UEID: u8 = 11;
const FLUSH_UEID: u8 = 12;
const DUMP_SEID: u8 = 13;
const ENABLE_SEID: u8 = 14;
const DISABLE_SEID: u8 = 15;
const DUMP_LIMIT: u8 = 16;
const ENABLE_LIMIT: u8 = 17;
const DISABLE_LIMIT: u8 = 18;

const ENTRY: u16 = 1;
const SEID_ENABLED: u16 = 2;
const LIMIT_ENABLED: u16 = 1;

/// Every EID has as many characters.
pub const EID_LENGTH: usize = 32;
/// The kernel keeps no more user EIDs.
pub const MAX_UEIDS: usize = 4;

/// The system EID.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Seid {
    /// The EID; `None` on machines that have none.
    pub seid: Option<String>,
    /// Whether it is offered to peers.
    pub enabled: bool,
}

/// A user EID in an answer.
#[must_use]
pub fn ueid(attributes: Attributes) -> Option<String> {
    attributes.text(ENTRY).filter(|ueid| !ueid.is_empty())
}

/// The system EID in an answer.
#[must_use]
pub fn seid(attributes: Attributes) -> Seid {
    let seid = attributes.text(ENTRY).filter(|seid| !seid.is_empty());
    Seid {
        enabled: seid.is_some() && attributes.number(SEID_ENABLED) == Some(1),
        seid,
    }
}

/// The user EIDs, in the order in which they are offered.
///
/// # Errors
/// When the kernel does not tell them.
pub fn ueids() -> Result<Vec<String>, Failure> {
    let mut ueids = Vec::new();
    Family::smc()?
        .dump(DUMP_UEID, |answer| ueids.extend(ueid(answer)))
        .map_err(|error| refused("read the user EIDs", &error))?;
    Ok(ueids)
}

/// Adds a user EID of at most [`EID_LENGTH`] characters.
///
/// # Errors
/// The kernel's.
pub fn add_ueid(family: Family, ueid: &str) -> io::Result<()> {
    family.call(ADD_UEID, &padded(ueid))
}

/// Removes a user EID.
///
/// # Errors
/// The kernel's.
pub fn remove_ueid(family: Family, ueid: &str) -> io::Result<()> {
    family.call(REMOVE_UEID, &padded(ueid))
}

/// Removes all user EIDs.
///
/// # Errors
/// The kernel's.
pub fn flush_ueids(family: Family) -> io::Result<()> {
    family.call(FLUSH_UEID, &[])
}

fn padded(ueid: &str) -> Vec<u8> {
    let mut request = Vec::new();
    put_text(&mut request, ENTRY, &format!("{ueid:EID_LENGTH$}"));
    request
}

/// The system EID.
///
/// # Errors
/// When the kernel does not tell it.
pub fn read_seid() -> Result<Seid, Failure> {
    let mut found = Seid::default();
    Family::smc()?
        .dump(DUMP_SEID, |answer| found = seid(answer))
        .map_err(|error| refused("read the system EID", &error))?;
    Ok(found)
}

/// Has the system EID offered to peers, or not.
///
/// # Errors
/// The kernel's.
pub fn set_seid(family: Family, enabled: bool) -> io::Result<()> {
    family.call(if enabled { ENABLE_SEID } else { DISABLE_SEID }, &[])
}

/// Whether servers answer with TCP when there are more handshakes than they can do.
///
/// # Errors
/// When the kernel does not tell it.
pub fn is_handshake_limit_enabled() -> Result<bool, Failure> {
    let mut limited = false;
    Family::smc()?
        .dump(DUMP_LIMIT, |answer| {
            limited = answer.number(LIMIT_ENABLED) == Some(1);
        })
        .map_err(|error| refused("read the limit on handshakes", &error))?;
    Ok(limited)
}

/// Sets that, for this network namespace.
///
/// # Errors
/// The kernel's.
pub fn set_handshake_limit(family: Family, limited: bool) -> io::Result<()> {
    family.call(if limited { ENABLE_LIMIT } else { DISABLE_LIMIT }, &[])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::attributes::put;

    #[test]
    fn a_ueid_is_sent_padded_and_read_bare() {
        let request = padded("MYEID");
        let value = Attributes::new(&request).get(ENTRY).unwrap_or_default();
        assert_eq!(value.len(), 33);
        assert_eq!(value.last(), Some(&0));
        assert_eq!(ueid(Attributes::new(&request)).as_deref(), Some("MYEID"));
    }

    #[test]
    fn a_machine_without_system_eid_answers_zeros() {
        let mut bytes = Vec::new();
        put(&mut bytes, ENTRY, &[0; 33]);
        put(&mut bytes, SEID_ENABLED, &[1]);
        assert_eq!(seid(Attributes::new(&bytes)), Seid::default());
        let mut bytes = Vec::new();
        put_text(&mut bytes, ENTRY, "IBM-SYSZ-ISMSEID00000000ABCD2964");
        put(&mut bytes, SEID_ENABLED, &[1]);
        assert!(seid(Attributes::new(&bytes)).enabled);
    }
}
