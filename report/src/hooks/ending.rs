// SPDX-License-Identifier: MIT OR Apache-2.0
//! Calls after which the program is gone. `exit` is not among them: it comes by
//! [`crate::memory`].

use super::next::next;
use super::quietly;
use crate::{executing, leaving};
use libc::{c_char, c_int};
use redhook::hook;

/// Arguments or environment of a program.
type Strings = *const *const c_char;

hook! {
    unsafe fn _exit(status: c_int) -> () => report_exit {
        quietly(leaving::before_end);
        let real = next!(_exit);
        // SAFETY: the program's own argument.
        unsafe { real(status) }
    }
}

hook! {
    unsafe fn _Exit(status: c_int) -> () => report_iso_exit {
        quietly(leaving::before_end);
        let real = next!(_Exit);
        // SAFETY: the program's own argument.
        unsafe { real(status) }
    }
}

hook! {
    unsafe fn quick_exit(status: c_int) -> () => report_quick_exit {
        quietly(leaving::before_end);
        let real = next!(quick_exit);
        // SAFETY: the program's own argument.
        unsafe { real(status) }
    }
}

hook! {
    unsafe fn execve(path: *const c_char, arguments: Strings, environment: Strings) -> c_int => report_execve {
        quietly(|| executing::before(path));
        let real = next!(execve);
        // SAFETY: the program's own arguments.
        let answer = unsafe { real(path, arguments, environment) };
        quietly(executing::failed);
        answer
    }
}

hook! {
    unsafe fn execv(path: *const c_char, arguments: Strings) -> c_int => report_execv {
        quietly(|| executing::before(path));
        let real = next!(execv);
        // SAFETY: the program's own arguments.
        let answer = unsafe { real(path, arguments) };
        quietly(executing::failed);
        answer
    }
}

hook! {
    unsafe fn execvp(file: *const c_char, arguments: Strings) -> c_int => report_execvp {
        quietly(|| executing::before(file));
        let real = next!(execvp);
        // SAFETY: the program's own arguments.
        let answer = unsafe { real(file, arguments) };
        quietly(executing::failed);
        answer
    }
}

hook! {
    unsafe fn execvpe(file: *const c_char, arguments: Strings, environment: Strings) -> c_int => report_execvpe {
        quietly(|| executing::before(file));
        let real = next!(execvpe);
        // SAFETY: the program's own arguments.
        let answer = unsafe { real(file, arguments, environment) };
        quietly(executing::failed);
        answer
    }
}

hook! {
    unsafe fn fexecve(fd: c_int, arguments: Strings, environment: Strings) -> c_int => report_fexecve {
        quietly(|| executing::before(std::ptr::null()));
        let real = next!(fexecve);
        // SAFETY: the program's own arguments.
        let answer = unsafe { real(fd, arguments, environment) };
        quietly(executing::failed);
        answer
    }
}
