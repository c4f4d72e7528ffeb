// SPDX-License-Identifier: MIT OR Apache-2.0
//! Making SMC sockets where the program asks for TCP ones.
//!
//! Whatever goes wrong, the program gets the socket it asked for; only
//! `SMC_REQUIRE=1` turns a failure into an error. A kernel that has said that
//! it cannot make SMC sockets is not asked again by this process: each such
//! question would make the kernel start modprobe.

use super::os::{self, Errno};
use super::{identity, AF_SMC, IPPROTO_SMC, SMCPROTO_SMC, SMCPROTO_SMC6};
use crate::process::{self, Process};
use crate::{hints, journal};
use libc::{AF_INET, AF_INET6, EAFNOSUPPORT, EINVAL, EPROTONOSUPPORT, SOL_SOCKET};
use smc_policy::Creation;
use std::ffi::c_int;
use std::sync::atomic::{AtomicU8, Ordering::Relaxed};

/// `socket(2)` as the program would have reached it.
pub type SocketCall = unsafe extern "C" fn(c_int, c_int, c_int) -> c_int;

/// Nothing to do for this family.
const LEAVE: u8 = 0;
/// Ask for IPPROTO_SMC; nothing else to see to.
const STRAIGHT: u8 = 1;
/// The long way: not loaded yet, AF_SMC, buffer sizes, a journal, a failure.
const CAREFUL: u8 = 2;

/// What to do with a new socket, by its address family (2 and 10 count).
static ROUTES: [AtomicU8; 16] = [const { AtomicU8::new(CAREFUL) }; 16];

/// How this kernel makes SMC sockets, as far as is known: IPPROTO_SMC.
const BY_PROTOCOL: u8 = 0;
/// It has no IPPROTO_SMC: AF_SMC.
const BY_FAMILY: u8 = 1;
/// It has neither.
const IMPOSSIBLE: u8 = 2;
/// For IPv4 and for IPv6: a kernel can have one and not the other.
static WAYS: [AtomicU8; 2] = [AtomicU8::new(BY_PROTOCOL), AtomicU8::new(BY_PROTOCOL)];

/// Sets the routes once this process is known; `None`: the shim stays out.
pub fn open_routes(process: Option<&Process>) {
    // Straight only when the kernel has made one: a call that fails on the way
    // to one that succeeds would cost the program its errno.
    let route = if process.is_some_and(|process| process.takes_part) {
        CAREFUL
    } else {
        LEAVE
    };
    for (domain, slot) in (0..).zip(&ROUTES) {
        let is_internet = matches!(domain, AF_INET | AF_INET6);
        slot.store(if is_internet { route } else { LEAVE }, Relaxed);
    }
}

fn set_route(domain: c_int, route: u8) {
    if let Some(slot) = usize::try_from(domain)
        .ok()
        .and_then(|domain| ROUTES.get(domain))
    {
        slot.store(route, Relaxed);
    }
}

/// Whether `socket(AF_INET or AF_INET6, kind, protocol)` is TCP.
#[inline]
fn is_tcp(kind: c_int, protocol: c_int) -> bool {
    kind & !(libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC) == libc::SOCK_STREAM
        && (protocol == 0 || protocol == libc::IPPROTO_TCP)
}

/// The program's `socket()`: an SMC socket if it asked for TCP in a process
/// that takes part, else what it asked for.
///
/// # Safety
/// `real` must be `socket(2)`.
#[inline]
pub unsafe fn socket(real: SocketCall, domain: c_int, kind: c_int, protocol: c_int) -> c_int {
    let route = match usize::try_from(domain)
        .ok()
        .and_then(|domain| ROUTES.get(domain))
    {
        Some(route) => route.load(Relaxed),
        None => CAREFUL,
    };
    if route == LEAVE {
        // SAFETY: the program's own call.
        return unsafe { real(domain, kind, protocol) };
    }
    if route == STRAIGHT && is_tcp(kind, protocol) {
        // SAFETY: `socket` takes any integers.
        let fd = unsafe { real(domain, kind, IPPROTO_SMC) };
        if fd >= 0 {
            hints::made(fd);
            return fd;
        }
    }
    // SAFETY: as the caller promises.
    unsafe { carefully(real, domain, kind, protocol) }
}

/// # Safety
/// `real` must be `socket(2)`.
#[cold]
unsafe fn carefully(real: SocketCall, domain: c_int, kind: c_int, protocol: c_int) -> c_int {
    let before = Errno::current();
    let wanted = (domain == AF_INET || domain == AF_INET6) && is_tcp(kind, protocol);
    if !wanted {
        identity::program_asked_for(domain, protocol);
    }
    if let Some(process) = process::get().filter(|process| wanted && process.takes_part) {
        // SAFETY: as the caller promises.
        match unsafe { create(real, process, domain, kind) } {
            Ok(fd) => {
                hints::made(fd);
                size_buffers(process, fd);
                before.set();
                return fd;
            }
            Err(error) if process.config.require => {
                journal::cannot_create(error.0);
                error.set();
                return -1;
            }
            Err(_) => before.set(),
        }
    }
    // SAFETY: the program's own call.
    unsafe { real(domain, kind, protocol) }
}

/// Tries the ways that this kernel may have, and remembers those it lacks.
///
/// # Safety
/// `real` must be `socket(2)`.
unsafe fn create(
    real: SocketCall,
    process: &Process,
    domain: c_int,
    kind: c_int,
) -> Result<c_int, Errno> {
    let [v4, v6] = &WAYS;
    let (way, family_protocol) = if domain == AF_INET {
        (v4, SMCPROTO_SMC)
    } else {
        (v6, SMCPROTO_SMC6)
    };
    // Who requires SMC wants the kernel's answer each time.
    if way.load(Relaxed) == IMPOSSIBLE && !process.config.require {
        return Err(Errno(EAFNOSUPPORT));
    }
    let mut answer = Err(Errno(EPROTONOSUPPORT));
    if process.config.creation != Creation::AfSmc && way.load(Relaxed) == BY_PROTOCOL {
        // SAFETY: `socket` takes any integers.
        answer = outcome(unsafe { real(domain, kind, IPPROTO_SMC) });
        if answer.is_ok() && is_simple(process) {
            set_route(domain, STRAIGHT);
        }
    }
    // Kernels before 6.11 say EPROTONOSUPPORT, those before 5.6 EINVAL: 256
    // was out of their range.
    let no_protocol = matches!(answer, Err(Errno(EPROTONOSUPPORT | EINVAL)));
    if no_protocol && process.config.creation != Creation::IpprotoSmc {
        way.store(BY_FAMILY, Relaxed);
        set_route(domain, CAREFUL);
        // SAFETY: as above.
        answer = outcome(unsafe { real(AF_SMC, kind, family_protocol) });
    }
    if matches!(answer, Err(Errno(EAFNOSUPPORT | EPROTONOSUPPORT | EINVAL))) {
        way.store(IMPOSSIBLE, Relaxed);
        if !process.config.require {
            set_route(domain, LEAVE);
            // For want of IPv6 it may be, if not asked for IPv4.
            if domain == AF_INET {
                process::makes_no_smc();
            }
            journal::no_kernel_support();
        }
    }
    answer
}

/// Whether there is nothing to see to beside the call itself.
fn is_simple(process: &Process) -> bool {
    process.config.sndbuf.is_none()
        && process.config.rcvbuf.is_none()
        && process.config.creation != Creation::AfSmc
        && !journal::has_lines()
}

fn outcome(fd: c_int) -> Result<c_int, Errno> {
    if fd >= 0 {
        Ok(fd)
    } else {
        Err(Errno::current())
    }
}

/// `SMC_SNDBUF` and `SMC_RCVBUF`: the ring sizes must be set before connect or
/// listen. The kernel cuts them to `net.core.wmem_max` and `rmem_max`, as TCP's.
fn size_buffers(process: &Process, fd: c_int) {
    for (name, bytes) in [
        (libc::SO_SNDBUF, process.config.sndbuf),
        (libc::SO_RCVBUF, process.config.rcvbuf),
    ] {
        if let Some(Ok(bytes)) = bytes.map(c_int::try_from) {
            let _ = os::set_int_option(fd, SOL_SOCKET, name, bytes);
        }
    }
}
