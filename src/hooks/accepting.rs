// SPDX-License-Identifier: MIT OR Apache-2.0
//! Calls that accept connections. As in `closing`, a hook jumps to the real call
//! where there is nothing more to do.

use super::look::accepts_tcp;
use super::next::{jump, next};
use crate::smc;
use libc::{c_int, sockaddr, socklen_t};
use redhook::hook;

hook! {
    unsafe fn accept(fd: c_int, address: *mut sockaddr, length: *mut socklen_t) -> c_int => shim_accept {
        if !accepts_tcp(fd) {
            // SAFETY: the program's own arguments.
            return unsafe { accept_smc(fd, address, length) };
        }
        jump!(accept(fd: c_int, address: *mut sockaddr, length: *mut socklen_t) -> c_int)
    }
}

#[cold]
unsafe extern "C" fn accept_smc(
    fd: c_int,
    address: *mut sockaddr,
    length: *mut socklen_t,
) -> c_int {
    let real = next!(accept);
    // SAFETY: the program's own arguments.
    smc::accept::accept(fd, || unsafe { real(fd, address, length) })
}

hook! {
    unsafe fn accept4(
        fd: c_int, address: *mut sockaddr, length: *mut socklen_t, flags: c_int
    ) -> c_int => shim_accept4 {
        if !accepts_tcp(fd) {
            // SAFETY: the program's own arguments.
            return unsafe { accept4_smc(fd, address, length, flags) };
        }
        jump!(accept4(fd: c_int, address: *mut sockaddr, length: *mut socklen_t, flags: c_int) -> c_int)
    }
}

#[cold]
unsafe extern "C" fn accept4_smc(
    fd: c_int,
    address: *mut sockaddr,
    length: *mut socklen_t,
    flags: c_int,
) -> c_int {
    let real = next!(accept4);
    // SAFETY: the program's own arguments.
    smc::accept::accept(fd, || unsafe { real(fd, address, length, flags) })
}
