// SPDX-License-Identifier: MIT OR Apache-2.0
//! Calls that close descriptors: what was written to an SMC socket is seen to
//! before.

use super::next::next;
use crate::hints;
use crate::smc::{drain, listener, os, stdio};
use libc::{c_char, c_int, c_uint, FILE};
use redhook::hook;

hook! {
    unsafe fn close(fd: c_int) -> c_int => shim_close {
        if hints::of(fd).is_any() {
            drain::before_close(fd);
        }
        let real = next!(close);
        // SAFETY: the program's own argument.
        unsafe { real(fd) }
    }
}

hook! {
    unsafe fn shutdown(fd: c_int, how: c_int) -> c_int => shim_shutdown {
        let hint = hints::of(fd);
        if hint.is_smc_listener() {
            if let Some(answer) = listener::shutdown(fd, how) {
                return os::answer(answer);
            }
        }
        if hint.may_flow() && drain::shuts_in_background(fd, how) {
            return 0;
        }
        let real = next!(shutdown);
        // SAFETY: the program's own arguments.
        unsafe { real(fd, how) }
    }
}

// By a system call of our own: C libraries before glibc 2.34 have no such call.
hook! {
    unsafe fn close_range(first: c_uint, last: c_uint, flags: c_int) -> c_int => shim_close_range {
        if !os::only_marks(flags) {
            drain::before_closing_from(first, last);
        }
        os::answer(os::close_range_with(first, last, flags))
    }
}

hook! {
    unsafe fn closefrom(first: c_int) -> () => shim_closefrom {
        drain::before_closing_from(c_uint::try_from(first).unwrap_or(0), c_uint::MAX);
        let real = next!(closefrom);
        // SAFETY: the program's own argument.
        unsafe { real(first) }
    }
}

hook! {
    unsafe fn fclose(stream: *mut FILE) -> c_int => shim_fclose {
        // SAFETY: the program's own argument.
        let fd = unsafe { stdio::closing(stream) };
        if hints::of(fd).may_flow() {
            drain::before_close(fd);
        }
        let real = next!(fclose);
        // SAFETY: the program's own argument.
        unsafe { real(stream) }
    }
}

hook! {
    unsafe fn fdopen(fd: c_int, mode: *const c_char) -> *mut FILE => shim_fdopen {
        let real = next!(fdopen);
        // SAFETY: the program's own arguments.
        let stream = unsafe { real(fd, mode) };
        stdio::opened(stream, fd);
        stream
    }
}
