// SPDX-License-Identifier: MIT OR Apache-2.0
//! User EIDs, the system EID and the handshake limit.

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

/// The length of an EID.
pub const EID_LENGTH: usize = 32;
/// The maximum number of user EIDs.
pub const MAX_UEIDS: usize = 4;

/// The system EID.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Seid {
    /// The EID; `None` on machines without one.
    pub seid: Option<String>,
    /// Whether it is offered to peers.
    pub enabled: bool,
}

/// Parses the user EID in an answer.
#[must_use]
pub fn ueid(attributes: Attributes) -> Option<String> {
    attributes.text(ENTRY).filter(|ueid| !ueid.is_empty())
}

/// Parses the system EID in an answer.
#[must_use]
pub fn seid(attributes: Attributes) -> Seid {
    let seid = attributes.text(ENTRY).filter(|seid| !seid.is_empty());
    Seid {
        enabled: seid.is_some() && attributes.number(SEID_ENABLED) == Some(1),
        seid,
    }
}

/// Reads the user EIDs, in the order in which they are offered.
///
/// # Errors
/// When the kernel does not report them.
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
/// That of the kernel.
pub fn add_ueid(family: Family, ueid: &str) -> io::Result<()> {
    family.call(ADD_UEID, &padded(ueid))
}

/// Removes a user EID.
///
/// # Errors
/// That of the kernel.
pub fn remove_ueid(family: Family, ueid: &str) -> io::Result<()> {
    family.call(REMOVE_UEID, &padded(ueid))
}

/// Removes all user EIDs.
///
/// # Errors
/// That of the kernel.
pub fn flush_ueids(family: Family) -> io::Result<()> {
    family.call(FLUSH_UEID, &[])
}

fn padded(ueid: &str) -> Vec<u8> {
    let mut request = Vec::new();
    put_text(&mut request, ENTRY, &format!("{ueid:EID_LENGTH$}"));
    request
}

/// Reads the system EID.
///
/// # Errors
/// When the kernel does not report it.
pub fn read_seid() -> Result<Seid, Failure> {
    let mut found = Seid::default();
    Family::smc()?
        .dump(DUMP_SEID, |answer| found = seid(answer))
        .map_err(|error| refused("read the system EID", &error))?;
    Ok(found)
}

/// Enables or disables the system EID.
///
/// # Errors
/// That of the kernel.
pub fn set_seid(family: Family, enabled: bool) -> io::Result<()> {
    family.call(if enabled { ENABLE_SEID } else { DISABLE_SEID }, &[])
}

/// Whether a server with too many handshakes falls back to TCP.
///
/// # Errors
/// When the kernel does not report it.
pub fn is_handshake_limit_enabled() -> Result<bool, Failure> {
    let mut limited = false;
    Family::smc()?
        .dump(DUMP_LIMIT, |answer| {
            limited = answer.number(LIMIT_ENABLED) == Some(1);
        })
        .map_err(|error| refused("read the handshake limit", &error))?;
    Ok(limited)
}

/// Enables or disables the limit in this network namespace.
///
/// # Errors
/// That of the kernel.
pub fn set_handshake_limit(family: Family, limited: bool) -> io::Result<()> {
    family.call(if limited { ENABLE_LIMIT } else { DISABLE_LIMIT }, &[])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::attributes::put;

    #[test]
    fn a_ueid_is_padded_when_sent() {
        let request = padded("MYEID");
        let value = Attributes::new(&request).get(ENTRY).unwrap_or_default();
        assert_eq!(value.len(), 33);
        assert_eq!(value.last(), Some(&0));
        assert_eq!(ueid(Attributes::new(&request)).as_deref(), Some("MYEID"));
    }

    #[test]
    fn zeros_are_no_system_eid() {
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
