// SPDX-License-Identifier: MIT OR Apache-2.0
//! A `connect` call of the program.

use crate::engine::Engine;
use crate::sys::address;
use libc::{sockaddr, socklen_t};
use std::ffi::c_int;
use std::net::{IpAddr, SocketAddr};

/// The program's arguments. The pointer may be anything: only the kernel reads it, or
/// [`address::copy`], which asks the kernel first.
#[derive(Clone, Copy)]
pub struct Call<E> {
    pub(super) engine: E,
    pub(super) fd: c_int,
    pub(super) address: *const sockaddr,
    pub(super) length: socklen_t,
}

impl<E: Engine> Call<E> {
    /// A call with these arguments.
    pub fn new(engine: E, fd: c_int, address: *const sockaddr, length: socklen_t) -> Self {
        Self {
            engine,
            fd,
            address,
            length,
        }
    }

    /// Makes the real call. It may unwind.
    pub(super) fn make(self) -> c_int {
        self.engine.connect(self.fd, self.address, self.length)
    }

    /// The destination; `None` when that is no internet address.
    pub(super) fn peer(self) -> Option<SocketAddr> {
        let copied = address::copy(self.address, self.length);
        copied.and_then(|(address, length)| address::internet(&address, length))
    }

    /// Its address alone.
    pub(super) fn peer_ip(self) -> Option<IpAddr> {
        self.peer().map(|peer| peer.ip())
    }
}
