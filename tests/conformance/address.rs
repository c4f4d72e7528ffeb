// SPDX-License-Identifier: MIT OR Apache-2.0
//! Socket addresses as C has them.

use std::ffi::c_int;
use std::mem::{size_of, zeroed};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// An address as C has it.
#[derive(Clone, Copy)]
pub struct Address {
    bytes: libc::sockaddr_storage,
    pub length: libc::socklen_t,
}

impl Address {
    pub fn empty() -> Self {
        Self {
            // SAFETY: plain data; all zeroes is a value.
            bytes: unsafe { zeroed() },
            length: length_of::<libc::sockaddr_storage>(),
        }
    }

    /// The same address under another family's number.
    pub fn with_family(mut self, family: c_int) -> Self {
        self.bytes.ss_family = u16::try_from(family).unwrap_or(0);
        self
    }

    pub fn with_length(mut self, length: u32) -> Self {
        self.length = length;
        self
    }

    /// Where a call writes an address.
    pub fn room(&mut self) -> *mut libc::sockaddr {
        (&raw mut self.bytes).cast()
    }

    pub fn pointer(&self) -> *const libc::sockaddr {
        (&raw const self.bytes).cast()
    }

    pub fn bytes(&self) -> &[u8] {
        // SAFETY: a sockaddr_storage is so long at least.
        unsafe { std::slice::from_raw_parts(self.pointer().cast(), self.length as usize) }
    }

    pub fn ip_and_port(&self) -> Option<SocketAddr> {
        match c_int::from(self.bytes.ss_family) {
            libc::AF_INET => {
                // SAFETY: a sockaddr_storage holds any address.
                let v4 = unsafe { *(&raw const self.bytes).cast::<libc::sockaddr_in>() };
                let ip = Ipv4Addr::from(u32::from_be(v4.sin_addr.s_addr));
                Some((ip, u16::from_be(v4.sin_port)).into())
            }
            libc::AF_INET6 => {
                // SAFETY: as above.
                let v6 = unsafe { *(&raw const self.bytes).cast::<libc::sockaddr_in6>() };
                let ip = Ipv6Addr::from(v6.sin6_addr.s6_addr);
                Some((ip, u16::from_be(v6.sin6_port)).into())
            }
            _ => None,
        }
    }
}

impl From<SocketAddr> for Address {
    fn from(from: SocketAddr) -> Self {
        let mut address = Self::empty();
        let port = from.port().to_be();
        match from.ip() {
            IpAddr::V4(ip) => {
                let v4 = (&raw mut address.bytes).cast::<libc::sockaddr_in>();
                // SAFETY: a sockaddr_storage has room for any address.
                let v4 = unsafe { &mut *v4 };
                v4.sin_family = 2;
                v4.sin_port = port;
                v4.sin_addr.s_addr = u32::from(ip).to_be();
                address.length = length_of::<libc::sockaddr_in>();
            }
            IpAddr::V6(ip) => {
                let v6 = (&raw mut address.bytes).cast::<libc::sockaddr_in6>();
                // SAFETY: as above.
                let v6 = unsafe { &mut *v6 };
                v6.sin6_family = 10;
                v6.sin6_port = port;
                v6.sin6_addr.s6_addr = ip.octets();
                address.length = length_of::<libc::sockaddr_in6>();
            }
        }
        address
    }
}

#[allow(clippy::cast_possible_truncation, reason = "sizes of C structures")]
pub fn length_of<T>() -> libc::socklen_t {
    size_of::<T>() as libc::socklen_t
}
