// SPDX-License-Identifier: MIT OR Apache-2.0
//! Generic netlink: the families of SMC, by name.

use super::attributes::{put_text, Attributes};
use super::modules;
use super::netlink;
use crate::failure::{again_with_sudo, words, Failure};
use netlink_sys::protocols::NETLINK_GENERIC;
use std::io;

/// `CTRL_CMD_GETFAMILY` of the family of families, and its attributes.
const CONTROL: u16 = 16;
const GET_FAMILY: u8 = 3;
const FAMILY_ID: u16 = 1;
const FAMILY_NAME: u16 = 2;

/// What Linux answers, by number: the standard library has no names for them.
pub mod errno {
    /// Not permitted.
    pub const EPERM: i32 = 1;
    /// No such thing.
    pub const ENOENT: i32 = 2;
    /// Try again.
    pub const EAGAIN: i32 = 11;
    /// No access.
    pub const EACCES: i32 = 13;
    /// Is there already.
    pub const EEXIST: i32 = 17;
    /// Not valid.
    pub const EINVAL: i32 = 22;
    /// No more room.
    pub const ERANGE: i32 = 34;
    /// Not supported.
    pub const EOPNOTSUPP: i32 = 95;
}

/// A family that this kernel has.
#[derive(Clone, Copy, Debug)]
pub struct Family(u16);

impl Family {
    /// Everything about SMC but the pnetids.
    ///
    /// # Errors
    /// When this kernel does not have it.
    pub fn smc() -> Result<Self, Failure> {
        Self::find("SMC_GEN_NETLINK", "smc")
    }

    /// The pnetids.
    ///
    /// # Errors
    /// When this kernel does not have it.
    pub fn pnetid() -> Result<Self, Failure> {
        Self::find("SMC_PNETID", "smc")
    }

    fn find(name: &str, module: &str) -> Result<Self, Failure> {
        let mut payload = vec![GET_FAMILY, 1, 0, 0];
        put_text(&mut payload, FAMILY_NAME, name);
        let mut found = None;
        let asked = netlink::call(NETLINK_GENERIC, CONTROL, &payload, |answer| {
            found = found.or(family_id(answer));
        });
        match (asked, found) {
            (Ok(()), Some(id)) => Ok(Self(id)),
            (Err(error), _) if error.raw_os_error() != Some(errno::ENOENT) => {
                Err(Failure::new(format!(
                    "the kernel does not say what it knows of SMC: {}",
                    words(&error)
                )))
            }
            _ => Err(modules::missing(module)),
        }
    }

    /// Dumps what `command` tells; `each` is given the attributes of an answer.
    ///
    /// # Errors
    /// The kernel's.
    pub fn dump(self, command: u8, mut each: impl FnMut(Attributes)) -> io::Result<()> {
        netlink::dump(NETLINK_GENERIC, self.0, &[command, 1, 0, 0], |answer| {
            each(Attributes::new(answer.get(4..).unwrap_or_default()));
        })
    }

    /// Has `command` done.
    ///
    /// # Errors
    /// The kernel's.
    pub fn call(self, command: u8, attributes: &[u8]) -> io::Result<()> {
        let mut payload = vec![command, 1, 0, 0];
        payload.extend_from_slice(attributes);
        netlink::call(NETLINK_GENERIC, self.0, &payload, |_| {})
    }
}

/// The family's number in an answer of the family of families.
#[must_use]
pub fn family_id(answer: &[u8]) -> Option<u16> {
    Attributes::new(answer.get(4..)?).small(FAMILY_ID)
}

/// `what` could not be done, for a reason that every command can have.
#[must_use]
pub fn refused(what: &str, error: &io::Error) -> Failure {
    match error.raw_os_error() {
        Some(errno::EPERM | errno::EACCES) => Failure::new(format!(
            "cannot {what}: this needs the privilege CAP_NET_ADMIN on the host itself"
        ))
        .fixed_by(again_with_sudo()),
        Some(errno::EOPNOTSUPP) => {
            Failure::new(format!("cannot {what}: this kernel does not support it"))
        }
        _ => Failure::new(format!("cannot {what}: {}", words(error))),
    }
}
