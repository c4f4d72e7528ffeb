// SPDX-License-Identifier: MIT OR Apache-2.0
//! Socket addresses between C and Rust.

use crate::sys;
use std::ffi::c_int;
use std::mem::size_of;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};

/// The address family of a stored address.
pub fn family(address: &libc::sockaddr_storage) -> c_int {
    c_int::from(address.ss_family)
}

/// A copy of the program's address. `None` for what cannot be one: memory that cannot be
/// read (the kernel says EFAULT), a length that it refuses before it reads, or one too
/// short to have a family. One system call, two where the address crosses a page.
pub fn copy(
    address: *const libc::sockaddr,
    length: libc::socklen_t,
) -> Option<(libc::sockaddr_storage, usize)> {
    let length = length as usize;
    let possible = size_of::<libc::sa_family_t>()..=size_of::<libc::sockaddr_storage>();
    if !possible.contains(&length) {
        return None;
    }
    // SAFETY: sockaddr_storage is plain data; all zeroes is one.
    let mut copy: libc::sockaddr_storage = unsafe { std::mem::zeroed() };
    // SAFETY: all of it are bytes.
    let bytes = unsafe { std::slice::from_raw_parts_mut((&raw mut copy).cast::<u8>(), length) };
    sys::copy_from_program(address.cast(), bytes)?;
    Some((copy, length))
}

/// The IPv4 or IPv6 address and port in `address`; `None` for other families
/// and for lengths that the kernel will refuse.
pub fn internet(address: &libc::sockaddr_storage, length: usize) -> Option<SocketAddr> {
    match family(address) {
        libc::AF_INET if length >= size_of::<libc::sockaddr_in>() => {
            // SAFETY: sockaddr_storage is large enough and aligned for it.
            let v4 = unsafe { *(&raw const *address).cast::<libc::sockaddr_in>() };
            let ip = Ipv4Addr::from(u32::from_be(v4.sin_addr.s_addr));
            Some(SocketAddrV4::new(ip, u16::from_be(v4.sin_port)).into())
        }
        // RFC 2133's sockaddr_in6 had no scope id; the kernel still takes it.
        libc::AF_INET6 if length >= size_of::<libc::sockaddr_in6>() - 4 => {
            // SAFETY: as above.
            let v6 = unsafe { *(&raw const *address).cast::<libc::sockaddr_in6>() };
            let ip = Ipv6Addr::from(v6.sin6_addr.s6_addr);
            Some(SocketAddrV6::new(ip, u16::from_be(v6.sin6_port), 0, v6.sin6_scope_id).into())
        }
        _ => None,
    }
}

/// Whether a local address says that its socket was bound: by port, or by
/// address alone (`IP_BIND_ADDRESS_NO_PORT`).
pub fn is_bound(local: &libc::sockaddr_storage, length: usize) -> bool {
    internet(local, length).is_some_and(|local| local.port() != 0 || !local.ip().is_unspecified())
}

/// An address at which whoever is bound to `local` can be reached from here.
pub fn reachable(local: &libc::sockaddr_storage, length: usize) -> Option<libc::sockaddr_storage> {
    let mut peer = *local;
    if internet(local, length)?.ip().is_unspecified() {
        if family(local) == libc::AF_INET {
            // SAFETY: sockaddr_storage is large enough and aligned for it.
            let v4 = unsafe { &mut *(&raw mut peer).cast::<libc::sockaddr_in>() };
            v4.sin_addr.s_addr = u32::from(Ipv4Addr::LOCALHOST).to_be();
        } else {
            // SAFETY: as above.
            let v6 = unsafe { &mut *(&raw mut peer).cast::<libc::sockaddr_in6>() };
            v6.sin6_addr.s6_addr = Ipv6Addr::LOCALHOST.octets();
        }
    }
    Some(peer)
}

/// The same address, any port.
pub fn without_port(address: &libc::sockaddr_storage) -> libc::sockaddr_storage {
    let mut any = *address;
    // SAFETY: sockaddr_storage is large enough and aligned for it, and
    // sockaddr_in6 has its port in the same place.
    unsafe { (*(&raw mut any).cast::<libc::sockaddr_in>()).sin_port = 0 };
    any
}

/// The bytes of a `sockaddr_in6`, or of what is shorter.
const WORDS: usize = 4;
type Bytes = [u8; WORDS * size_of::<u64>()];

/// The beginning of an internet address as numbers: all of it that matters.
pub fn to_words(address: &libc::sockaddr_storage) -> [u64; WORDS] {
    // SAFETY: a sockaddr_storage is larger, and all of it are bytes.
    let bytes = unsafe { &*(&raw const *address).cast::<Bytes>() };
    let mut words = [0; WORDS];
    for (word, bytes) in words.iter_mut().zip(bytes.chunks_exact(size_of::<u64>())) {
        *word = bytes.try_into().map_or(0, u64::from_ne_bytes);
    }
    words
}

/// The address that [`to_words`] has made these numbers of.
pub fn from_words(words: [u64; WORDS]) -> libc::sockaddr_storage {
    // SAFETY: sockaddr_storage is plain data; all zeroes is one.
    let mut address: libc::sockaddr_storage = unsafe { std::mem::zeroed() };
    // SAFETY: it is larger, and any bytes are one.
    let bytes = unsafe { &mut *(&raw mut address).cast::<Bytes>() };
    for (place, word) in bytes.chunks_exact_mut(size_of::<u64>()).zip(words) {
        place.copy_from_slice(&word.to_ne_bytes());
    }
    address
}
