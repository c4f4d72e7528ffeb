// SPDX-License-Identifier: MIT OR Apache-2.0
//! Calls after which the program is gone: what it has sent is seen to before.
//! `exit` is not among them: see `smc::end`.

use super::next::next;
use crate::hints;
use crate::panics::caught;
use crate::smc::drain;
use libc::{c_char, c_int};
use redhook::hook;

/// Arguments or environment of a program.
type Strings = *const *const c_char;

#[cold]
extern "C" fn end() {
    caught(drain::before_end);
}

#[cold]
extern "C" fn exec() {
    caught(drain::before_exec);
}

/// Does that if there can be anything to drain.
#[inline]
fn before(what: extern "C" fn()) {
    if hints::have_flown() {
        what();
    }
}

hook! {
    unsafe fn _exit(status: c_int) -> () => shim_exit {
        before(end);
        let real = next!(_exit);
        // SAFETY: the program's own argument.
        unsafe { real(status) }
    }
}

hook! {
    unsafe fn _Exit(status: c_int) -> () => shim_iso_exit {
        before(end);
        let real = next!(_Exit);
        // SAFETY: the program's own argument.
        unsafe { real(status) }
    }
}

hook! {
    unsafe fn quick_exit(status: c_int) -> () => shim_quick_exit {
        before(end);
        let real = next!(quick_exit);
        // SAFETY: the program's own argument.
        unsafe { real(status) }
    }
}

hook! {
    unsafe fn execve(path: *const c_char, arguments: Strings, environment: Strings) -> c_int => shim_execve {
        before(exec);
        let real = next!(execve);
        // SAFETY: the program's own arguments.
        unsafe { real(path, arguments, environment) }
    }
}

hook! {
    unsafe fn execv(path: *const c_char, arguments: Strings) -> c_int => shim_execv {
        before(exec);
        let real = next!(execv);
        // SAFETY: the program's own arguments.
        unsafe { real(path, arguments) }
    }
}

hook! {
    unsafe fn execvp(file: *const c_char, arguments: Strings) -> c_int => shim_execvp {
        before(exec);
        let real = next!(execvp);
        // SAFETY: the program's own arguments.
        unsafe { real(file, arguments) }
    }
}

hook! {
    unsafe fn execvpe(file: *const c_char, arguments: Strings, environment: Strings) -> c_int => shim_execvpe {
        before(exec);
        let real = next!(execvpe);
        // SAFETY: the program's own arguments.
        unsafe { real(file, arguments, environment) }
    }
}

hook! {
    unsafe fn fexecve(fd: c_int, arguments: Strings, environment: Strings) -> c_int => shim_fexecve {
        before(exec);
        let real = next!(fexecve);
        // SAFETY: the program's own arguments.
        unsafe { real(fd, arguments, environment) }
    }
}
