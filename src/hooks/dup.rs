// SPDX-License-Identifier: MIT OR Apache-2.0
//! Calls that give an open file another number, and may close what had it.

use super::real::real;
use libc::{c_int, c_long, F_DUPFD, F_DUPFD_CLOEXEC};
use redhook::hook;
use smc_core::panics::caught;
use smc_core::{drain, fd_table, report, sys, vfork};

type Dup = unsafe extern "C" fn(c_int) -> c_int;
type Dup2 = unsafe extern "C" fn(c_int, c_int) -> c_int;
type Dup3 = unsafe extern "C" fn(c_int, c_int, c_int) -> c_int;
// In C the third argument is one of `...`: an int or a pointer, in the same place.
type Control = unsafe extern "C" fn(c_int, c_int, c_long) -> c_int;

hook! {
    unsafe fn dup(fd: c_int) -> c_int => shim_dup {
        let real = real!("C" fn dup(fd: c_int) -> c_int);
        if fd_table::is_known(fd) {
            return dup_known(fd, real);
        }
        // SAFETY: the program's own argument.
        unsafe { real(fd) }
    }
}

#[cold]
extern "C" fn dup_known(fd: c_int, real: Dup) -> c_int {
    // SAFETY: the program's own argument.
    after(fd, unsafe { real(fd) })
}

hook! {
    unsafe fn dup2(fd: c_int, number: c_int) -> c_int => shim_dup2 {
        let real = real!("C" fn dup2(fd: c_int, number: c_int) -> c_int);
        if fd_table::is_known(fd) || fd_table::is_known(number) {
            return dup2_known(fd, number, real);
        }
        // SAFETY: the program's own arguments.
        unsafe { real(fd, number) }
    }
}

#[cold]
extern "C" fn dup2_known(fd: c_int, number: c_int, real: Dup2) -> c_int {
    before(fd, number);
    // SAFETY: the program's own arguments.
    after(fd, unsafe { real(fd, number) })
}

hook! {
    unsafe fn dup3(fd: c_int, number: c_int, flags: c_int) -> c_int => shim_dup3 {
        let real = real!("C" fn dup3(fd: c_int, number: c_int, flags: c_int) -> c_int);
        if fd_table::is_known(fd) || fd_table::is_known(number) {
            return dup3_known(fd, number, flags, real);
        }
        // SAFETY: the program's own arguments.
        unsafe { real(fd, number, flags) }
    }
}

#[cold]
extern "C" fn dup3_known(fd: c_int, number: c_int, flags: c_int, real: Dup3) -> c_int {
    before(fd, number);
    // SAFETY: the program's own arguments.
    after(fd, unsafe { real(fd, number, flags) })
}

hook! {
    unsafe fn fcntl(fd: c_int, command: c_int, argument: c_long) -> c_int => shim_fcntl {
        let real = real!("C" fn fcntl(fd: c_int, command: c_int, argument: c_long) -> c_int);
        if command == F_DUPFD || command == F_DUPFD_CLOEXEC {
            return fcntl_dup(fd, command, argument, real);
        }
        // SAFETY: the program's own arguments.
        unsafe { real(fd, command, argument) }
    }
}

hook! {
    unsafe fn fcntl64(fd: c_int, command: c_int, argument: c_long) -> c_int => shim_fcntl64 {
        let real = real!("C" fn fcntl64(fd: c_int, command: c_int, argument: c_long) -> c_int);
        if command == F_DUPFD || command == F_DUPFD_CLOEXEC {
            return fcntl_dup(fd, command, argument, real);
        }
        // SAFETY: the program's own arguments.
        unsafe { real(fd, command, argument) }
    }
}

#[cold]
extern "C" fn fcntl_dup(fd: c_int, command: c_int, argument: c_long, real: Control) -> c_int {
    // SAFETY: the program's own arguments.
    after(fd, unsafe { real(fd, command, argument) })
}

/// `number` is about to be closed and to be what `fd` is.
fn before(fd: c_int, number: c_int) {
    caught(|| {
        // Nothing is closed when there is nothing to take the number.
        if fd != number && fd_table::is_known(number) && sys::fcntl(fd, libc::F_GETFD, 0).is_ok() {
            if report::is_watched(number) {
                report::leave::before_close(number);
            }
            if fd_table::get(number).maybe_connected() {
                drain::before_replacing(number);
            }
        }
    });
}

/// `number`, if there is one, is what `fd` is.
fn after(fd: c_int, number: c_int) -> c_int {
    if number >= 0 && number != fd {
        caught(|| {
            if report::is_watched(fd) || report::is_watched(number) {
                report::connections::duplicated(fd, number);
            }
            if vfork::owns_memory() {
                fd_table::duplicated(fd, number);
            }
        });
    }
    number
}
