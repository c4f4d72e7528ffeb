// SPDX-License-Identifier: MIT OR Apache-2.0
//! `socket`: an SMC socket where the program asks for a TCP socket.
//!
//! Whatever goes wrong, the program gets the socket that it asked for; only
//! `SMC_REQUIRE=1` turns a failure into an error.

use crate::convert::smc_socket;
use crate::engine::Engine;
use crate::panics::caught;
use crate::process;
use crate::sys::{self, Errno, IPPROTO_SMC};
use crate::{events, fd_table, identity};
use libc::{AF_INET, AF_INET6, IPPROTO_TCP, SOCK_CLOEXEC, SOCK_NONBLOCK, SOCK_STREAM, SOL_SOCKET};
use std::ffi::c_int;

/// Whether `socket(domain, kind, protocol)` is TCP.
#[inline]
pub fn is_tcp(domain: c_int, kind: c_int, protocol: c_int) -> bool {
    (domain == AF_INET || domain == AF_INET6)
        && kind & !(SOCK_NONBLOCK | SOCK_CLOEXEC) == SOCK_STREAM
        && (protocol == 0 || protocol == IPPROTO_TCP)
}

/// The program's `socket()`: an SMC socket if it asks for TCP in a process that takes
/// part, else what it asks for.
#[inline(always)]
#[allow(clippy::inline_always, reason = "one program calls it by one name")]
pub fn socket(engine: impl Engine, domain: c_int, kind: c_int, protocol: c_int) -> c_int {
    if !is_tcp(domain, kind, protocol) {
        identity::program_asked_for(domain, protocol);
        return engine.socket(domain, kind, protocol);
    }
    let Some(process) = process::get().filter(|_| process::makes_smc()) else {
        return engine.socket(domain, kind, protocol);
    };
    let before = Errno::current();
    if smc_socket::is_by_protocol(process, domain) {
        let fd = engine.socket(domain, kind, IPPROTO_SMC);
        if fd >= 0 {
            fd_table::created(fd);
            if process.sizes_buffers() {
                size_buffers(fd);
            }
            return fd;
        }
    }
    otherwise(engine, domain, kind, protocol, before)
}

/// The kernel has created no SMC socket by IPPROTO_SMC: another one, a TCP socket, or an
/// error if SMC is required.
#[cold]
extern "C" fn otherwise<E: Engine>(
    engine: E,
    domain: c_int,
    kind: c_int,
    protocol: c_int,
    before: Errno,
) -> c_int {
    let created = caught(|| {
        let process = process::get()?;
        let call = |domain, kind, protocol| outcome(engine.socket(domain, kind, protocol));
        match smc_socket::create(call, process, domain, kind) {
            Ok(fd) => {
                fd_table::created(fd);
                if process.sizes_buffers() {
                    size_buffers(fd);
                }
                Some(Ok(fd))
            }
            Err(error) if process.config.require => {
                events::cannot_create(error.0);
                Some(Err(error))
            }
            Err(_) => None,
        }
    });
    if let Some(Err(error)) = created.flatten() {
        error.set();
        return -1;
    }
    before.set();
    match created.flatten() {
        Some(Ok(fd)) => fd,
        _ => engine.socket(domain, kind, protocol),
    }
}

fn outcome(fd: c_int) -> Result<c_int, Errno> {
    if fd >= 0 {
        Ok(fd)
    } else {
        Err(Errno::current())
    }
}

/// `SMC_SNDBUF` and `SMC_RCVBUF`: the ring sizes must be set before connect or listen. The
/// kernel cuts them to `net.core.wmem_max` and `rmem_max`, as TCP's.
#[cold]
extern "C" fn size_buffers(fd: c_int) {
    let config = process::get().map(|process| &process.config);
    for (name, bytes) in [
        (libc::SO_SNDBUF, config.and_then(|config| config.sndbuf)),
        (libc::SO_RCVBUF, config.and_then(|config| config.rcvbuf)),
    ] {
        if let Some(Ok(bytes)) = bytes.map(c_int::try_from) {
            let _ = sys::set_int_option(fd, SOL_SOCKET, name, bytes);
        }
    }
}
