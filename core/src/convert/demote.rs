// SPDX-License-Identifier: MIT OR Apache-2.0
//! From SMC to TCP in place.
//!
//! Setting `TCP_FASTOPEN_NO_COOKIE` to its default makes the kernel replace an SMC socket
//! that is neither connected nor listening by its inner TCP socket: same descriptor, same
//! open file, same epoll registrations (checked on 6.1 and 6.12). On a TCP socket the call
//! changes nothing.
//!
//! `SOL_SOCKET` options that the program has set would be lost with the SMC socket: they
//! are read before and written after.
//!
//! The socket keeps the callbacks by which the kernel wakes those who waited on the SMC
//! socket. A listener hands them to the connections that it accepts, and there they wake
//! nobody: data that arrives after the accept is never noticed (seen on 6.1 and 6.12). So
//! a demoted socket can connect; to listen, a fresh socket is needed
//! ([`super::replace::as_bound`]).

use super::copy_options::SocketOptions;
use crate::{fd_table, identity, sys};
use libc::IPPROTO_TCP;
use std::ffi::c_int;

/// `include/uapi/linux/tcp.h`.
const TCP_FASTOPEN_NO_COOKIE: c_int = 34;

/// Turns `fd` into a plain TCP socket in place; false when it cannot be turned (connected,
/// listening, not an SMC socket). One system call for a socket that the shim created and
/// on which the program has set no `SOL_SOCKET` option.
pub fn to_tcp(fd: c_int) -> bool {
    let descriptor = fd_table::get(fd);
    if descriptor.is_pristine() {
        return force(fd);
    }
    if !descriptor.is_created() && !identity::is_smc(fd) {
        return false;
    }
    let options = SocketOptions::read(fd, descriptor);
    let demoted = force(fd);
    if demoted {
        let _ = options.write(fd);
    }
    demoted
}

/// The same, `SOL_SOCKET` options left to the caller.
pub fn force(fd: c_int) -> bool {
    let demoted = sys::set_int_option(fd, IPPROTO_TCP, TCP_FASTOPEN_NO_COOKIE, 0).is_ok();
    if demoted {
        fd_table::forget(fd);
    }
    demoted
}
