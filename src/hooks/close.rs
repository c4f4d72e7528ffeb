// SPDX-License-Identifier: MIT OR Apache-2.0
//! Calls that close descriptors: what an SMC socket has not sent is drained before.

use super::real::{self, real};
use super::Preload;
use crate::stdio;
use libc::{c_char, c_int, c_uint, c_void, FILE};
use redhook::hook;
use smc_core::lifecycle;
use smc_core::panics::caught;
use smc_core::{drain, fd_table, report, sys};
use std::sync::atomic::AtomicPtr;

type Close = unsafe extern "C" fn(c_int) -> c_int;
type Shutdown = unsafe extern "C" fn(c_int, c_int) -> c_int;
type FileClose = unsafe extern "C-unwind" fn(*mut FILE) -> c_int;

hook! {
    unsafe fn close(fd: c_int) -> c_int => shim_close {
        let real = real!("C" fn close(fd: c_int) -> c_int);
        if fd_table::is_known(fd) {
            return close_known(fd, real);
        }
        // SAFETY: the program's own argument.
        unsafe { real(fd) }
    }
}

#[cold]
extern "C" fn close_known(fd: c_int, real: Close) -> c_int {
    caught(|| {
        if report::is_watched(fd) {
            report::leave::before_close(fd);
        }
        drain::before_close(fd);
    });
    // SAFETY: the program's own argument.
    unsafe { real(fd) }
}

hook! {
    unsafe fn shutdown(fd: c_int, how: c_int) -> c_int => shim_shutdown {
        let real = real!("C" fn shutdown(fd: c_int, how: c_int) -> c_int);
        if fd_table::is_known(fd) {
            return shutdown_known(fd, how, real);
        }
        // SAFETY: the program's own arguments.
        unsafe { real(fd, how) }
    }
}

#[cold]
extern "C" fn shutdown_known(fd: c_int, how: c_int, real: Shutdown) -> c_int {
    let result = caught(|| {
        if report::is_watched(fd) {
            report::leave::before_shutdown(fd);
        }
        lifecycle::shutdown::before(Preload, fd, how)
    });
    if let Some(result) = result.flatten() {
        return sys::c_result(result);
    }
    // SAFETY: the program's own arguments.
    let answer = unsafe { real(fd, how) };
    if answer == 0 {
        caught(|| lifecycle::shutdown::after(fd, how));
    }
    answer
}

// By a system call of our own: C libraries before glibc 2.34 have no such call.
hook! {
    unsafe fn close_range(first: c_uint, last: c_uint, flags: c_int) -> c_int => shim_close_range {
        if !sys::only_marks(flags) {
            if report::is_on() {
                report::leave::before_close_range(first, last);
            }
            if sys::unshares(flags) {
                drain::before_close_range_unshared(first, last);
                super::unshare::before();
            } else {
                drain::before_close_range(first, last);
            }
        }
        sys::c_result(sys::close_range(first, last, flags))
    }
}

hook! {
    unsafe fn closefrom(first: c_int) -> () => shim_closefrom {
        let first = c_uint::try_from(first).unwrap_or(0);
        if report::is_on() {
            report::leave::before_close_range(first, c_uint::MAX);
        }
        drain::before_close_range(first, c_uint::MAX);
        if sys::close_range(first, c_uint::MAX, 0).is_err() {
            close_from(c_int::try_from(first).unwrap_or(c_int::MAX));
        }
    }
}

/// Where the kernel has no close_range(2), and the C library may have no closefrom(3).
#[cold]
fn close_from(first: c_int) {
    static REAL: AtomicPtr<c_void> = AtomicPtr::new(std::ptr::null_mut());
    if real::is_missing(real::find(&REAL, c"closefrom")) {
        sys::close_each_from(first);
    } else {
        let real = real!("C" fn closefrom(first: c_int));
        // SAFETY: closefrom(3) takes any integer.
        unsafe { real(first) };
    }
}

#[no_mangle]
unsafe extern "C-unwind" fn fclose(stream: *mut FILE) -> c_int {
    let real = real!("C-unwind" fn fclose(stream: *mut FILE) -> c_int);
    if fd_table::any_connected() || report::is_on() {
        // SAFETY: the program's own argument.
        return unsafe { fclose_known(real, stream) };
    }
    // SAFETY: the program's own argument.
    unsafe { real(stream) }
}

/// # Safety
/// `stream` must be one of the C library's.
#[cold]
unsafe fn fclose_known(real: FileClose, stream: *mut FILE) -> c_int {
    // SAFETY: a stream of the C library's.
    let fd = unsafe { stdio::descriptor_of(stream) };
    if report::is_watched(fd) {
        caught(|| report::leave::before_close(fd));
    }
    let mut failure = None;
    if caught(|| stdio::before_close(stream, fd)).unwrap_or(false) {
        // SAFETY: a stream of the C library's.
        failure = unsafe { stdio::write_out(stream) };
        caught(|| drain::before_close(fd));
    }
    // SAFETY: the program's own argument.
    match (unsafe { real(stream) }, failure) {
        (0, Some(failure)) => {
            failure.set();
            libc::EOF
        }
        (answer, _) => answer,
    }
}

hook! {
    unsafe fn fdopen(fd: c_int, mode: *const c_char) -> *mut FILE => shim_fdopen {
        let real = real!("C" fn fdopen(fd: c_int, mode: *const c_char) -> *mut FILE);
        // SAFETY: the program's own arguments.
        let stream = unsafe { real(fd, mode) };
        stdio::opened(stream, fd);
        stream
    }
}
