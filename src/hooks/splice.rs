// SPDX-License-Identifier: MIT OR Apache-2.0
//! Calls that move data in the kernel: out of an SMC socket it is copied; into one, it is a
//! call that sends.

use super::real::real;
use super::send::is_all;
use libc::{c_int, c_uint, loff_t, off_t, size_t, ssize_t};
use smc_core::identity;
use smc_core::lifecycle::{self, send};
use smc_core::panics::caught;

#[no_mangle]
unsafe extern "C-unwind" fn splice(
    from: c_int,
    from_offset: *mut loff_t,
    to: c_int,
    to_offset: *mut loff_t,
    length: size_t,
    flags: c_uint,
) -> ssize_t {
    // With an offset, of a socket or of a pipe, the kernel refuses what is asked here.
    if from_offset.is_null() && to_offset.is_null() && lifecycle::splice::is_source(from) {
        return lifecycle::splice::copy(from, to, length, flags);
    }
    let real = real!("C-unwind" fn splice(
        from: c_int, from_offset: *mut loff_t,
        to: c_int, to_offset: *mut loff_t, length: size_t, flags: c_uint
    ) -> ssize_t);
    // SAFETY: the program's own arguments.
    let moved = unsafe { real(from, from_offset, to, to_offset, length, flags) };
    if !is_all(moved, length) {
        short_move(moved, to, || lifecycle::splice::is_pipe_empty(from));
    }
    moved
}

/// The call has moved less than it was asked to: `is_source_empty` may be the reason.
#[cold]
fn short_move(moved: ssize_t, to: c_int, is_source_empty: impl FnOnce() -> bool) {
    caught(|| {
        if moved < 0 || identity::is_smc(to) && !is_source_empty() {
            send::after_short_send(to, moved, true);
        }
    });
}

macro_rules! sendfile {
    (unsafe fn $name:ident($to:ident: c_int, $from:ident: c_int, $offset:ident: *mut off_t, $length:ident: size_t)) => {
        #[no_mangle]
        unsafe extern "C-unwind" fn $name(
            $to: c_int,
            $from: c_int,
            $offset: *mut off_t,
            $length: size_t,
        ) -> ssize_t {
            // Into a pipe, Linux 5.12 on, this is a splice.
            if $offset.is_null() && lifecycle::splice::is_source($from) {
                return lifecycle::splice::copy($from, $to, $length, 0);
            }
            let real = real!("C-unwind" fn $name(
                to: c_int, from: c_int, offset: *mut off_t, length: size_t
            ) -> ssize_t);
            // SAFETY: the program's own arguments.
            let moved = unsafe { real($to, $from, $offset, $length) };
            if !is_all(moved, $length) {
                let is_known = moved >= 0 && !$offset.is_null();
                // SAFETY: the kernel has just read and written it.
                let offset = is_known.then(|| unsafe { $offset.read_unaligned() });
                short_move(moved, $to, || lifecycle::splice::is_file_at_end($from, offset));
            }
            moved
        }
    };
}

sendfile! {
    unsafe fn sendfile(to: c_int, from: c_int, offset: *mut off_t, length: size_t)
}

sendfile! {
    unsafe fn sendfile64(to: c_int, from: c_int, offset: *mut off_t, length: size_t)
}
