// SPDX-License-Identifier: MIT OR Apache-2.0
//! `accept` and `accept4`.

use super::real::real;
use libc::{c_int, sockaddr, socklen_t};
use smc_core::fd_table;
use smc_core::lifecycle;
use smc_core::panics::caught;
use smc_core::{report, sys};

type Accept = unsafe extern "C-unwind" fn(c_int, *mut sockaddr, *mut socklen_t) -> c_int;
type Accept4 = unsafe extern "C-unwind" fn(c_int, *mut sockaddr, *mut socklen_t, c_int) -> c_int;

#[no_mangle]
unsafe extern "C-unwind" fn accept(
    fd: c_int,
    address: *mut sockaddr,
    length: *mut socklen_t,
) -> c_int {
    let real = real!("C-unwind" fn accept(fd: c_int, address: *mut sockaddr, length: *mut socklen_t) -> c_int);
    if fd_table::listens_as_tcp(fd) {
        // SAFETY: the program's own arguments.
        return unsafe { real(fd, address, length) };
    }
    // SAFETY: the program's own arguments.
    unsafe { accept_looking(fd, address, length, real) }
}

/// # Safety
/// As the program's call.
#[cold]
unsafe extern "C-unwind" fn accept_looking(
    fd: c_int,
    address: *mut sockaddr,
    length: *mut socklen_t,
    real: Accept,
) -> c_int {
    // SAFETY: the program's own arguments.
    through(fd, || unsafe { real(fd, address, length) })
}

#[no_mangle]
unsafe extern "C-unwind" fn accept4(
    fd: c_int,
    address: *mut sockaddr,
    length: *mut socklen_t,
    flags: c_int,
) -> c_int {
    let real = real!("C-unwind" fn accept4(
        fd: c_int, address: *mut sockaddr, length: *mut socklen_t, flags: c_int
    ) -> c_int);
    if fd_table::listens_as_tcp(fd) {
        // SAFETY: the program's own arguments.
        return unsafe { real(fd, address, length, flags) };
    }
    // SAFETY: the program's own arguments.
    unsafe { accept4_looking(fd, address, length, flags, real) }
}

/// # Safety
/// As the program's call.
#[cold]
unsafe extern "C-unwind" fn accept4_looking(
    fd: c_int,
    address: *mut sockaddr,
    length: *mut socklen_t,
    flags: c_int,
    real: Accept4,
) -> c_int {
    // SAFETY: the program's own arguments.
    through(fd, || unsafe { real(fd, address, length, flags) })
}

fn through(listener: c_int, call: impl FnOnce() -> c_int) -> c_int {
    let may_be_smc = caught(|| lifecycle::accept::before(listener)).unwrap_or(false);
    let fd = call();
    if fd < 0 {
        return fd;
    }
    if may_be_smc {
        if let Some(Err(error)) = caught(|| lifecycle::accept::after(listener, fd)) {
            return sys::c_result(Err(error));
        }
    }
    if report::is_on() {
        caught(|| report::connections::accepted(fd));
    }
    fd
}
