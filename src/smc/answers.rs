// SPDX-License-Identifier: MIT OR Apache-2.0
//! `getsockopt` calls whose answer would give SMC away, or would be none.

use super::{address, diag, identity, os, recover};
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

/// After a `getsockopt` of the program for `TCP_INFO` that succeeded, which describes the
/// connection that the handshake went over: puts in what is known of the SMC socket. The
/// times of the last data, of the path and of losses are those of that connection.
///
/// # Safety
/// `value` and `length` must be what the program passed and the kernel filled.
#[cold]
pub unsafe fn tcp_info(fd: c_int, value: *mut c_void, length: *const socklen_t) {
    if !process::is_active() || value.is_null() || length.is_null() || !identity::is_smc(fd) {
        return;
    }
    // SAFETY: the kernel has just written the length there, and so many bytes of the answer.
    let info = unsafe { std::slice::from_raw_parts_mut(value.cast(), *length as usize) };
    if identity::is_listening(fd) {
        describe_listener(fd, info);
    } else {
        describe_connection(fd, info);
    }
}

/// Places in `struct tcp_info` (`include/uapi/linux/tcp.h`).
const UNACKED: usize = 24;
const BYTES_ACKED: usize = 120;
const BYTES_RECEIVED: usize = 128;
const NOTSENT_BYTES: usize = 144;
const BYTES_SENT: usize = 200;

/// How many connections wait to be accepted.
fn describe_listener(fd: c_int, info: &mut [u8]) {
    let local = os::local_address(fd).ok();
    let port = local.and_then(|(local, length)| address::internet(&local, length));
    if let Some(waiting) = port.and_then(|local| diag::waiting_connections(local.port())) {
        put(info, UNACKED, &waiting.to_ne_bytes());
    }
}

/// How many bytes were sent and received.
fn describe_connection(fd: c_int, info: &mut [u8]) {
    let inode = os::file_identity(fd).map(|(_, inode)| inode);
    if let Some(traffic) = inode.and_then(diag::traffic) {
        put(info, BYTES_SENT, &traffic.sent.to_ne_bytes());
        put(info, BYTES_ACKED, &traffic.read_by_peer.to_ne_bytes());
        put(info, BYTES_RECEIVED, &traffic.received.to_ne_bytes());
    }
    if let Ok(bytes) = os::unsent(fd) {
        put(info, NOTSENT_BYTES, &bytes.to_ne_bytes());
    }
}

/// Puts `bytes` where there is room for all of them.
fn put(info: &mut [u8], at: usize, bytes: &[u8]) {
    if let Some(place) = info.get_mut(at..at + bytes.len()) {
        place.copy_from_slice(bytes);
    }
}
