// SPDX-License-Identifier: MIT OR Apache-2.0
//! Calls that give an open file another number, and may close what had it.

use super::next::next;
use crate::hints;
use crate::smc::drain;
use libc::{c_int, c_long, F_DUPFD, F_DUPFD_CLOEXEC};
use redhook::hook;

hook! {
    unsafe fn dup(fd: c_int) -> c_int => shim_dup {
        let real = next!(dup);
        // SAFETY: the program's own argument.
        duplicated(fd, unsafe { real(fd) })
    }
}

hook! {
    unsafe fn dup2(fd: c_int, number: c_int) -> c_int => shim_dup2 {
        before(fd, number);
        let real = next!(dup2);
        // SAFETY: the program's own arguments.
        duplicated(fd, unsafe { real(fd, number) })
    }
}

hook! {
    unsafe fn dup3(fd: c_int, number: c_int, flags: c_int) -> c_int => shim_dup3 {
        before(fd, number);
        let real = next!(dup3);
        // SAFETY: the program's own arguments.
        duplicated(fd, unsafe { real(fd, number, flags) })
    }
}

// In C the third argument is one of `...`: an int or a pointer, in the same place.
hook! {
    unsafe fn fcntl(fd: c_int, command: c_int, argument: c_long) -> c_int => shim_fcntl {
        let real = next!(fcntl);
        // SAFETY: the program's own arguments.
        commanded(fd, command, unsafe { real(fd, command, argument) })
    }
}

hook! {
    unsafe fn fcntl64(fd: c_int, command: c_int, argument: c_long) -> c_int => shim_fcntl64 {
        let real = next!(fcntl64);
        // SAFETY: the program's own arguments.
        commanded(fd, command, unsafe { real(fd, command, argument) })
    }
}

#[inline]
fn commanded(fd: c_int, command: c_int, answer: c_int) -> c_int {
    if command == F_DUPFD || command == F_DUPFD_CLOEXEC {
        return duplicated(fd, answer);
    }
    answer
}

#[inline]
fn before(fd: c_int, number: c_int) {
    if fd != number && hints::of(number).may_flow() {
        drain::before_replacing(number);
    }
}

#[inline]
fn duplicated(fd: c_int, number: c_int) -> c_int {
    if number >= 0 && number != fd {
        hints::duplicated(fd, number);
    }
    number
}
