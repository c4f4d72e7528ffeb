// SPDX-License-Identifier: MIT OR Apache-2.0
//! The C library's socket calls, one at a time, as programs in C make them.

use std::io;
use std::mem::size_of;
use std::net::{SocketAddr, SocketAddrV4};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

/// `errno` of this thread.
pub fn errno() -> i32 {
    // SAFETY: glibc returns a valid pointer to the thread's errno.
    unsafe { *libc::__errno_location() }
}

/// Sets `errno` of this thread.
pub fn set_errno(value: i32) {
    // SAFETY: as in `errno`.
    unsafe { *libc::__errno_location() = value }
}

/// A TCP socket over IPv4, not connected to anything; `flags` beside the type.
pub fn socket(flags: i32) -> io::Result<OwnedFd> {
    // SAFETY: the call takes any integers.
    let fd = unsafe { libc::socket(libc::AF_INET, libc::SOCK_STREAM | flags, 0) };
    if fd == -1 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: a descriptor that nobody else knows of yet.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// `setsockopt` with a value of any length.
pub fn set(socket: &impl AsRawFd, level: i32, name: i32, value: &[u8]) -> io::Result<()> {
    let length = libc::socklen_t::try_from(value.len()).map_err(io::Error::other)?;
    // SAFETY: `value` is readable for `length` bytes.
    let answer = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            level,
            name,
            value.as_ptr().cast(),
            length,
        )
    };
    outcome(answer)
}

/// `getsockopt` of an `int`.
pub fn get(socket: &impl AsRawFd, level: i32, name: i32) -> io::Result<i32> {
    let mut value = 0_i32;
    let mut length: libc::socklen_t = 4;
    // SAFETY: `value` and `length` are valid for the kernel to fill.
    let answer = unsafe {
        libc::getsockopt(
            socket.as_raw_fd(),
            level,
            name,
            (&raw mut value).cast(),
            &raw mut length,
        )
    };
    outcome(answer).map(|()| value)
}

/// `connect`; the address must be one of IPv4.
pub fn connect(socket: &impl AsRawFd, address: SocketAddr) -> io::Result<()> {
    let SocketAddr::V4(address) = address else {
        return Err(io::ErrorKind::Unsupported.into());
    };
    let address = in_c(address);
    // SAFETY: `address` is readable for its length.
    outcome(unsafe { libc::connect(socket.as_raw_fd(), (&raw const address).cast(), V4_LENGTH) })
}

/// The length of an IPv4 address in C.
#[allow(clippy::cast_possible_truncation)]
pub const V4_LENGTH: libc::socklen_t = size_of::<libc::sockaddr_in>() as libc::socklen_t;

/// An address as C has it.
pub fn in_c(address: SocketAddrV4) -> libc::sockaddr_in {
    libc::sockaddr_in {
        #[allow(clippy::cast_possible_truncation)]
        sin_family: libc::AF_INET as libc::sa_family_t,
        sin_port: address.port().to_be(),
        sin_addr: libc::in_addr {
            s_addr: u32::from(*address.ip()).to_be(),
        },
        sin_zero: [0; 8],
    }
}

/// Waits until `socket` is writable or has failed, however often interrupted.
pub fn wait_writable(socket: &impl AsRawFd) -> io::Result<()> {
    wait(socket, libc::POLLOUT)
}

/// Waits until something can be read or accepted.
pub fn wait_readable(socket: &impl AsRawFd) -> io::Result<()> {
    wait(socket, libc::POLLIN)
}

fn wait(socket: &impl AsRawFd, events: i16) -> io::Result<()> {
    let mut poll = libc::pollfd {
        fd: socket.as_raw_fd(),
        events,
        revents: 0,
    };
    loop {
        // SAFETY: one valid pollfd.
        match unsafe { libc::poll(&raw mut poll, 1, 60_000) } {
            1 => return Ok(()),
            0 => return Err(io::ErrorKind::TimedOut.into()),
            _ => match io::Error::last_os_error() {
                error if error.kind() == io::ErrorKind::Interrupted => {}
                error => return Err(error),
            },
        }
    }
}

/// How many descriptors this process has open.
pub fn descriptors() -> io::Result<usize> {
    Ok(std::fs::read_dir("/proc/self/fd")?.count())
}

fn outcome(answer: i32) -> io::Result<()> {
    if answer == -1 {
        Err(io::Error::last_os_error())
    } else {
        Ok(())
    }
}
