// SPDX-License-Identifier: MIT OR Apache-2.0
//! `TCP_INFO` of an SMC socket, which describes the TCP connection of the handshake: what
//! is known of the SMC socket is put in. The times of the last data, of the path and of
//! losses stay those of that connection.

use crate::identity;
use crate::sys::{self, address, smc_diag};
use std::ffi::c_int;

/// Corrects `info`, a `struct tcp_info` of SMC socket `fd`, or the beginning of one.
pub fn correct(fd: c_int, info: &mut [u8]) {
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
    let local = sys::local_address(fd).ok();
    let port = local.and_then(|(local, length)| address::internet(&local, length));
    if let Some(waiting) = port.and_then(|local| smc_diag::waiting_connections(local.port())) {
        put(info, UNACKED, &waiting.to_ne_bytes());
    }
}

/// How many bytes were sent and received.
fn describe_connection(fd: c_int, info: &mut [u8]) {
    if let Some(traffic) = sys::inode(fd).and_then(smc_diag::traffic) {
        put(info, BYTES_SENT, &traffic.sent.to_ne_bytes());
        put(info, BYTES_ACKED, &traffic.read_by_peer.to_ne_bytes());
        put(info, BYTES_RECEIVED, &traffic.received.to_ne_bytes());
    }
    if let Ok(bytes) = sys::unsent(fd) {
        put(info, NOTSENT_BYTES, &bytes.to_ne_bytes());
    }
}

/// Puts `bytes` where there is room for all of them.
fn put(info: &mut [u8], at: usize, bytes: &[u8]) {
    if let Some(place) = info.get_mut(at..at + bytes.len()) {
        place.copy_from_slice(bytes);
    }
}
