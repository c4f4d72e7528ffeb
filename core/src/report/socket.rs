// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the kernel says of a connection.

use super::table::Kind;
use crate::identity;
use crate::sys::{self, address};
use libc::{IPPROTO_TCP, SOL_SOCKET, SO_PROTOCOL};
use std::ffi::c_int;
use std::net::SocketAddr;

/// What `fd` is; `None` when it is neither TCP nor SMC.
pub fn kind(fd: c_int) -> Option<Kind> {
    if identity::is_smc(fd) {
        return Some(Kind::Smc);
    }
    let protocol = sys::get_int_option(fd, SOL_SOCKET, SO_PROTOCOL);
    (protocol == Ok(IPPROTO_TCP)).then_some(Kind::Tcp)
}

/// What `fd` was created as.
pub fn created_as(fd: c_int) -> Kind {
    if identity::was_created_as_smc(fd) {
        Kind::Smc
    } else {
        Kind::Tcp
    }
}

/// An internet address (IPv4 mapped) and a port.
pub type Address = (u128, u16);

/// The local address of `fd`.
pub fn local_address(fd: c_int) -> Option<Address> {
    let (local, length) = sys::local_address(fd).ok()?;
    address::internet(&local, length).map(as_bits)
}

/// The address that the program has passed to a call.
pub fn address_of(address: *const libc::sockaddr, length: libc::socklen_t) -> Option<Address> {
    let (copied, length) = address::copy(address, length)?;
    address::internet(&copied, length).map(as_bits)
}

fn as_bits(address: SocketAddr) -> Address {
    let bits = match address {
        SocketAddr::V4(v4) => v4.ip().to_ipv6_mapped().to_bits(),
        SocketAddr::V6(v6) => v6.ip().to_bits(),
    };
    (bits, address.port())
}

/// Whether `fd` is connected.
pub fn has_peer(fd: c_int) -> bool {
    let peer = sys::peer_address(fd);
    peer.is_ok_and(|(peer, length)| address::internet(&peer, length).is_some())
}

/// Whether `fd` is, or has been, connected as far as TCP knows (`struct tcp_info`): a
/// connection that was reset has no peer any more, but a round trip was measured.
pub fn has_been_connected(fd: c_int) -> bool {
    const UNCONNECTED: [u8; 3] = [2, 7, 10]; // TCP_SYN_SENT, TCP_CLOSE, TCP_LISTEN
    const ROUND_TRIP: usize = 68;
    let mut info = [0; ROUND_TRIP + 4];
    if sys::get_option(fd, IPPROTO_TCP, libc::TCP_INFO, &mut info) != Ok(info.len()) {
        return false;
    }
    let [state, .., a, b, c, d] = info;
    !UNCONNECTED.contains(&state) || [a, b, c, d] != [0; 4]
}
