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
