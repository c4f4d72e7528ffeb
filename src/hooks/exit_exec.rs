// SPDX-License-Identifier: MIT OR Apache-2.0
//! Calls that end the program, or replace it: what it has sent is drained before. `exit` is
//! not among them: see `load`.

use super::real::real;
use libc::{c_char, c_int};
use redhook::hook;
use smc_core::panics::caught;
use smc_core::{drain, fd_table, report, sys};

/// Arguments or environment of a program.
type Strings = *const *const c_char;

/// How a program names the program that it executes.
#[derive(Clone, Copy)]
pub(super) enum Target {
    /// One file, which may be one of several that are tried one by one.
    Path(*const c_char),
    /// A name that the C library looks for.
    Name(*const c_char),
    /// A descriptor.
    Descriptor,
}

/// Before a call of the exec family.
#[inline]
pub(super) fn before_exec(target: Target) {
    if fd_table::any_connected() || report::is_on() {
        prepare_exec(target);
    }
}

#[cold]
fn prepare_exec(target: Target) {
    caught(|| {
        let exists = match target {
            Target::Path(path) => sys::exists(path),
            Target::Name(_) | Target::Descriptor => true,
        };
        if report::is_on() {
            report::exec::before(match target {
                Target::Path(path) | Target::Name(path) => path,
                Target::Descriptor => std::ptr::null(),
            });
        }
        if exists && fd_table::any_connected() {
            drain::before_exec();
        }
    });
}

/// The call has failed: `answer` is what it returned.
#[inline]
fn after_exec(answer: c_int) -> c_int {
    if report::is_on() {
        caught(report::exec::failed);
    }
    answer
}

#[inline]
fn before_exit() {
    if fd_table::any_connected() || report::is_on() {
        prepare_exit();
    }
}

#[cold]
extern "C" fn prepare_exit() {
    caught(|| {
        if report::is_on() {
            report::leave::before_exit();
        }
        drain::before_exit();
    });
}

macro_rules! exits {
    (unsafe fn $name:ident => $shim:ident) => {
        hook! {
            unsafe fn $name(status: c_int) -> () => $shim {
                before_exit();
                let real = real!("C" fn $name(status: c_int));
                // SAFETY: the program's own argument.
                unsafe { real(status) }
            }
        }
    };
}

exits! { unsafe fn _exit => shim_exit }
exits! { unsafe fn _Exit => shim_iso_exit }
exits! { unsafe fn quick_exit => shim_quick_exit }

hook! {
    unsafe fn execve(path: *const c_char, arguments: Strings, environment: Strings) -> c_int => shim_execve {
        before_exec(Target::Path(path));
        let real = real!("C" fn execve(path: *const c_char, arguments: Strings, environment: Strings) -> c_int);
        // SAFETY: the program's own arguments.
        after_exec(unsafe { real(path, arguments, environment) })
    }
}

hook! {
    unsafe fn execv(path: *const c_char, arguments: Strings) -> c_int => shim_execv {
        before_exec(Target::Path(path));
        let real = real!("C" fn execv(path: *const c_char, arguments: Strings) -> c_int);
        // SAFETY: the program's own arguments.
        after_exec(unsafe { real(path, arguments) })
    }
}

hook! {
    unsafe fn execvp(file: *const c_char, arguments: Strings) -> c_int => shim_execvp {
        before_exec(Target::Name(file));
        let real = real!("C" fn execvp(file: *const c_char, arguments: Strings) -> c_int);
        // SAFETY: the program's own arguments.
        after_exec(unsafe { real(file, arguments) })
    }
}

hook! {
    unsafe fn execvpe(file: *const c_char, arguments: Strings, environment: Strings) -> c_int => shim_execvpe {
        before_exec(Target::Name(file));
        let real = real!("C" fn execvpe(file: *const c_char, arguments: Strings, environment: Strings) -> c_int);
        // SAFETY: the program's own arguments.
        after_exec(unsafe { real(file, arguments, environment) })
    }
}

hook! {
    unsafe fn fexecve(fd: c_int, arguments: Strings, environment: Strings) -> c_int => shim_fexecve {
        before_exec(Target::Descriptor);
        let real = real!("C" fn fexecve(fd: c_int, arguments: Strings, environment: Strings) -> c_int);
        // SAFETY: the program's own arguments.
        after_exec(unsafe { real(fd, arguments, environment) })
    }
}

// It ends the parent by a call of the C library's own.
hook! {
    unsafe fn daemon(stays: c_int, keeps_files: c_int) -> c_int => shim_daemon {
        if drain::is_busy() && !leave_draining_to_parent() {
            return -1;
        }
        let real = real!("C" fn daemon(stays: c_int, keeps_files: c_int) -> c_int);
        // SAFETY: the program's own arguments.
        unsafe { real(stays, keeps_files) }
    }
}

/// What is drained in the background stays with a process that waits for it before it ends;
/// this is its child from now on. False: no child was to be had.
#[cold]
fn leave_draining_to_parent() -> bool {
    // SAFETY: daemon(3) is no call for programs with threads, and makes this one, too.
    match unsafe { libc::fork() } {
        -1 => false,
        0 => true,
        _ => {
            caught(drain::finish);
            let real = real!("C" fn _exit(status: c_int));
            // SAFETY: as daemon(3) does.
            unsafe { real(0) };
            false
        }
    }
}
