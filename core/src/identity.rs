// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the kernel says a socket is, and what TCP would have answered.
//!
//! A socket that fell back *is* its inner TCP socket, so `SO_PROTOCOL` and
//! `SO_DOMAIN` tell the truth about any descriptor without privilege (checked
//! on 6.1 and 6.12): protocol 256 or domain 43 is SMC, nothing else is.

use crate::sys::{self, address, AF_SMC, IPPROTO_SMC, SMCPROTO_SMC, SMCPROTO_SMC6};
use libc::{SOL_SOCKET, SO_ACCEPTCONN, SO_DOMAIN, SO_PROTOCOL};
use std::ffi::c_int;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

/// The program has asked for an SMC socket itself: it gets the kernel's own answers.
static PROGRAM_SPEAKS_SMC: AtomicBool = AtomicBool::new(false);

/// The program asks for a socket that is not TCP.
#[inline]
pub fn program_asked_for(domain: c_int, protocol: c_int) {
    if domain == AF_SMC || protocol == IPPROTO_SMC {
        PROGRAM_SPEAKS_SMC.store(true, Relaxed);
    }
}

/// Whether `fd` is an SMC socket that has not fallen back. One system call, two for AF_SMC
/// sockets.
pub fn is_smc(fd: c_int) -> bool {
    match sys::get_int_option(fd, SOL_SOCKET, SO_PROTOCOL) {
        Ok(IPPROTO_SMC) => true,
        Ok(SMCPROTO_SMC | SMCPROTO_SMC6) => is_af_smc(fd),
        _ => false,
    }
}

/// Whether `fd` is a socket that listens.
pub fn is_listening(fd: c_int) -> bool {
    sys::get_int_option(fd, SOL_SOCKET, SO_ACCEPTCONN) == Ok(1)
}

/// Whether `fd` was created as an SMC socket. The kernel remembers the name of the protocol.
pub fn was_created_as_smc(fd: c_int) -> bool {
    let mut name = [0; 32];
    sys::protocol_name(fd, &mut name).is_ok_and(|name| name.windows(3).any(|part| part == b"SMC"))
}

/// Whether `fd` was created as an SMC socket and is TCP now.
pub fn has_fallen_back(fd: c_int) -> bool {
    was_created_as_smc(fd) && !is_smc(fd)
}

fn is_af_smc(fd: c_int) -> bool {
    sys::get_int_option(fd, SOL_SOCKET, SO_DOMAIN) == Ok(AF_SMC)
}

/// What TCP would have answered to `SO_DOMAIN` or `SO_PROTOCOL`, given what the
/// kernel has `answered`; `None` when the answer can stay.
pub fn as_tcp_would(fd: c_int, name: c_int, answered: c_int) -> Option<c_int> {
    let tcp = match (name, answered) {
        (SO_PROTOCOL, IPPROTO_SMC) => libc::IPPROTO_TCP,
        // Other families have protocols 0 and 1 too.
        (SO_PROTOCOL, SMCPROTO_SMC | SMCPROTO_SMC6) if is_af_smc(fd) => libc::IPPROTO_TCP,
        (SO_DOMAIN, AF_SMC) => inner_family(fd)?,
        _ => return None,
    };
    (!PROGRAM_SPEAKS_SMC.load(Relaxed)).then_some(tcp)
}

/// The family of the inner TCP socket, which the local address shows, bound or
/// not: accepted IPPROTO_SMC sockets answer 43 to `SO_DOMAIN` for v4 and v6.
pub fn inner_family(fd: c_int) -> Option<c_int> {
    sys::local_address(fd)
        .ok()
        .map(|(local, _)| address::family(&local))
}
