// SPDX-License-Identifier: MIT OR Apache-2.0
//! Calls that give an open file another number, and may close what had it.

use super::real::real;
use libc::{c_int, c_long, F_DUPFD, F_DUPFD_CLOEXEC};
use redhook::hook;
use smc_core::panics::caught;
use smc_core::{drain, fd_table, report, sys, vfork};

// In C the third argument is one of `...`: an int or a pointer, in the same place.

hook! {
    unsafe fn dup(fd: c_int) -> c_int => shim_dup {
        let real = real!("C" fn dup(fd: c_int) -> c_int);
        // SAFETY: the program's own argument.
        after(fd, unsafe { real(fd) })
    }
}

hook! {
    unsafe fn dup2(fd: c_int, number: c_int) -> c_int => shim_dup2 {
        before(fd, number);
        let real = real!("C" fn dup2(fd: c_int, number: c_int) -> c_int);
        // SAFETY: the program's own arguments.
        after(fd, unsafe { real(fd, number) })
    }
}

hook! {
    unsafe fn dup3(fd: c_int, number: c_int, flags: c_int) -> c_int => shim_dup3 {
        before(fd, number);
        let real = real!("C" fn dup3(fd: c_int, number: c_int, flags: c_int) -> c_int);
        // SAFETY: the program's own arguments.
        after(fd, unsafe { real(fd, number, flags) })
    }
}

hook! {
    unsafe fn fcntl(fd: c_int, command: c_int, argument: c_long) -> c_int => shim_fcntl {
        let real = real!("C" fn fcntl(fd: c_int, command: c_int, argument: c_long) -> c_int);
        // SAFETY: the program's own arguments.
        let answer = unsafe { real(fd, command, argument) };
        after_control(fd, command, answer)
    }
}

hook! {
    unsafe fn fcntl64(fd: c_int, command: c_int, argument: c_long) -> c_int => shim_fcntl64 {
        let real = real!("C" fn fcntl64(fd: c_int, command: c_int, argument: c_long) -> c_int);
        // SAFETY: the program's own arguments.
        let answer = unsafe { real(fd, command, argument) };
        after_control(fd, command, answer)
    }
}

#[inline]
fn after_control(fd: c_int, command: c_int, answer: c_int) -> c_int {
    if command == F_DUPFD || command == F_DUPFD_CLOEXEC {
        after(fd, answer)
    } else {
        answer
    }
}

/// `number` is about to be closed and to be what `fd` is.
#[inline]
fn before(fd: c_int, number: c_int) {
    if fd != number && fd_table::is_known(number) {
        before_replacing(fd, number);
    }
}

#[cold]
extern "C" fn before_replacing(fd: c_int, number: c_int) {
    caught(|| {
        // Nothing is closed when there is nothing to take the number.
        if sys::fcntl(fd, libc::F_GETFD, 0).is_ok() {
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
#[inline]
fn after(fd: c_int, number: c_int) -> c_int {
    if number >= 0 && number != fd && (fd_table::is_known(fd) || fd_table::is_known(number)) {
        duplicated(fd, number);
    }
    number
}

#[cold]
extern "C" fn duplicated(fd: c_int, number: c_int) {
    caught(|| {
        if report::is_watched(fd) || report::is_watched(number) {
            report::connections::duplicated(fd, number);
        }
        if vfork::owns_memory() {
            fd_table::duplicated(fd, number);
        }
    });
}
