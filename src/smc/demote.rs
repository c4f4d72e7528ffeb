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
//!
//! The socket keeps the callbacks by which the kernel wakes those who waited on
//! the SMC socket. A listener hands them to the connections that it accepts,
//! and there they wake nobody: data that comes after the accept is never
//! noticed (seen on 6.1 and 6.12). So a demoted socket connects; to listen it
//! needs a fresh one.

use super::carried::SocketOptions;
use super::{identity, os};
use crate::hints;
use libc::IPPROTO_TCP;
use std::ffi::c_int;

/// `include/uapi/linux/tcp.h`.
const TCP_FASTOPEN_NO_COOKIE: c_int = 34;

/// Turns `fd` into a plain TCP socket in place; false when it cannot be turned
/// (connected, listening, not an SMC socket). One system call for a socket
/// that the shim made and on which the program has set no `SOL_SOCKET` option.
///
/// Not for a socket that is to listen ([`super::renew::as_bound`]).
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
        let _ = kept.write(fd);
    }
    demoted
}

/// The same, `SOL_SOCKET` options left to the caller.
pub fn force(fd: c_int) -> bool {
    let demoted = os::set_int_option(fd, IPPROTO_TCP, TCP_FASTOPEN_NO_COOKIE, 0).is_ok();
    if demoted {
        hints::forget(fd);
    }
    demoted
}
