// SPDX-License-Identifier: MIT OR Apache-2.0
//! How this kernel creates SMC sockets.
//!
//! A kernel that has said that it cannot create them is not asked again by this process:
//! each such question would make the kernel start modprobe.

use crate::events;
use crate::process::{self, Process};
use crate::sys::{self, Errno, AF_SMC, IPPROTO_SMC, SMCPROTO_SMC, SMCPROTO_SMC6};
use libc::{AF_INET, EAFNOSUPPORT, EINVAL, EPROTONOSUPPORT};
use smc_policy::Creation;
use std::ffi::c_int;
use std::sync::atomic::{AtomicU8, Ordering::Relaxed};

/// As far as is known: by IPPROTO_SMC.
const BY_PROTOCOL: u8 = 0;
/// It has no IPPROTO_SMC: by AF_SMC.
const BY_FAMILY: u8 = 1;
/// By neither.
const UNAVAILABLE: u8 = 2;
/// For IPv4 and for IPv6: a kernel can have one and not the other.
static WAYS: [AtomicU8; 2] = [AtomicU8::new(BY_PROTOCOL), AtomicU8::new(BY_PROTOCOL)];

fn way(domain: c_int) -> &'static AtomicU8 {
    let [v4, v6] = &WAYS;
    if domain == AF_INET {
        v4
    } else {
        v6
    }
}

/// Whether the kernel is asked for IPPROTO_SMC first.
#[inline]
pub fn is_by_protocol(process: &Process, domain: c_int) -> bool {
    way(domain).load(Relaxed) == BY_PROTOCOL && process.config.creation != Creation::AfSmc
}

/// An SMC socket, created by `call`, which is socket(2). Tries the ways that this kernel
/// may have, and remembers those that it lacks.
///
/// # Errors
/// Those of socket(2); EAFNOSUPPORT where the kernel is known to create none.
#[inline]
pub fn create(
    call: impl Fn(c_int, c_int, c_int) -> Result<c_int, Errno>,
    process: &Process,
    domain: c_int,
    kind: c_int,
) -> Result<c_int, Errno> {
    let way = way(domain);
    if is_by_protocol(process, domain) {
        let created = call(domain, kind, IPPROTO_SMC);
        match created {
            // Kernels before 6.11 say EPROTONOSUPPORT, those before 5.6 EINVAL: 256 was
            // out of their range.
            Err(Errno(EPROTONOSUPPORT | EINVAL | EAFNOSUPPORT)) => {}
            _ => return created,
        }
    }
    create_by_family(call, process, domain, kind, way)
}

#[cold]
fn create_by_family(
    call: impl Fn(c_int, c_int, c_int) -> Result<c_int, Errno>,
    process: &Process,
    domain: c_int,
    kind: c_int,
    way: &AtomicU8,
) -> Result<c_int, Errno> {
    // Who requires SMC wants the kernel's answer each time.
    if way.load(Relaxed) == UNAVAILABLE && !process.config.require {
        return Err(Errno(EAFNOSUPPORT));
    }
    let is_family_allowed = process.config.creation != Creation::IpprotoSmc;
    let mut created = Err(Errno(EPROTONOSUPPORT));
    if is_family_allowed {
        way.store(BY_FAMILY, Relaxed);
        let protocol = if domain == AF_INET {
            SMCPROTO_SMC
        } else {
            SMCPROTO_SMC6
        };
        created = call(AF_SMC, kind, protocol);
    }
    if let Err(Errno(error @ (EAFNOSUPPORT | EPROTONOSUPPORT | EINVAL))) = created {
        way.store(UNAVAILABLE, Relaxed);
        if !process.config.require {
            // No family AF_SMC, so neither way and for neither family. (AF_INET6 may be what
            // the kernel does not support.)
            if is_family_allowed && error == EAFNOSUPPORT && domain == AF_INET {
                process::mark_smc_unavailable();
            }
            events::no_kernel_support();
        }
    }
    created
}

/// An SMC socket for a use of our own.
///
/// # Errors
/// When this process or this kernel creates none.
pub fn create_own(domain: c_int, kind: c_int) -> Result<c_int, Errno> {
    let process = process::get().ok_or(Errno(EAFNOSUPPORT))?;
    create(sys::socket, process, domain, kind)
}
