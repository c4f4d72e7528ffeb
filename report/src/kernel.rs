// SPDX-License-Identifier: MIT OR Apache-2.0
//! What is asked of the kernel, by system calls of our own: `errno` stays as the
//! program's call has left it, and no hook is called.

use crate::raw::{self, Word};
use libc::{AF_INET, AF_INET6, IPPROTO_TCP, SOL_SOCKET, SO_DOMAIN, SO_PROTOCOL};
use std::ffi::{c_char, c_int, c_long, c_uint, CStr};
use std::mem::{size_of, MaybeUninit};
use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::atomic::AtomicU32;
use std::time::Duration;
use table::Kind;

const AF_SMC: c_int = 43;
const IPPROTO_SMC: c_int = 256;

/// A system call; `None` when it fails.
macro_rules! kernel {
    ($number:expr $(, $argument:expr)* $(,)?) => {{
        let answer = raw::system_call!($number $(, $argument)*);
        (answer >= 0).then_some(answer)
    }};
}

/// What `fd` is; `None` when it is neither TCP nor SMC.
pub fn kind(fd: c_int) -> Option<Kind> {
    match int_option(fd, SO_PROTOCOL)? {
        IPPROTO_TCP => Some(Kind::Tcp),
        IPPROTO_SMC => Some(Kind::Smc),
        0 | 1 if int_option(fd, SO_DOMAIN) == Some(AF_SMC) => Some(Kind::Smc),
        _ => None,
    }
}

fn int_option(fd: c_int, name: c_int) -> Option<c_int> {
    let mut value = [0; size_of::<c_int>()];
    option(fd, SOL_SOCKET, name, &mut value)?;
    Some(c_int::from_ne_bytes(value))
}

fn option(fd: c_int, level: c_int, name: c_int, value: &mut [u8]) -> Option<usize> {
    let mut length = c_uint::try_from(value.len()).unwrap_or(0);
    let start = value.as_mut_ptr();
    kernel!(
        libc::SYS_getsockopt,
        fd,
        level,
        name,
        start,
        &raw mut length
    )?;
    Some(length as usize)
}

/// What `fd` was made as: the kernel keeps the name of the protocol
/// (`net/socket.c`, `sockfs_xattr_get`).
pub fn made_as(fd: c_int) -> Kind {
    let name = c"system.sockprotoname";
    let mut value = [0_u8; 32];
    let (start, size) = (value.as_mut_ptr(), value.len());
    let length = kernel!(libc::SYS_fgetxattr, fd, name.as_ptr(), start, size);
    let length = length.and_then(|length| usize::try_from(length).ok());
    let name = value.get(..length.unwrap_or(0)).unwrap_or_default();
    if name.windows(3).any(|part| part == b"SMC") {
        Kind::Smc
    } else {
        Kind::Tcp
    }
}

/// An internet address (IPv4 mapped) and a port.
pub type Address = (u128, u16);

/// The local address of `fd`.
pub fn local_address(fd: c_int) -> Option<Address> {
    address(libc::SYS_getsockname, fd)
}

/// The address of the peer of `fd`; `None` while it is not connected.
pub fn peer_address(fd: c_int) -> Option<Address> {
    address(libc::SYS_getpeername, fd)
}

fn address(call: c_long, fd: c_int) -> Option<Address> {
    let mut bytes = [0_u8; size_of::<libc::sockaddr_storage>()];
    let mut length = c_uint::try_from(bytes.len()).unwrap_or(0);
    kernel!(call, fd, bytes.as_mut_ptr(), &raw mut length)?;
    internet_address(bytes.get(..length as usize)?)
}

/// The address in a `sockaddr`.
pub fn internet_address(bytes: &[u8]) -> Option<Address> {
    let piece = |from, to| bytes.get(from..to);
    let family = u16::from_ne_bytes(piece(0, 2)?.try_into().ok()?);
    let port = u16::from_be_bytes(piece(2, 4)?.try_into().ok()?);
    let ip = match c_int::from(family) {
        AF_INET => {
            let octets: [u8; 4] = piece(4, 8)?.try_into().ok()?;
            Ipv4Addr::from(octets).to_ipv6_mapped()
        }
        AF_INET6 => {
            let octets: [u8; 16] = piece(8, 24)?.try_into().ok()?;
            Ipv6Addr::from(octets)
        }
        _ => return None,
    };
    Some((ip.to_bits(), port))
}

/// Whether `fd` is, or has been, connected as far as TCP knows (`struct tcp_info`):
/// a connection that was reset has no peer any more, but a round trip was measured.
pub fn has_been_connected(fd: c_int) -> bool {
    const UNCONNECTED: [u8; 3] = [2, 7, 10]; // TCP_SYN_SENT, TCP_CLOSE, TCP_LISTEN
    const ROUND_TRIP: usize = 68;
    let mut info = [0; ROUND_TRIP + 4];
    if option(fd, IPPROTO_TCP, libc::TCP_INFO, &mut info) != Some(info.len()) {
        return false;
    }
    let [state, .., a, b, c, d] = info;
    !UNCONNECTED.contains(&state) || [a, b, c, d] != [0; 4]
}

/// The string at `address`, if there is one that the kernel takes for a path: whoever
/// passes another gets an error, and no fault here.
pub fn string(address: *const c_char) -> Option<&'static [u8]> {
    let words = [
        libc::AT_FDCWD.word(),
        address.word(),
        libc::F_OK.word(),
        0,
        0,
        0,
    ];
    // SAFETY: the kernel looks itself whether it may read there.
    let answer = unsafe { raw::call(libc::SYS_faccessat, words) };
    let is_none = [libc::EFAULT, libc::ENAMETOOLONG].map(|errno| -c_long::from(errno));
    // SAFETY: the kernel has read it to its end.
    (!is_none.contains(&answer)).then(|| unsafe { CStr::from_ptr(address) }.to_bytes())
}

/// The inode of `fd`.
pub fn inode(fd: c_int) -> Option<u64> {
    let mut status = MaybeUninit::<libc::stat>::zeroed();
    kernel!(libc::SYS_fstat, fd, status.as_mut_ptr())?;
    // SAFETY: zeroed bytes are a valid struct stat.
    Some(unsafe { status.assume_init() }.st_ino)
}

/// Whether there is a descriptor `fd`.
pub fn is_open(fd: c_int) -> bool {
    kernel!(libc::SYS_fcntl, fd, libc::F_GETFD, 0).is_some()
}

/// This process, asked anew: a child has its own.
pub fn process_id() -> u32 {
    kernel!(libc::SYS_getpid, 0).map_or(0, |id| u32::try_from(id).unwrap_or(0))
}

/// Milliseconds since some point in the past.
pub fn milliseconds() -> u64 {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    let _ = kernel!(
        libc::SYS_clock_gettime,
        libc::CLOCK_MONOTONIC,
        &raw mut time
    );
    time.tv_sec.unsigned_abs() * 1000 + time.tv_nsec.unsigned_abs() / 1_000_000
}

/// Wakes one who sleeps on `futex`, in whatever process.
pub fn wake(futex: &AtomicU32) {
    let _ = kernel!(
        libc::SYS_futex,
        std::ptr::from_ref(futex),
        libc::FUTEX_WAKE,
        1
    );
}

/// Sleeps until `futex` is woken, unless it is not `value` any more; at most so long.
pub fn sleep(futex: &AtomicU32, value: u32, limit: Duration) {
    let limit = libc::timespec {
        tv_sec: i64::try_from(limit.as_secs()).unwrap_or(0),
        tv_nsec: limit.subsec_nanos().into(),
    };
    let _ = kernel!(
        libc::SYS_futex,
        std::ptr::from_ref(futex),
        libc::FUTEX_WAIT,
        value,
        &raw const limit
    );
}

/// `close_range(2)` as C has it: 0, or -1 and errno.
pub fn close_range(first: c_uint, last: c_uint, flags: c_int) -> c_int {
    let words = [first.word(), last.word(), flags.word(), 0, 0, 0];
    // SAFETY: no pointers.
    let answer = unsafe { raw::call(libc::SYS_close_range, words) };
    if answer >= 0 {
        return 0;
    }
    // SAFETY: the thread's own errno.
    unsafe { *libc::__errno_location() = c_int::try_from(-answer).unwrap_or(libc::EINVAL) };
    -1
}

/// The file at `path`, mapped to be shared with others; not kept open.
pub fn map_shared(path: &CStr, length: usize) -> Option<*mut u8> {
    let flags = libc::O_RDWR | libc::O_CLOEXEC | libc::O_NOCTTY | libc::O_NOFOLLOW;
    let opened = kernel!(libc::SYS_openat, libc::AT_FDCWD, path.as_ptr(), flags, 0)?;
    let fd = c_int::try_from(opened).ok()?;
    let access = libc::PROT_READ | libc::PROT_WRITE;
    // A file that is shorter would be a bus error later.
    let mut status = MaybeUninit::<libc::stat>::zeroed();
    let is_there = kernel!(libc::SYS_fstat, fd, status.as_mut_ptr()).is_some();
    // SAFETY: zeroed bytes are a valid struct stat.
    let size = usize::try_from(unsafe { status.assume_init() }.st_size);
    let pages = if is_there && size == Ok(length) {
        // By way of the C library: s390x has a convention of its own. Its errno is
        // put back.
        // SAFETY: the thread's own errno.
        let errno = unsafe { libc::__errno_location() };
        // SAFETY: as above.
        let before = unsafe { *errno };
        let nowhere = std::ptr::null_mut();
        // SAFETY: asks for fresh pages anywhere.
        let pages = unsafe { libc::mmap(nowhere, length, access, libc::MAP_SHARED, fd, 0) };
        // SAFETY: as above.
        unsafe { *errno = before };
        pages
    } else {
        libc::MAP_FAILED
    };
    let _ = kernel!(libc::SYS_close, fd);
    (pages != libc::MAP_FAILED).then_some(pages.cast())
}
