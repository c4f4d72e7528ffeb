// SPDX-License-Identifier: MIT OR Apache-2.0
//! Calls that close descriptors: what was written to an SMC socket is seen to
//! before.
//!
//! A hook looks at what is remembered of the number and jumps to the real call;
//! where there is more to do, another function does all of it.

use super::look::may_know;
use super::next::{jump, next};
use super::straight::straight;
use crate::hints::{self, ANYTHING};
use crate::panics::caught;
use crate::smc::{drain, listener, os, stdio};
use libc::{c_char, c_int, c_uint, FILE};
use redhook::hook;

hook! {
    unsafe fn close(fd: c_int) -> c_int => shim_close {
        if may_know(fd) {
            return close_known(fd);
        }
        jump!(close(fd: c_int) -> c_int)
    }
}

#[cold]
extern "C" fn close_known(fd: c_int) -> c_int {
    caught(|| drain::before_close(fd));
    let real = next!(close);
    // SAFETY: the program's own argument.
    unsafe { real(fd) }
}

straight! {
    unsafe fn shutdown(fd: c_int, how: c_int) -> c_int => shim_shutdown,
    shutdown_known if ANYTHING, is_set
}

#[cold]
unsafe extern "C" fn shutdown_known(fd: c_int, how: c_int) -> c_int {
    let done = caught(|| {
        let hint = hints::of(fd);
        hints::answered(fd);
        if hint.is_smc_listener() {
            if let Some(answer) = listener::shutdown(fd, how) {
                return Some(answer);
            }
        }
        (hint.may_flow() && drain::before_shutdown(fd, how)).then_some(Ok(()))
    });
    if let Some(answer) = done.flatten() {
        return os::answer(answer);
    }
    let real = next!(shutdown: unsafe extern "C" fn(c_int, c_int) -> c_int);
    // SAFETY: the program's own arguments.
    let answer = unsafe { real(fd, how) };
    if answer == 0 && how == libc::SHUT_RD && hints::of(fd).may_flow() {
        caught(|| drain::after_end_of_reading(fd));
    }
    answer
}

// By a system call of our own: C libraries before glibc 2.34 have no such call.
hook! {
    unsafe fn close_range(first: c_uint, last: c_uint, flags: c_int) -> c_int => shim_close_range {
        match flags {
            0 => drain::before_closing_from(first, last),
            _ if os::only_marks(flags) => {}
            _ => drain::before_letting_go_from(first, last),
        }
        os::answer(os::close_range(first, last, flags))
    }
}

hook! {
    unsafe fn closefrom(first: c_int) -> () => shim_closefrom {
        let from = c_uint::try_from(first).unwrap_or(0);
        drain::before_closing_from(from, c_uint::MAX);
        // C libraries before glibc 2.34 have no such call.
        if os::close_range(from, c_uint::MAX, 0).is_err() {
            let real = next!(closefrom);
            // SAFETY: the program's own argument.
            unsafe { real(first) }
        }
    }
}

// Not redhook's, and panics are caught around everything but what may wait: a thread
// can be cancelled there (see `smc::connect`).
#[no_mangle]
unsafe extern "C-unwind" fn fclose(stream: *mut FILE) -> c_int {
    if hints::have_flown() {
        return fclose_known(stream);
    }
    jump!(fclose(stream: *mut FILE) -> c_int)
}

#[cold]
extern "C-unwind" fn fclose_known(stream: *mut FILE) -> c_int {
    // SAFETY: the program's own argument.
    let socket = caught(|| unsafe { stdio::socket_of(stream) }).flatten();
    let mut failure = None;
    if let Some(fd) = socket {
        // SAFETY: the program's own argument.
        failure = unsafe { stdio::write_out(stream) };
        caught(|| drain::before_close(fd));
    }
    let real = next!(fclose: unsafe extern "C-unwind" fn(*mut FILE) -> c_int);
    // SAFETY: the program's own argument.
    match (unsafe { real(stream) }, failure) {
        (0, Some(failure)) => {
            failure.set();
            libc::EOF
        }
        (answer, _) => answer,
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
