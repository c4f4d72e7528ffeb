// SPDX-License-Identifier: MIT OR Apache-2.0
//! What one of our own sockets really is, and why: getsockopt and SMC_DIAG.

use crate::kernel::diag::{self, Mode, Wanted};
use crate::kernel::owners;
use socket2::{Domain, Protocol, Socket};
use std::os::fd::AsRawFd;

/// `AF_SMC` and `IPPROTO_SMC`.
pub const AF_SMC: i32 = diag::AF_SMC as i32;
/// See [`AF_SMC`].
pub const IPPROTO_SMC: i32 = 256;

fn ask(inode: u64) -> Option<diag::Socket> {
    let mut found = None;
    let asked = diag::each(Wanted::Link, |socket| {
        if socket.inode == inode {
            found = Some(socket);
        }
    });
    asked.ok().and(found)
}

/// What a connected socket is, and what the kernel tells of it.
#[must_use]
pub fn of(socket: &Socket) -> (Mode, Option<diag::Socket>) {
    let diag = owners::inode_of_own(socket.as_raw_fd()).and_then(ask);
    // The descriptor itself is the truth; the kind of SMC is only in SMC_DIAG.
    let is_smc = socket.protocol().ok().flatten() == Some(Protocol::from(IPPROTO_SMC))
        || socket
            .domain()
            .is_ok_and(|domain| domain == Domain::from(AF_SMC));
    let mode = match (is_smc, diag.as_ref().map(|diag| diag.mode)) {
        (false, _) => Mode::Tcp,
        (true, Some(mode @ (Mode::SmcR | Mode::SmcD))) => mode,
        (true, _) => Mode::Smc,
    };
    (mode, diag)
}
