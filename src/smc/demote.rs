// SPDX-License-Identifier: MIT OR Apache-2.0
//! From SMC back to TCP in place.
//!
//! Setting `TCP_FASTOPEN_NO_COOKIE` to its default makes the kernel replace an
//! SMC socket that is neither connected nor listening by its inner TCP socket:
//! same descriptor, same open file, same epoll registrations (checked on 6.1
//! and 6.12). On a TCP socket the call changes nothing.
//!
//! What the program had set on `SOL_SOCKET` lived on the SMC socket and would
//! be lost with it: it is read before and written after.

use super::{identity, os};
use crate::hints::{self, Hint};
use libc::{IPPROTO_TCP, SOL_SOCKET};
use std::ffi::c_int;
use std::mem::size_of;

/// `include/uapi/linux/tcp.h`.
const TCP_FASTOPEN_NO_COOKIE: c_int = 34;

/// The longest value carried over: a device name (`IFNAMSIZ`) or a timeval.
const LONGEST: usize = 16;

/// A `SOL_SOCKET` option that TCP honours and that can be read back.
struct Carried {
    name: c_int,
    size: usize,
}

const fn int(name: c_int) -> Carried {
    Carried {
        name,
        size: size_of::<c_int>(),
    }
}

const fn wide(name: c_int, size: usize) -> Carried {
    Carried { name, size }
}

/// `include/uapi/asm-generic/socket.h`; buffer sizes are a case of their own.
const CARRIED: [Carried; 35] = [
    int(libc::SO_DEBUG),
    int(libc::SO_REUSEADDR),
    int(libc::SO_DONTROUTE),
    int(libc::SO_BROADCAST),
    int(libc::SO_KEEPALIVE),
    int(libc::SO_OOBINLINE),
    int(libc::SO_NO_CHECK),
    int(libc::SO_PRIORITY),
    wide(libc::SO_LINGER, size_of::<libc::linger>()),
    int(libc::SO_REUSEPORT),
    int(libc::SO_PASSCRED),
    int(libc::SO_RCVLOWAT),
    wide(libc::SO_RCVTIMEO, size_of::<libc::timeval>()),
    wide(libc::SO_SNDTIMEO, size_of::<libc::timeval>()),
    wide(libc::SO_BINDTODEVICE, LONGEST),
    int(libc::SO_TIMESTAMP),
    int(libc::SO_TIMESTAMPNS),
    int(libc::SO_MARK),
    int(libc::SO_TIMESTAMPING),
    int(libc::SO_RXQ_OVFL),
    int(libc::SO_BUSY_POLL),
    wide(libc::SO_MAX_PACING_RATE, size_of::<u64>()),
    int(libc::SO_INCOMING_CPU),
    wide(libc::SO_TXTIME, 8),
    int(SO_TIMESTAMP_NEW),
    int(SO_TIMESTAMPNS_NEW),
    int(SO_TIMESTAMPING_NEW),
    wide(SO_RCVTIMEO_NEW, 16),
    wide(SO_SNDTIMEO_NEW, 16),
    int(libc::SO_PREFER_BUSY_POLL),
    int(libc::SO_BUSY_POLL_BUDGET),
    int(SO_RESERVE_MEM),
    int(SO_TXREHASH),
    int(SO_RCVMARK),
    int(SO_RCVPRIORITY),
];

const SO_TIMESTAMP_NEW: c_int = 63;
const SO_TIMESTAMPNS_NEW: c_int = 64;
const SO_TIMESTAMPING_NEW: c_int = 65;
const SO_RCVTIMEO_NEW: c_int = 66;
const SO_SNDTIMEO_NEW: c_int = 67;
const SO_BUF_LOCK: c_int = 72;
const SO_RESERVE_MEM: c_int = 73;
const SO_TXREHASH: c_int = 74;
const SO_RCVMARK: c_int = 75;
const SO_RCVPRIORITY: c_int = 82;

/// (option, the privileged one that ignores the limits, bit in `SO_BUF_LOCK`)
const BUFFERS: [(c_int, c_int, c_int); 2] = [
    (libc::SO_SNDBUF, libc::SO_SNDBUFFORCE, 1),
    (libc::SO_RCVBUF, libc::SO_RCVBUFFORCE, 2),
];

/// Turns `fd` into a plain TCP socket in place; false when it cannot be turned
/// (connected, listening, not an SMC socket). One system call for a socket
/// that the shim made and on which the program has set no `SOL_SOCKET` option.
pub fn to_tcp(fd: c_int) -> bool {
    let hint = hints::of(fd);
    if hint.is_pristine() {
        return force(fd);
    }
    if !hint.made_here() && !identity::is_smc(fd) {
        return false;
    }
    let kept = SocketOptions::read(fd, hint);
    let demoted = force(fd);
    if demoted {
        kept.write(fd);
    }
    demoted
}

fn force(fd: c_int) -> bool {
    os::set_int_option(fd, IPPROTO_TCP, TCP_FASTOPEN_NO_COOKIE, 0).is_ok()
}

/// What a program has set on `SOL_SOCKET`, to be set on another socket.
pub struct SocketOptions {
    values: [Option<([u8; LONGEST], usize)>; CARRIED.len()],
    buffers: [Option<c_int>; BUFFERS.len()],
}

impl SocketOptions {
    /// Reads the options that `hint` cannot rule out.
    pub fn read(fd: c_int, hint: Hint) -> Self {
        let mut values = [None; CARRIED.len()];
        for (kept, option) in values.iter_mut().zip(&CARRIED) {
            if hint.may_have_set(option.name) {
                *kept = value_of(fd, option);
            }
        }
        let mut buffers = [None; BUFFERS.len()];
        for (kept, (name, forced, lock)) in buffers.iter_mut().zip(BUFFERS) {
            // Writing a size that nobody set would end TCP's autotuning.
            let set = if hint.made_here() {
                hint.may_have_set(name) || hint.may_have_set(forced)
            } else {
                os::get_int_option(fd, SOL_SOCKET, SO_BUF_LOCK)
                    .is_ok_and(|locked| locked & lock != 0)
            };
            if set {
                *kept = os::get_int_option(fd, SOL_SOCKET, name).ok();
            }
        }
        Self { values, buffers }
    }

    /// Sets them on `fd`, those that it does not have already.
    pub fn write(&self, fd: c_int) {
        for (kept, option) in self.values.iter().zip(&CARRIED) {
            let Some((value, length)) = kept else {
                continue;
            };
            if value_of(fd, option) != *kept {
                let _ = os::set_option(
                    fd,
                    SOL_SOCKET,
                    option.name,
                    value.get(..*length).unwrap_or(value),
                );
            }
        }
        for (kept, (name, forced, _)) in self.buffers.iter().zip(BUFFERS) {
            let Some(doubled) = *kept else { continue };
            // The kernel stores and answers twice what was asked for.
            let _ = os::set_int_option(fd, SOL_SOCKET, name, doubled / 2);
            if os::get_int_option(fd, SOL_SOCKET, name) != Ok(doubled) {
                let _ = os::set_int_option(fd, SOL_SOCKET, forced, doubled / 2);
            }
        }
    }
}

fn value_of(fd: c_int, option: &Carried) -> Option<([u8; LONGEST], usize)> {
    let mut value = [0; LONGEST];
    let length = os::get_option(fd, SOL_SOCKET, option.name, value.get_mut(..option.size)?).ok()?;
    Some((value, length))
}
