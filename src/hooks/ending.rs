// SPDX-License-Identifier: MIT OR Apache-2.0
//! Calls after which the program is gone: what it has sent is seen to before.
//! `exit` is not among them: see `smc::end`.

use super::next::{jump, next};
use crate::hints;
use crate::panics::caught;
use crate::smc::{background, drain, os};
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
pub(super) fn before_exec() {
    if hints::have_flown() {
        exec();
    }
}

#[cold]
extern "C" fn exec_of(path: *const c_char) {
    // SAFETY: the program's own argument.
    if unsafe { os::may_exist(path) } {
        exec();
    }
}

/// The same, where `path` may be one of several that a program tries one by one.
#[inline]
pub(super) fn before_exec_of(path: *const c_char) {
    if hints::have_flown() {
        exec_of(path);
    }
}

/// The end of the process by a call, and what is done where there can be anything to
/// drain: another function, so that a hook needs no stack for it.
macro_rules! end {
    (unsafe fn $name:ident(status: c_int) => $shim:ident, $flown:ident) => {
        hook! {
            unsafe fn $name(status: c_int) -> () => $shim {
                if hints::have_flown() {
                    return $flown(status);
                }
                jump!($name(status: c_int) -> ());
            }
        }

        #[cold]
        extern "C" fn $flown(status: c_int) {
            caught(drain::before_end);
            let real = next!($name);
            // SAFETY: the program's own argument.
            unsafe { real(status) }
        }
    };
}

end! {
    unsafe fn _exit(status: c_int) => shim_exit, exit_flown
}

end! {
    unsafe fn _Exit(status: c_int) => shim_iso_exit, iso_exit_flown
}

end! {
    unsafe fn quick_exit(status: c_int) => shim_quick_exit, quick_exit_flown
}

hook! {
    unsafe fn execve(path: *const c_char, arguments: Strings, environment: Strings) -> c_int => shim_execve {
        before_exec_of(path);
        let real = next!(execve);
        // SAFETY: the program's own arguments.
        unsafe { real(path, arguments, environment) }
    }
}

hook! {
    unsafe fn execv(path: *const c_char, arguments: Strings) -> c_int => shim_execv {
        before_exec_of(path);
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

// It ends the parent by a call of the C library's own.
hook! {
    unsafe fn daemon(stays: c_int, keeps_files: c_int) -> c_int => shim_daemon {
        if hints::have_flown() && !leave_to_parent() {
            return -1;
        }
        jump!(daemon(stays: c_int, keeps_files: c_int) -> c_int)
    }
}

/// What is under way in the background is left to a process that sees to it before it
/// ends; this is its child from now on. False: no child was to be had.
#[cold]
extern "C" fn leave_to_parent() -> bool {
    if !background::is_busy() {
        return true;
    }
    // SAFETY: daemon(3) is no call for programs with threads, and makes this one, too.
    match unsafe { libc::fork() } {
        -1 => false,
        0 => true,
        _ => {
            caught(drain::finish);
            let real = next!(_exit);
            // SAFETY: as daemon(3) does.
            unsafe { real(0) }
            false
        }
    }
}
