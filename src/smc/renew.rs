// SPDX-License-Identifier: MIT OR Apache-2.0
//! A fresh TCP socket under an old number: for what TCP can do and neither an
//! SMC socket nor one that was turned into TCP in place can.
//!
//! Epoll registrations go over to it; other descriptors stay with the old socket.

use super::carried::{self, SocketOptions};
use super::os::{self, Errno};
use super::{address, create, demote, identity, watchers};
use crate::hints;
use libc::{EINVAL, SOL_SOCKET, SO_REUSEADDR};
use std::ffi::c_int;

/// Puts an unconnected, unbound TCP socket with the same options and flags in the
/// place of SMC socket `fd`, which ends its connection as `connect(AF_UNSPEC)` does
/// on TCP, and its listening.
///
/// # Errors
/// When there is no descriptor to be had for it; `fd` is then as it was.
pub fn as_unbound_tcp(fd: c_int) -> Result<(), Errno> {
    let family = identity::inner_family(fd).ok_or(Errno(libc::EBADF))?;
    take_place(fresh_like(fd, family)?, fd)
}

/// The same for a socket on its way to a connection that is to be made from the
/// same address; from the same port if that is free and `with_port`.
///
/// # Errors
/// As there.
pub fn as_tcp_from_same(fd: c_int, with_port: bool) -> Result<(), Errno> {
    let local = os::local_address(fd);
    as_unbound_tcp(fd)?;
    if let Ok((local, length)) = local {
        if address::is_bound(&local, length) && !(with_port && os::bind(fd, &local, length).is_ok())
        {
            let _ = os::bind(fd, &address::without_port(&local), length);
        }
    }
    Ok(())
}

/// The same with a fresh SMC socket where the kernel makes one.
///
/// # Errors
/// As there.
pub fn as_unconnected(fd: c_int) -> Result<(), Errno> {
    let family = identity::inner_family(fd).ok_or(Errno(libc::EBADF))?;
    let Ok(smc) = create::smc_socket(family, libc::SOCK_STREAM | libc::SOCK_CLOEXEC) else {
        return as_unbound_tcp(fd);
    };
    take_place(with_all_of(smc, fd), fd)?;
    hints::made(fd);
    // What was set on the old socket was set here, too.
    hints::options_unknown(fd);
    Ok(())
}

/// Puts a TCP socket with the same options, flags and local address in the place
/// of `fd`, which is neither connected nor listening. The answer is to be told
/// when the new socket listens, or will not for now.
///
/// # Errors
/// EINVAL when `fd` is connected or listening after all; when there is no
/// descriptor to be had, or the address is taken. `fd` is then still usable, as
/// SMC or as TCP.
pub fn as_tcp(fd: c_int) -> Result<Bound, Errno> {
    if !is_idle(fd) {
        return Err(Errno(EINVAL));
    }
    let (local, length) = os::local_address(fd)?;
    let reuses = os::get_int_option(fd, SOL_SOCKET, SO_REUSEADDR)?;
    let fresh = fresh_like(fd, address::family(&local))?;
    if address::is_bound(&local, length) {
        // Two sockets that both reuse addresses may be bound to the same one
        // until one of them listens (socket(7)).
        let kept = SocketOptions::read(fd, hints::of(fd));
        if demote::force(fd) {
            kept.write(fd);
        }
        let bound = os::set_int_option(fd, SOL_SOCKET, SO_REUSEADDR, 1)
            .and_then(|()| os::set_int_option(fresh, SOL_SOCKET, SO_REUSEADDR, 1))
            .and_then(|()| os::bind(fresh, &local, length));
        if let Err(error) = bound {
            let _ = os::set_int_option(fd, SOL_SOCKET, SO_REUSEADDR, reuses);
            os::close(fresh);
            return Err(error);
        }
    }
    take_place(fresh, fd)?;
    Ok(Bound { fd, reuses })
}

/// Neither connected nor listening nor on the way to it. On an SMC socket it is
/// the inner one that says so.
pub fn is_idle(fd: c_int) -> bool {
    const TCP_CLOSE: u8 = 7;
    os::tcp_state(fd) == Some(TCP_CLOSE)
}

/// A socket that was bound again, still with `SO_REUSEADDR`: the old socket may
/// live on in another process.
pub struct Bound {
    fd: c_int,
    reuses: c_int,
}

impl Bound {
    /// Makes `SO_REUSEADDR` what the program has made it.
    pub fn restore(self) {
        if self.reuses == 0 {
            let _ = os::set_int_option(self.fd, SOL_SOCKET, SO_REUSEADDR, 0);
        }
    }
}

/// A TCP socket with the options of `fd`, its status flags and its owner.
fn fresh_like(fd: c_int, family: c_int) -> Result<c_int, Errno> {
    let fresh = os::socket(family, libc::SOCK_STREAM | libc::SOCK_CLOEXEC, 0)?;
    Ok(with_all_of(fresh, fd))
}

fn with_all_of(fresh: c_int, fd: c_int) -> c_int {
    SocketOptions::read(fd, hints::of(fd)).write(fresh);
    carried::copy_inner(fd, fresh);
    for (get, set) in [
        (libc::F_GETOWN, libc::F_SETOWN),
        (F_GETSIG, F_SETSIG),
        (libc::F_GETFL, libc::F_SETFL),
    ] {
        if let Ok(value) = os::fcntl(fd, get, 0) {
            let _ = os::fcntl(fresh, set, value);
        }
    }
    fresh
}

/// `include/uapi/asm-generic/fcntl.h`.
const F_SETSIG: c_int = 10;
const F_GETSIG: c_int = 11;

/// `fresh` becomes `fd`; closed in any case.
fn take_place(fresh: c_int, fd: c_int) -> Result<(), Errno> {
    let watches = watchers::take(fd);
    let replaced = os::fcntl(fd, libc::F_GETFD, 0).and_then(|closing| {
        let cloexec = if closing & libc::FD_CLOEXEC == 0 {
            0
        } else {
            libc::O_CLOEXEC
        };
        os::dup3(fresh, fd, cloexec)
    });
    watches.give(fd);
    os::close(fresh);
    if replaced.is_ok() {
        hints::forget(fd);
    }
    replaced
}
