// SPDX-License-Identifier: MIT OR Apache-2.0
//! Options that a program has set on a socket, copied to the socket that replaces it.
//!
//! `SOL_SOCKET` options are those of the SMC socket and are lost when it is turned into TCP
//! in place; all others are those of the inner TCP socket and are lost only when another
//! socket gets the number.

use crate::fd_table::Descriptor;
use crate::sys::{self, Errno, SO_BINDTOIFINDEX};
use libc::{IPPROTO_IP, IPPROTO_IPV6, IPPROTO_TCP, SOL_SOCKET};
use std::ffi::c_int;
use std::mem::size_of;

/// The longest `SOL_SOCKET` value copied: a device name (`IFNAMSIZ`) or a
/// timeval.
const LONGEST: usize = 16;

/// A `SOL_SOCKET` option that TCP honours and that can be read back.
struct SocketOption {
    name: c_int,
    size: usize,
}

const fn int(name: c_int) -> SocketOption {
    SocketOption {
        name,
        size: size_of::<c_int>(),
    }
}

const fn wide(name: c_int, size: usize) -> SocketOption {
    SocketOption { name, size }
}

/// `include/uapi/asm-generic/socket.h`; buffer sizes are a case of their own.
const OPTIONS: [SocketOption; 39] = [
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
    int(SO_BINDTOIFINDEX),
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
    int(libc::SO_ZEROCOPY),
    int(libc::SO_PEEK_OFF),
    // After all that it could forbid.
    int(libc::SO_LOCK_FILTER),
];

/// Options that bind a socket to a device or to routes; a program that has given up its
/// privileges may not be able to set them again.
const CONFINING: [c_int; 3] = [libc::SO_BINDTODEVICE, SO_BINDTOIFINDEX, libc::SO_MARK];

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

/// What a program has set on `SOL_SOCKET`, to be set on another socket.
pub struct SocketOptions {
    values: [Option<([u8; LONGEST], usize)>; OPTIONS.len()],
    buffers: [Option<c_int>; BUFFERS.len()],
}

impl SocketOptions {
    /// Reads the options that `descriptor` cannot rule out.
    pub fn read(fd: c_int, descriptor: Descriptor) -> Self {
        let mut values = [None; OPTIONS.len()];
        for (copied, option) in values.iter_mut().zip(&OPTIONS) {
            if descriptor.may_have_set(option.name) {
                *copied = value_of(fd, option);
            }
        }
        let mut buffers = [None; BUFFERS.len()];
        for (copied, (name, forced, lock)) in buffers.iter_mut().zip(BUFFERS) {
            // Writing a size that nobody set would end TCP's autotuning.
            let may = descriptor.may_have_set(name) || descriptor.may_have_set(forced);
            // Linux 5.15 on.
            let is_locked = || sys::get_int_option(fd, SOL_SOCKET, SO_BUF_LOCK);
            if may && is_locked().map_or(descriptor.is_created(), |locked| locked & lock != 0) {
                *copied = sys::get_int_option(fd, SOL_SOCKET, name).ok();
            }
        }
        Self { values, buffers }
    }

    /// Those of a listener that TCP hands on to its children.
    #[must_use]
    pub fn of_children(mut self) -> Self {
        for (copied, option) in self.values.iter_mut().zip(&OPTIONS) {
            if matches!(option.name, libc::SO_PASSCRED | libc::SO_PRIORITY) {
                *copied = None;
            }
        }
        self
    }

    /// Sets them on `fd`, those that it does not have already.
    ///
    /// # Errors
    /// When one cannot be set without which the socket would reach, or could be reached
    /// from, elsewhere: [`CONFINING`]. The others are set all the same.
    pub fn write(&self, fd: c_int) -> Result<(), Errno> {
        let mut outcome = Ok(());
        for (copied, option) in self.values.iter().zip(&OPTIONS) {
            let Some((value, length)) = copied else {
                continue;
            };
            if value_of(fd, option) != *copied {
                let value = value.get(..*length).unwrap_or(value);
                let set = sys::set_option(fd, SOL_SOCKET, option.name, value);
                if CONFINING.contains(&option.name) {
                    outcome = outcome.and(set);
                }
            }
        }
        for (copied, (name, forced, _)) in self.buffers.iter().zip(BUFFERS) {
            let Some(doubled) = *copied else { continue };
            // The kernel stores and answers twice what was asked for.
            let _ = sys::set_int_option(fd, SOL_SOCKET, name, doubled / 2);
            if sys::get_int_option(fd, SOL_SOCKET, name) != Ok(doubled) {
                let _ = sys::set_int_option(fd, SOL_SOCKET, forced, doubled / 2);
            }
        }
        outcome
    }
}

fn value_of(fd: c_int, option: &SocketOption) -> Option<([u8; LONGEST], usize)> {
    let mut value = [0; LONGEST];
    let length =
        sys::get_option(fd, SOL_SOCKET, option.name, value.get_mut(..option.size)?).ok()?;
    Some((value, length))
}

/// The longest value of [`INNER`]: `IP_OPTIONS`.
const LONGEST_INNER: usize = 40;

/// Options of the inner TCP socket that last and that can be read back
/// (`include/uapi/linux/tcp.h`, `in.h`, `in6.h`). Left out: what is a state or a
/// command (`TCP_QUICKACK`, `TCP_REPAIR`, multicast groups), and what the kernel
/// does not tell (`TCP_MD5SIG`; see `options`).
const INNER: [(c_int, &[c_int]); 3] = [
    (
        IPPROTO_TCP,
        &[
            libc::TCP_NODELAY,
            libc::TCP_MAXSEG,
            libc::TCP_CORK,
            libc::TCP_KEEPIDLE,
            libc::TCP_KEEPINTVL,
            libc::TCP_KEEPCNT,
            libc::TCP_SYNCNT,
            libc::TCP_LINGER2,
            libc::TCP_DEFER_ACCEPT,
            libc::TCP_WINDOW_CLAMP,
            libc::TCP_CONGESTION,
            libc::TCP_THIN_LINEAR_TIMEOUTS,
            libc::TCP_THIN_DUPACK,
            libc::TCP_USER_TIMEOUT,
            libc::TCP_FASTOPEN,
            libc::TCP_NOTSENT_LOWAT,
            27, // TCP_SAVE_SYN
            libc::TCP_FASTOPEN_CONNECT,
            33, // TCP_FASTOPEN_KEY
            34, // TCP_FASTOPEN_NO_COOKIE
            36, // TCP_INQ
            37, // TCP_TX_DELAY
        ],
    ),
    (
        IPPROTO_IP,
        &[
            libc::IP_TOS,
            libc::IP_TTL,
            libc::IP_OPTIONS,
            libc::IP_RECVOPTS,
            libc::IP_RETOPTS,
            libc::IP_PKTINFO,
            libc::IP_MTU_DISCOVER,
            libc::IP_RECVERR,
            libc::IP_RECVTTL,
            libc::IP_RECVTOS,
            libc::IP_FREEBIND,
            libc::IP_PASSSEC,
            libc::IP_TRANSPARENT,
            libc::IP_ORIGDSTADDR,
            libc::IP_MINTTL,
            23, // IP_CHECKSUM
            libc::IP_MULTICAST_LOOP,
            libc::IP_BIND_ADDRESS_NO_PORT,
            50, // IP_UNICAST_IF
            51, // IP_LOCAL_PORT_RANGE
        ],
    ),
    (
        IPPROTO_IPV6,
        &[
            libc::IPV6_FLOWINFO,
            libc::IPV6_UNICAST_HOPS,
            libc::IPV6_MTU_DISCOVER,
            libc::IPV6_MULTICAST_LOOP,
            libc::IPV6_RECVERR,
            30, // IPV6_ROUTER_ALERT_ISOLATE
            libc::IPV6_V6ONLY,
            33, // IPV6_FLOWINFO_SEND
            libc::IPV6_RECVPKTINFO,
            libc::IPV6_RECVHOPLIMIT,
            libc::IPV6_RECVHOPOPTS,
            libc::IPV6_RECVRTHDR,
            libc::IPV6_RECVDSTOPTS,
            libc::IPV6_DONTFRAG,
            libc::IPV6_RECVTCLASS,
            libc::IPV6_TCLASS,
            70, // IPV6_AUTOFLOWLABEL
            libc::IPV6_ADDR_PREFERENCES,
            73, // IPV6_MINHOPCOUNT
            libc::IPV6_ORIGDSTADDR,
            libc::IPV6_TRANSPARENT,
            76, // IPV6_UNICAST_IF
            libc::IPV6_FREEBIND,
        ],
    ),
];

/// Sets on `to` each option of another level than `SOL_SOCKET` in which it
/// differs from `from`.
pub fn copy_inner(from: c_int, to: c_int) {
    for (level, names) in INNER {
        for &name in names {
            let (mut wanted, mut now) = ([0; LONGEST_INNER], [0; LONGEST_INNER]);
            let Ok(length) = sys::get_option(from, level, name, &mut wanted) else {
                continue;
            };
            if sys::get_option(to, level, name, &mut now) != Ok(length) || now != wanted {
                let value = wanted.get(..length).unwrap_or(&wanted);
                let _ = sys::set_option(to, level, name, value);
            }
        }
    }
}
