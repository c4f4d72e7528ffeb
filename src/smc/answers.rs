// SPDX-License-Identifier: MIT OR Apache-2.0
//! `getsockopt` calls whose answer would give SMC away, or would be none.

use super::{identity, os, recover};
use crate::process;
use libc::{socklen_t, SOL_SOCKET, SO_ERROR};
use std::ffi::{c_int, c_void};
use std::mem::size_of;

/// After a `getsockopt` of the program for `SO_DOMAIN`, `SO_PROTOCOL` or `SO_ERROR`
/// that succeeded: puts TCP's answer in the place of SMC's, cut to the length that
/// the program had room for.
///
/// # Safety
/// `value` and `length` must be what the program passed and the kernel filled.
#[cold]
pub unsafe fn hide_smc(fd: c_int, name: c_int, value: *mut c_void, length: *const socklen_t) {
    if process::get().is_none() || value.is_null() || length.is_null() {
        return;
    }
    // SAFETY: the kernel has just written the length there.
    let room = (unsafe { *length } as usize).min(size_of::<c_int>());
    let tcp = if name == SO_ERROR {
        let mut answered = [0; size_of::<c_int>()];
        // SAFETY: the kernel has just written `room` bytes there.
        unsafe { std::ptr::copy_nonoverlapping(value.cast(), answered.as_mut_ptr(), room) };
        Some(recover::told(fd, c_int::from_ne_bytes(answered)))
    } else {
        // The whole of it: 256 begins with a zero.
        os::get_int_option(fd, SOL_SOCKET, name)
            .ok()
            .and_then(|answered| identity::as_tcp_would(fd, name, answered))
    };
    if let Some(tcp) = tcp {
        // SAFETY: the kernel has just written `room` bytes there.
        unsafe { std::ptr::copy_nonoverlapping(tcp.to_ne_bytes().as_ptr(), value.cast(), room) };
    }
}
