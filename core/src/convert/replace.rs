// SPDX-License-Identifier: MIT OR Apache-2.0
//! A fresh socket behind an old number: for what TCP can do and neither an SMC socket nor
//! a demoted one can.
//!
//! What is carried over: `SOL_SOCKET` options and those of the inner TCP socket
//! ([`copy_options`]), status flags, close-on-exec, owner and signal of `O_ASYNC`, epoll
//! registrations, and the address, as far as the program has chosen it. What is not: other
//! descriptors, which stay with the old socket, multicast memberships, keys of
//! `TCP_MD5SIG`, and the control group, which is that of the process now.

use super::copy_options::{self, SocketOptions};
use super::{demote, epoll_registrations, smc_socket};
use crate::engine::Engine;
use crate::fd_table::{self, Descriptor};
use crate::identity;
use crate::sys::{self, address, Errno};
use libc::{sockaddr_storage, EINVAL, SOL_SOCKET, SO_REUSEADDR};
use std::ffi::c_int;

/// What the fresh socket is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A TCP socket.
    Tcp,
    /// An SMC socket.
    Smc,
}

/// Puts an unconnected, unbound TCP socket behind `fd`, an SMC socket, whose connection or
/// listening ends.
///
/// # Errors
/// When no descriptor is to be had for it, or the program may not bind another socket to
/// the same device; `fd` is then as it was.
pub fn as_unbound_tcp(engine: impl Engine, fd: c_int) -> Result<(), Errno> {
    let family = identity::inner_family(fd).ok_or(Errno(libc::EBADF))?;
    put_fresh(engine, fresh_like(fd, Kind::Tcp, family)?, fd)
}

/// The same, bound to what the program has bound `fd` to, as TCP's `connect(AF_UNSPEC)`
/// leaves it. If that address is not to be had any more, the socket is not bound.
///
/// # Errors
/// As [`as_unbound_tcp`].
pub fn as_disconnected(engine: impl Engine, fd: c_int) -> Result<(), Errno> {
    let local = sys::local_address(fd)?;
    let chosen = chosen_by_program(local, fd_table::get(fd));
    as_unbound_tcp(engine, fd)?;
    if let Some((local, length)) = chosen {
        let _ = bind_sharing(fd, &local, length);
    }
    Ok(())
}

/// The part of a socket's local address that is not the kernel's choice. The kernel takes
/// back its own choice when the socket is disconnected.
pub fn chosen_by_program(
    (local, length): (sockaddr_storage, usize),
    descriptor: Descriptor,
) -> Option<(sockaddr_storage, usize)> {
    let local = match (descriptor.keeps_port(), descriptor.keeps_address()) {
        (true, _) => local,
        (false, true) => address::without_port(&local),
        (false, false) => return None,
    };
    address::is_bound(&local, length).then_some((local, length))
}

/// `bind` to an address that connections of the old socket may still have.
///
/// # Errors
/// Those of bind(2).
pub fn bind_sharing(fd: c_int, local: &sockaddr_storage, length: usize) -> Result<(), Errno> {
    let reuses = sys::get_int_option(fd, SOL_SOCKET, SO_REUSEADDR)?;
    sys::set_int_option(fd, SOL_SOCKET, SO_REUSEADDR, 1)?;
    let bound = sys::bind(fd, local, length);
    sys::set_int_option(fd, SOL_SOCKET, SO_REUSEADDR, reuses)?;
    bound
}

/// As [`as_unbound_tcp`], for a socket whose connection is to be made from the same
/// address; from the same port if that is free and `with_port`.
///
/// # Errors
/// As [`as_unbound_tcp`].
pub fn as_tcp_from_same(engine: impl Engine, fd: c_int, with_port: bool) -> Result<(), Errno> {
    let local = sys::local_address(fd);
    as_unbound_tcp(engine, fd)?;
    if let Ok((local, length)) = local {
        let has_port = with_port && bind_sharing(fd, &local, length).is_ok();
        if address::is_bound(&local, length) && !has_port {
            let _ = sys::bind(fd, &address::without_port(&local), length);
        }
    }
    Ok(())
}

/// The same with a fresh SMC socket where the kernel creates one, not bound.
///
/// # Errors
/// As [`as_unbound_tcp`].
pub fn as_unconnected(engine: impl Engine, fd: c_int) -> Result<(), Errno> {
    let family = identity::inner_family(fd).ok_or(Errno(libc::EBADF))?;
    let Ok(smc) = fresh_like(fd, Kind::Smc, family) else {
        return as_unbound_tcp(engine, fd);
    };
    put_fresh(engine, smc, fd)?;
    fd_table::created_with_options(fd);
    Ok(())
}

/// Puts a socket with the same options, flags and local address behind `fd`, which is
/// neither connected nor listening. The result is to be restored when the new socket
/// listens, or will not for now.
///
/// # Errors
/// EINVAL when `fd` is connected or listening after all; when no descriptor is to be had,
/// or the address is taken. `fd` is then still usable, as SMC or as TCP.
pub fn as_bound(engine: impl Engine, fd: c_int, kind: Kind) -> Result<Bound, Errno> {
    if !is_idle(fd) {
        return Err(Errno(EINVAL));
    }
    let (local, length) = sys::local_address(fd)?;
    let reuses = sys::get_int_option(fd, SOL_SOCKET, SO_REUSEADDR)?;
    let fresh = fresh_like(fd, kind, address::family(&local))?;
    if address::is_bound(&local, length) {
        // Two sockets that both reuse addresses may be bound to the same one until one of
        // them listens (socket(7)).
        let options = SocketOptions::read(fd, fd_table::get(fd));
        if demote::force(fd) {
            let _ = options.write(fd);
        }
        let bound = sys::set_int_option(fd, SOL_SOCKET, SO_REUSEADDR, 1)
            .and_then(|()| sys::set_int_option(fresh, SOL_SOCKET, SO_REUSEADDR, 1))
            .and_then(|()| sys::bind(fresh, &local, length));
        if let Err(error) = bound {
            let _ = sys::set_int_option(fd, SOL_SOCKET, SO_REUSEADDR, reuses);
            sys::close(fresh);
            return Err(error);
        }
    }
    put_fresh(engine, fresh, fd)?;
    if kind == Kind::Smc {
        fd_table::created_with_options(fd);
        if let Some(bound) = address::internet(&local, length) {
            fd_table::bound(fd, bound.port() != 0, !bound.ip().is_unspecified());
        }
    }
    Ok(Bound { fd, reuses })
}

/// Neither connected nor listening nor on the way to it. Of an SMC socket, the inner TCP
/// socket says so.
pub fn is_idle(fd: c_int) -> bool {
    const TCP_CLOSE: u8 = 7;
    sys::tcp_state(fd) == Some(TCP_CLOSE)
}

/// A socket that was bound again, still with `SO_REUSEADDR`: the old socket may live on in
/// another process.
#[derive(Debug)]
#[must_use]
pub struct Bound {
    fd: c_int,
    reuses: c_int,
}

impl Bound {
    /// Makes `SO_REUSEADDR` what the program has made it.
    pub fn restore(self) {
        if self.reuses == 0 {
            let _ = sys::set_int_option(self.fd, SOL_SOCKET, SO_REUSEADDR, 0);
        }
    }
}

/// A socket with the options of `fd`, its status flags and its signal owner.
fn fresh_like(fd: c_int, kind: Kind, family: c_int) -> Result<c_int, Errno> {
    let flags = libc::SOCK_STREAM | libc::SOCK_CLOEXEC;
    let fresh = match kind {
        Kind::Tcp => sys::socket(family, flags, 0),
        Kind::Smc => smc_socket::create_own(family, flags),
    }?;
    copy_options::copy_inner(fd, fresh);
    // After IP_TOS, which sets SO_PRIORITY.
    if let Err(error) = SocketOptions::read(fd, fd_table::get(fd)).write(fresh) {
        sys::close(fresh);
        return Err(error);
    }
    sys::copy_signal_owner(fd, fresh);
    if let Ok(flags) = sys::fcntl(fd, libc::F_GETFL, 0) {
        let _ = sys::fcntl(fresh, libc::F_SETFL, flags);
    }
    Ok(fresh)
}

/// Puts `fresh`, which is closed in any case, behind `fd`.
fn put_fresh(engine: impl Engine, fresh: c_int, fd: c_int) -> Result<(), Errno> {
    let registered = epoll_registrations::take(fd);
    let replaced = engine.put_file(fresh, fd);
    registered.restore();
    sys::close(fresh);
    if replaced.is_ok() {
        fd_table::forget(fd);
    }
    replaced
}
