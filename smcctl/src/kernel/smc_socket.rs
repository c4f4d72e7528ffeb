// SPDX-License-Identifier: MIT OR Apache-2.0
//! SMC sockets of this process: creates them and reads what they really are.

use super::diag::{self, Mode, Wanted};
use super::{modules, owners};
use crate::failure::Failure;
use smc_core::sys::{AF_SMC, IPPROTO_SMC, SMCPROTO_SMC, SMCPROTO_SMC6};
use socket2::{Domain, Protocol, Socket, Type};
use std::os::fd::AsRawFd;

/// The kinds of SMC sockets that this kernel creates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Supported {
    /// `socket(AF_SMC, …)`.
    pub af_smc: bool,
    /// `socket(AF_INET, …, IPPROTO_SMC)`.
    pub ipproto_smc: bool,
}

impl Supported {
    /// Tries both, which makes the kernel load the module `smc` if it can.
    #[must_use]
    pub fn probe() -> Self {
        Self {
            af_smc: new(Domain::from(AF_SMC), SMCPROTO_SMC).is_some(),
            ipproto_smc: new(Domain::IPV4, IPPROTO_SMC).is_some(),
        }
    }

    /// Whether the kernel creates SMC sockets of some kind.
    #[must_use]
    pub fn any(self) -> bool {
        self.af_smc || self.ipproto_smc
    }
}

fn new(domain: Domain, protocol: i32) -> Option<Socket> {
    Socket::new(domain, Type::STREAM, Some(Protocol::from(protocol))).ok()
}

/// Creates an SMC socket, by `IPPROTO_SMC` where the kernel has it, as the shim does.
///
/// # Errors
/// When the kernel has no SMC.
pub fn create(ipv6: bool) -> Result<Socket, Failure> {
    let (domain, protocol) = if ipv6 {
        (Domain::IPV6, SMCPROTO_SMC6)
    } else {
        (Domain::IPV4, SMCPROTO_SMC)
    };
    new(domain, IPPROTO_SMC)
        .or_else(|| new(Domain::from(AF_SMC), protocol))
        .ok_or_else(|| modules::missing("smc"))
}

/// Returns the mode of a connected socket, and what SMC_DIAG reports of it.
#[must_use]
pub fn mode_of(socket: &Socket) -> (Mode, Option<diag::Socket>) {
    let diag = owners::inode_of_own(socket.as_raw_fd()).and_then(find);
    // Whether it is SMC is known from the descriptor itself; SMC_DIAG knows the kind.
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

fn find(inode: u64) -> Option<diag::Socket> {
    let mut found = None;
    let listed = diag::each(Wanted::Link, |socket| {
        if socket.inode == inode {
            found = Some(socket);
        }
    });
    listed.ok().and(found)
}
