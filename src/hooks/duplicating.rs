// SPDX-License-Identifier: MIT OR Apache-2.0
//! Calls that give an open file another number, and may close what had it.
//!
//! As in `closing`, a hook jumps to the real call where nothing is known of the
//! numbers.

use super::look::{may_know, may_know_either};
use super::next::{jump, next};
use crate::hints;
use crate::panics::caught;
use crate::smc::{drain, os, ownership};
use libc::{c_int, c_long, F_DUPFD, F_DUPFD_CLOEXEC};
use redhook::hook;

hook! {
    unsafe fn dup(fd: c_int) -> c_int => shim_dup {
        if may_know(fd) {
            return dup_known(fd);
        }
        jump!(dup(fd: c_int) -> c_int)
    }
}

#[cold]
extern "C" fn dup_known(fd: c_int) -> c_int {
    let real = next!(dup);
    // SAFETY: the program's own argument.
    note(fd, unsafe { real(fd) })
}

hook! {
    unsafe fn dup2(fd: c_int, number: c_int) -> c_int => shim_dup2 {
        if may_know_either(fd, number) {
            return dup2_known(fd, number);
        }
        jump!(dup2(fd: c_int, number: c_int) -> c_int)
    }
}

#[cold]
extern "C" fn dup2_known(fd: c_int, number: c_int) -> c_int {
    replace(fd, number);
    let real = next!(dup2);
    // SAFETY: the program's own arguments.
    note(fd, unsafe { real(fd, number) })
}

hook! {
    unsafe fn dup3(fd: c_int, number: c_int, flags: c_int) -> c_int => shim_dup3 {
        if may_know_either(fd, number) {
            return dup3_known(fd, number, flags);
        }
        jump!(dup3(fd: c_int, number: c_int, flags: c_int) -> c_int)
    }
}

#[cold]
extern "C" fn dup3_known(fd: c_int, number: c_int, flags: c_int) -> c_int {
    replace(fd, number);
    let real = next!(dup3);
    // SAFETY: the program's own arguments.
    note(fd, unsafe { real(fd, number, flags) })
}

// In C the third argument is one of `...`: an int or a pointer, in the same place.
hook! {
    unsafe fn fcntl(fd: c_int, command: c_int, argument: c_long) -> c_int => shim_fcntl {
        if is_dup(command) && may_know(fd) {
            return fcntl_known(fd, command, argument);
        }
        jump!(fcntl(fd: c_int, command: c_int, argument: c_long) -> c_int)
    }
}

hook! {
    unsafe fn fcntl64(fd: c_int, command: c_int, argument: c_long) -> c_int => shim_fcntl64 {
        if is_dup(command) && may_know(fd) {
            return fcntl_known(fd, command, argument);
        }
        jump!(fcntl64(fd: c_int, command: c_int, argument: c_long) -> c_int)
    }
}

#[inline]
fn is_dup(command: c_int) -> bool {
    command == F_DUPFD || command == F_DUPFD_CLOEXEC
}

/// A duplicate, for which both calls are the same.
#[cold]
extern "C" fn fcntl_known(fd: c_int, command: c_int, argument: c_long) -> c_int {
    let real = next!(fcntl);
    // SAFETY: the program's own arguments.
    note(fd, unsafe { real(fd, command, argument) })
}

/// `number` is about to be closed and to be what `fd` is.
fn replace(fd: c_int, number: c_int) {
    // Nothing is closed when there is nothing to take the number.
    if fd != number && hints::of(number).may_flow() && os::fcntl(fd, libc::F_GETFD, 0).is_ok() {
        caught(|| drain::before_replacing(number));
    }
}

/// `number`, if there is one, is what `fd` is.
fn note(fd: c_int, number: c_int) -> c_int {
    if number >= 0 && number != fd && ownership::is_ours() {
        hints::duplicated(fd, number);
    }
    number
}
