// SPDX-License-Identifier: MIT OR Apache-2.0
//! Sockets: options, addresses, states.

use super::{call, number, Errno, Word};
use std::ffi::{c_int, c_long, c_void};
use std::mem::{size_of, MaybeUninit};

/// `getsockopt` into `value`; the length that the kernel wrote.
pub fn get_option(fd: c_int, level: c_int, name: c_int, value: &mut [u8]) -> Result<usize, Errno> {
    let mut length = libc::socklen_t::try_from(value.len()).unwrap_or(0);
    kernel!(
        libc::SYS_getsockopt,
        fd,
        level,
        name,
        value.as_mut_ptr(),
        &raw mut length
    )?;
    Ok(length as usize)
}

/// `getsockopt` of an `int`.
pub fn get_int_option(fd: c_int, level: c_int, name: c_int) -> Result<c_int, Errno> {
    let mut value = [0; size_of::<c_int>()];
    get_option(fd, level, name, &mut value)?;
    Ok(c_int::from_ne_bytes(value))
}

/// `setsockopt` from `value`.
pub fn set_option(fd: c_int, level: c_int, name: c_int, value: &[u8]) -> Result<(), Errno> {
    kernel!(
        libc::SYS_setsockopt,
        fd,
        level,
        name,
        value.as_ptr(),
        value.len()
    )
    .map(drop)
}

/// `setsockopt` of an `int`.
pub fn set_int_option(fd: c_int, level: c_int, name: c_int, value: c_int) -> Result<(), Errno> {
    set_option(fd, level, name, &value.to_ne_bytes())
}

/// The local address of `fd`, as the kernel wrote it, and its length.
pub fn local_address(fd: c_int) -> Result<(libc::sockaddr_storage, usize), Errno> {
    address_of(libc::SYS_getsockname, fd)
}

fn address_of(call: c_long, fd: c_int) -> Result<(libc::sockaddr_storage, usize), Errno> {
    let mut address = MaybeUninit::<libc::sockaddr_storage>::zeroed();
    let mut length: libc::socklen_t =
        libc::socklen_t::try_from(size_of::<libc::sockaddr_storage>()).unwrap_or(0);
    kernel!(call, fd, address.as_mut_ptr(), &raw mut length)?;
    // SAFETY: zeroed bytes are a valid sockaddr_storage, with or without what
    // the kernel wrote over them.
    Ok((unsafe { address.assume_init() }, length as usize))
}

/// `socket(2)` itself.
pub fn socket(domain: c_int, kind: c_int, protocol: c_int) -> Result<c_int, Errno> {
    kernel!(libc::SYS_socket, domain, kind, protocol).map(number)
}

/// `bind(2)`; `length` is at most the size of `address`.
pub fn bind(fd: c_int, address: &libc::sockaddr_storage, length: usize) -> Result<(), Errno> {
    kernel!(libc::SYS_bind, fd, &raw const *address, length).map(drop)
}

/// `connect(2)`; `length` is at most the size of `address`.
pub fn connect(fd: c_int, address: &libc::sockaddr_storage, length: usize) -> Result<(), Errno> {
    kernel!(libc::SYS_connect, fd, &raw const *address, length).map(drop)
}

/// The address of the peer of `fd`, as [`local_address`].
pub fn peer_address(fd: c_int) -> Result<(libc::sockaddr_storage, usize), Errno> {
    address_of(libc::SYS_getpeername, fd)
}

/// Name of the protocol that `fd` was made with, written to `buffer` with a NUL
/// behind it (`net/socket.c`, `sockfs_xattr_get`): `TCP`, `SMC6`, `INET_SMC`, …
pub fn protocol_name(fd: c_int, buffer: &mut [u8]) -> Result<&[u8], Errno> {
    let name = c"system.sockprotoname";
    let length = kernel!(
        libc::SYS_fgetxattr,
        fd,
        name.as_ptr(),
        buffer.as_mut_ptr(),
        buffer.len()
    )?;
    Ok(buffer
        .get(..number(length).unsigned_abs() as usize)
        .unwrap_or_default())
}

/// Bytes that were written to `fd` and not yet handed to the peer
/// (`SIOCOUTQNSD`, `include/uapi/linux/sockios.h`).
pub fn unsent(fd: c_int) -> Result<c_int, Errno> {
    const SIOCOUTQNSD: c_int = 0x894b;
    let mut bytes: c_int = 0;
    kernel!(libc::SYS_ioctl, fd, SIOCOUTQNSD, &raw mut bytes)?;
    Ok(bytes)
}

/// `recv(2)`: the part of `buffer` that was filled.
pub fn receive(fd: c_int, buffer: &mut [MaybeUninit<u8>], flags: c_int) -> Result<&[u8], Errno> {
    let nowhere = std::ptr::null_mut::<c_void>();
    let (start, length) = (buffer.as_mut_ptr(), buffer.len());
    let received = kernel!(
        libc::SYS_recvfrom,
        fd,
        start,
        length,
        flags,
        nowhere,
        nowhere
    )?;
    Ok(received_part(
        buffer,
        usize::try_from(received).unwrap_or(0),
    ))
}

/// The first `length` bytes of `buffer`, which calls of this module have filled.
pub(crate) fn received_part(buffer: &[MaybeUninit<u8>], length: usize) -> &[u8] {
    let length = length.min(buffer.len());
    // SAFETY: the kernel has written so many bytes at the start of the buffer.
    unsafe { std::slice::from_raw_parts(buffer.as_ptr().cast(), length) }
}

/// State of the TCP socket that `fd` is, or has below it (`struct tcp_info`, tcp(7)).
pub fn tcp_state(fd: c_int) -> Option<u8> {
    let mut state = [0];
    get_option(fd, libc::IPPROTO_TCP, libc::TCP_INFO, &mut state).ok()?;
    let [state] = state;
    Some(state)
}

/// How many connections may wait for an accept of listener `fd` (`struct tcp_info`,
/// `tcpi_sacked`; of an SMC socket, the listener below it).
pub fn backlog(fd: c_int) -> Option<c_int> {
    const BEFORE: usize = 28;
    let mut info = [0; BEFORE + size_of::<c_int>()];
    get_option(fd, libc::IPPROTO_TCP, libc::TCP_INFO, &mut info).ok()?;
    let (_, most) = info.split_at_checked(BEFORE)?;
    Some(c_int::from_ne_bytes(most.try_into().ok()?))
}

/// `listen(2)`.
pub fn listen(fd: c_int, backlog: c_int) -> Result<(), Errno> {
    kernel!(libc::SYS_listen, fd, backlog).map(drop)
}

/// `shutdown(2)`.
pub fn shutdown(fd: c_int, how: c_int) -> Result<(), Errno> {
    kernel!(libc::SYS_shutdown, fd, how).map(drop)
}

/// Copies the bytes at `value` into `copy`, all of it; `None` when they cannot
/// be read. A program may pass any pointer: TCP answers EFAULT to a wrong one.
pub fn copy_from_program(value: *const c_void, copy: &mut [u8]) -> Option<&[u8]> {
    const SMALLEST_PAGE: usize = 4096;
    let first = value.addr();
    let last = first.checked_add(copy.len().checked_sub(1)?)?;
    let is_in_one_page = first / SMALLEST_PAGE == last / SMALLEST_PAGE;
    if !is_readable(first) || !(is_in_one_page || is_readable(last)) {
        return None;
    }
    // SAFETY: the first and the last byte are readable, and `copy` is shorter
    // than a page, so there is none between.
    unsafe { std::ptr::copy_nonoverlapping(value.cast(), copy.as_mut_ptr(), copy.len()) };
    Some(copy)
}

/// Whether the byte at `address` can be read. The kernel copies a signal mask
/// before it finds that there is nothing to be done with it: the one call that
/// reads eight bytes, changes nothing and is forbidden nowhere.
fn is_readable(address: usize) -> bool {
    const NOTHING_TO_DO: c_int = -1;
    const MASK: usize = 8;
    let aligned = std::ptr::without_provenance::<c_void>(address / MASK * MASK);
    let nowhere = std::ptr::null_mut::<c_void>();
    let answer = kernel!(
        libc::SYS_rt_sigprocmask,
        NOTHING_TO_DO,
        aligned,
        nowhere,
        MASK
    );
    // A mask at NULL is no mask.
    !aligned.is_null() && answer != Err(Errno(libc::EFAULT))
}

/// Wakes those who wait in a call on SMC socket `fd`, and those who wait for room by
/// epoll, poll or select, if there is room.
///
/// Setting the size of the transmit buffer to what it is makes the kernel do that
/// (`net/core/sock.c`, `sk_setsockopt`; `net/smc/smc_tx.c`, `smc_tx_write_space`): the ring
/// keeps its size once it is there. The kernel doubles the size that is set.
pub fn wake_waiters(fd: c_int) {
    if let Ok(size) = get_int_option(fd, libc::SOL_SOCKET, libc::SO_SNDBUF) {
        let _ = set_int_option(fd, libc::SOL_SOCKET, libc::SO_SNDBUF, size / 2);
    }
}
