// SPDX-License-Identifier: MIT OR Apache-2.0
//! Generic netlink: the families of SMC.

use super::attributes::{put_text, Attributes};
use super::modules;
use super::netlink;
use crate::failure::{again_with_sudo, words, Failure};
use netlink_sys::protocols::NETLINK_GENERIC;
use std::io;

/// `CTRL_CMD_GETFAMILY` of the controller family, and its attributes.
const CONTROL: u16 = 16;
const GET_FAMILY: u8 = 3;
const FAMILY_ID: u16 = 1;
const FAMILY_NAME: u16 = 2;

/// Error numbers of Linux, which the standard library does not name.
pub mod errno {
    /// Operation not permitted.
    pub const EPERM: i32 = 1;
    /// No such entry.
    pub const ENOENT: i32 = 2;
    /// Try again.
    pub const EAGAIN: i32 = 11;
    /// Permission denied.
    pub const EACCES: i32 = 13;
    /// Exists already.
    pub const EEXIST: i32 = 17;
    /// Invalid argument.
    pub const EINVAL: i32 = 22;
    /// Out of range.
    pub const ERANGE: i32 = 34;
    /// Not supported.
    pub const EOPNOTSUPP: i32 = 95;
}

/// A family of this kernel.
#[derive(Clone, Copy, Debug)]
pub struct Family(u16);

impl Family {
    /// The family of SMC, for everything but pnetids.
    ///
    /// # Errors
    /// When this kernel does not have it.
    pub fn smc() -> Result<Self, Failure> {
        Self::find("SMC_GEN_NETLINK", "smc")
    }

    /// The family for pnetids.
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
        let result = netlink::call(NETLINK_GENERIC, CONTROL, &payload, |answer| {
            found = found.or(family_id(answer));
        });
        match (result, found) {
            (Ok(()), Some(id)) => Ok(Self(id)),
            (Err(error), _) if error.raw_os_error() != Some(errno::ENOENT) => Err(Failure::new(
                format!("cannot query SMC over netlink: {}", words(&error)),
            )),
            _ => Err(modules::missing(module)),
        }
    }

    /// Sends a dump request and calls `each` with the attributes of each answer.
    ///
    /// # Errors
    /// That of the kernel.
    pub fn dump(self, command: u8, mut each: impl FnMut(Attributes)) -> io::Result<()> {
        netlink::dump(NETLINK_GENERIC, self.0, &[command, 1, 0, 0], |answer| {
            each(Attributes::new(answer.get(4..).unwrap_or_default()));
        })
    }

    /// Sends a request and waits for its acknowledgement.
    ///
    /// # Errors
    /// That of the kernel.
    pub fn call(self, command: u8, attributes: &[u8]) -> io::Result<()> {
        let mut payload = vec![command, 1, 0, 0];
        payload.extend_from_slice(attributes);
        netlink::call(NETLINK_GENERIC, self.0, &payload, |_| {})
    }
}

/// Parses the ID in an answer of the controller family.
#[must_use]
pub fn family_id(answer: &[u8]) -> Option<u16> {
    Attributes::new(answer.get(4..)?).small(FAMILY_ID)
}

/// The failure of a request with an error that any request can have.
#[must_use]
pub fn refused(what: &str, error: &io::Error) -> Failure {
    match error.raw_os_error() {
        Some(errno::EPERM | errno::EACCES) => Failure::new(format!(
            "cannot {what}: this needs CAP_NET_ADMIN in the initial user namespace"
        ))
        .fixed_by(again_with_sudo()),
        Some(errno::EOPNOTSUPP) => {
            Failure::new(format!("cannot {what}: this kernel does not support it"))
        }
        _ => Failure::new(format!("cannot {what}: {}", words(error))),
    }
}
