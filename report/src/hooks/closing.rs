// SPDX-License-Identifier: MIT OR Apache-2.0
//! Calls after which a number is another file's, or none's.

use super::next::{self, next};
use super::quietly;
use crate::{kernel, leaving, notes, numbers};
use libc::{c_int, c_long, c_uint, FILE, F_DUPFD, F_DUPFD_CLOEXEC};
use redhook::hook;
use std::ffi::c_void;
use std::sync::atomic::{AtomicPtr, Ordering::Relaxed};

hook! {
    unsafe fn close(fd: c_int) -> c_int => report_close {
        before_close(fd);
        let real = next!(close);
        // SAFETY: the program's own argument.
        unsafe { real(fd) }
    }
}

#[inline]
fn before_close(fd: c_int) {
    if numbers::of(fd).is_some() {
        quietly(|| leaving::before_close(fd));
    }
}

fn before_closing(first: c_uint, last: c_uint) {
    quietly(|| leaving::before_closing(first, last));
}

hook! {
    unsafe fn shutdown(fd: c_int, how: c_int) -> c_int => report_shutdown {
        if numbers::of(fd).is_some() {
            quietly(|| leaving::before_shutdown(fd));
        }
        let real = next!(shutdown);
        // SAFETY: the program's own arguments.
        unsafe { real(fd, how) }
    }
}

/// `include/uapi/linux/close_range.h`
const CLOSE_RANGE_CLOEXEC: c_int = 4;

static CLOSE_RANGE: AtomicPtr<c_void> = AtomicPtr::new(std::ptr::null_mut());

hook! {
    unsafe fn close_range(first: c_uint, last: c_uint, flags: c_int) -> c_int => report_close_range {
        if flags & CLOSE_RANGE_CLOEXEC == 0 {
            before_closing(first, last);
        }
        // The shim has one; C libraries before glibc 2.34 have not.
        let mut real = CLOSE_RANGE.load(Relaxed);
        if real.is_null() {
            real = next::search(&CLOSE_RANGE, "close_range\0");
        }
        if real.is_null() {
            return kernel::close_range(first, last, flags);
        }
        // SAFETY: what has this name is a function of this type.
        let real = unsafe { next::of_type(real, || redhook::real!(close_range)) };
        // SAFETY: the program's own arguments.
        unsafe { real(first, last, flags) }
    }
}

hook! {
    unsafe fn closefrom(first: c_int) -> () => report_closefrom {
        before_closing(c_uint::try_from(first).unwrap_or(0), c_uint::MAX);
        let real = next!(closefrom);
        // SAFETY: the program's own argument.
        unsafe { real(first) }
    }
}

hook! {
    unsafe fn fclose(stream: *mut FILE) -> c_int => report_fclose {
        if !stream.is_null() {
            // SAFETY: the program's own argument.
            before_close(unsafe { fileno(stream) });
        }
        let real = next!(fclose);
        // SAFETY: the program's own argument.
        unsafe { real(stream) }
    }
}

/// `fileno(3)` without its errno.
unsafe fn fileno(stream: *mut FILE) -> c_int {
    // SAFETY: the thread's own errno.
    let errno = unsafe { libc::__errno_location() };
    // SAFETY: as above.
    let before = unsafe { *errno };
    // SAFETY: as the caller promises.
    let fd = unsafe { libc::fileno(stream) };
    // SAFETY: as above.
    unsafe { *errno = before };
    fd
}

hook! {
    unsafe fn dup(fd: c_int) -> c_int => report_dup {
        let real = next!(dup);
        // SAFETY: the program's own argument.
        note(fd, unsafe { real(fd) })
    }
}

hook! {
    unsafe fn dup2(fd: c_int, number: c_int) -> c_int => report_dup2 {
        before_replacing(fd, number);
        let real = next!(dup2);
        // SAFETY: the program's own arguments.
        note(fd, unsafe { real(fd, number) })
    }
}

hook! {
    unsafe fn dup3(fd: c_int, number: c_int, flags: c_int) -> c_int => report_dup3 {
        before_replacing(fd, number);
        let real = next!(dup3);
        // SAFETY: the program's own arguments.
        note(fd, unsafe { real(fd, number, flags) })
    }
}

// In C the third argument is one of `...`: an int or a pointer, in the same place.
hook! {
    unsafe fn fcntl(fd: c_int, command: c_int, argument: c_long) -> c_int => report_fcntl {
        let real = next!(fcntl);
        // SAFETY: the program's own arguments.
        let answer = unsafe { real(fd, command, argument) };
        if command == F_DUPFD || command == F_DUPFD_CLOEXEC { note(fd, answer) } else { answer }
    }
}

hook! {
    unsafe fn fcntl64(fd: c_int, command: c_int, argument: c_long) -> c_int => report_fcntl64 {
        let real = next!(fcntl64);
        // SAFETY: the program's own arguments.
        let answer = unsafe { real(fd, command, argument) };
        if command == F_DUPFD || command == F_DUPFD_CLOEXEC { note(fd, answer) } else { answer }
    }
}

/// `number` is about to be what `fd` is.
fn before_replacing(fd: c_int, number: c_int) {
    // Nothing is closed when there is nothing to take the number.
    if fd != number && numbers::of(number).is_some() && kernel::is_open(fd) {
        before_close(number);
    }
}

/// `number`, if there is one, is what `fd` is.
#[inline]
fn note(fd: c_int, number: c_int) -> c_int {
    if number >= 0 && number != fd && (numbers::of(fd).is_some() || numbers::of(number).is_some()) {
        quietly(|| notes::duplicated(fd, number));
    }
    number
}
