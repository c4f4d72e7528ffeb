// SPDX-License-Identifier: MIT OR Apache-2.0
//! Calls after which the program is gone: what it has sent is seen to before.
//! `exit` is not among them: see `smc::end`.

use super::next::{jump, next};
use crate::hints;
use crate::panics::caught;
use crate::smc::drain;
use libc::{c_char, c_int};
use redhook::hook;

/// Arguments or environment of a program.
type Strings = *const *const c_char;

#[cold]
extern "C" fn exec() {
    caught(drain::before_exec);
}

/// Sees to what will be closed, if there can be anything.
#[inline]
fn before_exec() {
    if hints::have_flown() {
        exec();
    }
}

hook! {
    unsafe fn _exit(status: c_int) -> () => shim_exit {
        if hints::have_flown() {
            return exit_flown(status);
        }
        jump!(_exit(status: c_int) -> ());
    }
}

#[cold]
extern "C" fn exit_flown(status: c_int) {
    caught(drain::before_end);
    let real = next!(_exit);
    // SAFETY: the program's own argument.
    unsafe { real(status) }
}

hook! {
    unsafe fn _Exit(status: c_int) -> () => shim_iso_exit {
        if hints::have_flown() {
            return iso_exit_flown(status);
        }
        jump!(_Exit(status: c_int) -> ());
    }
}

#[cold]
extern "C" fn iso_exit_flown(status: c_int) {
    caught(drain::before_end);
    let real = next!(_Exit);
    // SAFETY: the program's own argument.
    unsafe { real(status) }
}

hook! {
    unsafe fn quick_exit(status: c_int) -> () => shim_quick_exit {
        if hints::have_flown() {
            return quick_exit_flown(status);
        }
        jump!(quick_exit(status: c_int) -> ());
    }
}

#[cold]
extern "C" fn quick_exit_flown(status: c_int) {
    caught(drain::before_end);
    let real = next!(quick_exit);
    // SAFETY: the program's own argument.
    unsafe { real(status) }
}

hook! {
    unsafe fn execve(path: *const c_char, arguments: Strings, environment: Strings) -> c_int => shim_execve {
        before_exec();
        let real = next!(execve);
        // SAFETY: the program's own arguments.
        unsafe { real(path, arguments, environment) }
    }
}

hook! {
    unsafe fn execv(path: *const c_char, arguments: Strings) -> c_int => shim_execv {
        before_exec();
        let real = next!(execv);
        // SAFETY: the program's own arguments.
        unsafe { real(path, arguments) }
    }
}

hook! {
    unsafe fn execvp(file: *const c_char, arguments: Strings) -> c_int => shim_execvp {
        before_exec();
        let real = next!(execvp);
        // SAFETY: the program's own arguments.
        unsafe { real(file, arguments) }
    }
}

hook! {
    unsafe fn execvpe(file: *const c_char, arguments: Strings, environment: Strings) -> c_int => shim_execvpe {
        before_exec();
        let real = next!(execvpe);
        // SAFETY: the program's own arguments.
        unsafe { real(file, arguments, environment) }
    }
}

hook! {
    unsafe fn fexecve(fd: c_int, arguments: Strings, environment: Strings) -> c_int => shim_fexecve {
        before_exec();
        let real = next!(fexecve);
        // SAFETY: the program's own arguments.
        unsafe { real(fd, arguments, environment) }
    }
}
