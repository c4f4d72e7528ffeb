// SPDX-License-Identifier: MIT OR Apache-2.0
//! Is it really SMC, and what would TCP answer?
//!
//! A socket that fell back *is* its inner TCP socket, so `SO_PROTOCOL` and
//! `SO_DOMAIN` tell the truth about any descriptor without privilege (checked
//! on 6.1 and 6.12): protocol 256 or domain 43 is SMC, nothing else is.

use super::{address, os, AF_SMC, IPPROTO_SMC, SMCPROTO_SMC, SMCPROTO_SMC6};
use libc::{SOL_SOCKET, SO_ACCEPTCONN, SO_DOMAIN, SO_PROTOCOL};
use std::ffi::c_int;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

/// The program asked for an SMC socket itself: it knows about SMC, and gets
/// the kernel's own answers.
static PROGRAM_SPEAKS_SMC: AtomicBool = AtomicBool::new(false);

/// Takes note of a socket that the program asked for by its own name.
pub fn program_asked_for(domain: c_int, protocol: c_int) {
    if domain == AF_SMC || protocol == IPPROTO_SMC {
        PROGRAM_SPEAKS_SMC.store(true, Relaxed);
    }
}

/// Whether `fd` is an SMC socket that has not fallen back: one question, two
/// for AF_SMC sockets.
pub fn is_smc(fd: c_int) -> bool {
    match os::get_int_option(fd, SOL_SOCKET, SO_PROTOCOL) {
        Ok(IPPROTO_SMC) => true,
        Ok(SMCPROTO_SMC | SMCPROTO_SMC6) => is_af_smc(fd),
        _ => false,
    }
}

/// Whether `fd` is a socket that listens.
pub fn is_listening(fd: c_int) -> bool {
    os::get_int_option(fd, SOL_SOCKET, SO_ACCEPTCONN) == Ok(1)
}

/// Whether `fd` was made as an SMC socket and is TCP by now.
pub fn has_fallen_back(fd: c_int) -> bool {
    let mut name = [0; 32];
    let made_as_smc = os::protocol_name(fd, &mut name)
        .is_ok_and(|name| name.windows(3).any(|part| part == b"SMC"));
    made_as_smc && !is_smc(fd)
}

fn is_af_smc(fd: c_int) -> bool {
    os::get_int_option(fd, SOL_SOCKET, SO_DOMAIN) == Ok(AF_SMC)
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
    os::local_address(fd)
        .ok()
        .map(|(local, _)| address::family(&local))
}
