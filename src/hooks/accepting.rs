// SPDX-License-Identifier: MIT OR Apache-2.0
//! Calls that accept connections. As in `closing`, a hook jumps to the real call
//! where there is nothing more to do.

use super::next::next;
use super::straight::straight;
use crate::hints::LISTENS_AS_TCP;
use crate::smc;
use libc::{c_int, sockaddr, socklen_t};

straight! {
    unsafe fn accept(fd: c_int, address: *mut sockaddr, length: *mut socklen_t) -> c_int => shim_accept,
    accept_smc if LISTENS_AS_TCP, is_clear
}

#[cold]
unsafe extern "C" fn accept_smc(
    fd: c_int,
    address: *mut sockaddr,
    length: *mut socklen_t,
) -> c_int {
    let real = next!(accept: unsafe extern "C" fn(c_int, *mut sockaddr, *mut socklen_t) -> c_int);
    // SAFETY: the program's own arguments.
    smc::accept::accept(fd, || unsafe { real(fd, address, length) })
}

straight! {
    unsafe fn accept4(
        fd: c_int, address: *mut sockaddr, length: *mut socklen_t, flags: c_int
    ) -> c_int => shim_accept4,
    accept4_smc if LISTENS_AS_TCP, is_clear
}

#[cold]
unsafe extern "C" fn accept4_smc(
    fd: c_int,
    address: *mut sockaddr,
    length: *mut socklen_t,
    flags: c_int,
) -> c_int {
    let real =
        next!(accept4: unsafe extern "C" fn(c_int, *mut sockaddr, *mut socklen_t, c_int) -> c_int);
    // SAFETY: the program's own arguments.
    smc::accept::accept(fd, || unsafe { real(fd, address, length, flags) })
}
