// SPDX-License-Identifier: MIT OR Apache-2.0
//! A fresh socket under an old number: for what TCP can begin again and SMC
//! cannot.

use super::demote::SocketOptions;
use super::{identity, os};
use crate::hints;
use std::ffi::c_int;

/// TCP options that outlive a disconnect and that programs do set.
const TCP_OPTIONS: [c_int; 7] = [
    libc::TCP_NODELAY,
    libc::TCP_KEEPIDLE,
    libc::TCP_KEEPINTVL,
    libc::TCP_KEEPCNT,
    libc::TCP_USER_TIMEOUT,
    libc::TCP_SYNCNT,
    libc::TCP_LINGER2,
];

/// Ends the connection of SMC socket `fd` and puts an unconnected TCP socket
/// with the same options and flags in its place, as `connect(AF_UNSPEC)` does
/// on TCP. False when that is not possible; `fd` is then as it was.
///
/// Other descriptors of the old socket, and epoll registrations, stay with it.
pub fn disconnect(fd: c_int) -> bool {
    let Some(family) = identity::inner_family(fd) else {
        return false;
    };
    let (Ok(flags), Ok(closing)) = (
        os::fcntl(fd, libc::F_GETFL, 0),
        os::fcntl(fd, libc::F_GETFD, 0),
    ) else {
        return false;
    };
    let Ok(fresh) = os::socket(family, libc::SOCK_STREAM | libc::SOCK_CLOEXEC, 0) else {
        return false;
    };
    let options = SocketOptions::read(fd, hints::of(fd));
    options.write(fresh);
    for name in TCP_OPTIONS {
        if let Ok(value) = os::get_int_option(fd, libc::IPPROTO_TCP, name) {
            let _ = os::set_int_option(fresh, libc::IPPROTO_TCP, name, value);
        }
    }
    let _ = os::fcntl(fresh, libc::F_SETFL, flags);
    let cloexec = if closing & libc::FD_CLOEXEC == 0 {
        0
    } else {
        libc::O_CLOEXEC
    };
    let replaced = os::dup3(fresh, fd, cloexec).is_ok();
    os::close(fresh);
    if replaced {
        hints::forget(fd);
    }
    replaced
}
