// SPDX-License-Identifier: MIT OR Apache-2.0
//! `getsockopt` calls whose answer would reveal SMC, or would be wrong.

use super::{connect_errors, tcp_info};
use crate::{fd_table, identity, process, sys};
use libc::{IPPROTO_TCP, SOL_SOCKET, SO_DOMAIN, SO_ERROR, SO_PROTOCOL, TCP_INFO};
use std::ffi::c_int;
use std::mem::size_of;

/// Whether the answer to `getsockopt(fd, level, name)` may have to be corrected.
#[inline]
pub fn may_differ(fd: c_int, level: c_int, name: c_int) -> bool {
    match (level, name) {
        (SOL_SOCKET, SO_DOMAIN | SO_PROTOCOL) | (IPPROTO_TCP, TCP_INFO) => true,
        (SOL_SOCKET, SO_ERROR) => fd_table::get(fd).is_connecting(),
        _ => false,
    }
}

/// After a `getsockopt` of the program that succeeded: puts TCP's answer in the place of
/// SMC's. `value` is what the kernel has written, cut to the length that the program had
/// room for.
#[cold]
pub fn correct(fd: c_int, name: c_int, value: &mut [u8]) {
    if !process::is_active() {
        return;
    }
    let answer = match name {
        TCP_INFO => {
            if identity::is_smc(fd) {
                tcp_info::correct(fd, value);
            }
            return;
        }
        SO_ERROR => {
            let mut error = [0; size_of::<c_int>()];
            for (to, from) in error.iter_mut().zip(value.iter()) {
                *to = *from;
            }
            Some(connect_errors::so_error(fd, c_int::from_ne_bytes(error)))
        }
        // The whole of it: 256 begins with a zero.
        _ => sys::get_int_option(fd, SOL_SOCKET, name)
            .ok()
            .and_then(|answer| identity::as_tcp_would(fd, name, answer)),
    };
    if let Some(answer) = answer {
        for (to, from) in value.iter_mut().zip(answer.to_ne_bytes()) {
            *to = from;
        }
    }
}
