// SPDX-License-Identifier: MIT OR Apache-2.0
//! A fresh socket under an old number: for what TCP can do and neither an SMC socket
//! nor one that was turned into TCP in place can.
//!
//! What goes along: `SOL_SOCKET` options and those of the inner TCP socket ([`carried`]),
//! status flags, close-on-exec, owner and signal of `O_ASYNC`, epoll registrations, and
//! the address, as far as the program has chosen it. What does not: other descriptors,
//! which stay with the old socket, multicast memberships, keys of `TCP_MD5SIG`, and the
//! control group, which is that of the process now.

use super::carried::{self, SocketOptions};
use super::os::{self, Errno};
use super::{address, create, demote, identity, registrations};
use crate::hints::{self, Hint};
use libc::{sockaddr_storage, EINVAL, SOL_SOCKET, SO_REUSEADDR};
use std::ffi::c_int;

/// What the fresh socket is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Tcp,
    Smc,
}

/// Puts an unconnected, unbound TCP socket in the place of SMC socket `fd`, which ends
/// its connection, or its listening.
///
/// # Errors
/// When there is no descriptor to be had for it, or the program may not bind another
/// socket to the same device; `fd` is then as it was.
pub fn as_unbound_tcp(fd: c_int) -> Result<(), Errno> {
    let family = identity::inner_family(fd).ok_or(Errno(libc::EBADF))?;
    take_place(fresh_like(fd, Kind::Tcp, family)?, fd)
}

/// The same, bound to what the program has bound `fd` to, as TCP's `connect(AF_UNSPEC)`
/// leaves it. Where that is not to be had any more it is not bound.
///
/// # Errors
/// As there.
pub fn as_disconnected(fd: c_int) -> Result<(), Errno> {
    let local = os::local_address(fd)?;
    let chosen = chosen_by_program(local, hints::of(fd));
    as_unbound_tcp(fd)?;
    if let Some((local, length)) = chosen {
        let _ = bind_sharing(fd, &local, length);
    }
    Ok(())
}

/// The part of the local address of a socket that is not the kernel's choice. What the
/// kernel has chosen it takes back when the socket is disconnected.
pub fn chosen_by_program(
    (local, length): (sockaddr_storage, usize),
    hint: Hint,
) -> Option<(sockaddr_storage, usize)> {
    let local = match (hint.keeps_port(), hint.keeps_address()) {
        (true, _) => local,
        (false, true) => address::without_port(&local),
        (false, false) => return None,
    };
    address::is_bound(&local, length).then_some((local, length))
}

/// `bind` for an address that connections of the old socket may still have.
///
/// # Errors
/// Those of bind(2).
pub fn bind_sharing(fd: c_int, local: &sockaddr_storage, length: usize) -> Result<(), Errno> {
    let reuses = os::get_int_option(fd, SOL_SOCKET, SO_REUSEADDR)?;
    os::set_int_option(fd, SOL_SOCKET, SO_REUSEADDR, 1)?;
    let bound = os::bind(fd, local, length);
    os::set_int_option(fd, SOL_SOCKET, SO_REUSEADDR, reuses)?;
    bound
}

/// As [`as_unbound_tcp`], for a socket on its way to a connection that is to be made
/// from the same address; from the same port if that is free and `with_port`.
///
/// # Errors
/// As there.
pub fn as_tcp_from_same(fd: c_int, with_port: bool) -> Result<(), Errno> {
    let local = os::local_address(fd);
    as_unbound_tcp(fd)?;
    if let Ok((local, length)) = local {
        let has_port = with_port && bind_sharing(fd, &local, length).is_ok();
        if address::is_bound(&local, length) && !has_port {
            let _ = os::bind(fd, &address::without_port(&local), length);
        }
    }
    Ok(())
}

/// The same with a fresh SMC socket where the kernel makes one, not bound.
///
/// # Errors
/// As there.
pub fn as_unconnected(fd: c_int) -> Result<(), Errno> {
    let family = identity::inner_family(fd).ok_or(Errno(libc::EBADF))?;
    let Ok(smc) = fresh_like(fd, Kind::Smc, family) else {
        return as_unbound_tcp(fd);
    };
    take_place(smc, fd)?;
    is_smc_like_before(fd);
    Ok(())
}

/// Puts a socket with the same options, flags and local address in the place of `fd`,
/// which is neither connected nor listening. The answer is to be restored when the new
/// socket listens, or will not for now.
///
/// # Errors
/// EINVAL when `fd` is connected or listening after all; when there is no
/// descriptor to be had, or the address is taken. `fd` is then still usable, as
/// SMC or as TCP.
pub fn as_bound(fd: c_int, kind: Kind) -> Result<Bound, Errno> {
    if !is_idle(fd) {
        return Err(Errno(EINVAL));
    }
    let (local, length) = os::local_address(fd)?;
    let reuses = os::get_int_option(fd, SOL_SOCKET, SO_REUSEADDR)?;
    let fresh = fresh_like(fd, kind, address::family(&local))?;
    if address::is_bound(&local, length) {
        // Two sockets that both reuse addresses may be bound to the same one
        // until one of them listens (socket(7)).
        let options = SocketOptions::read(fd, hints::of(fd));
        if demote::force(fd) {
            let _ = options.write(fd);
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
    if kind == Kind::Smc {
        is_smc_like_before(fd);
        let bound = address::internet(&local, length);
        if let Some(bound) = bound {
            hints::bound(fd, bound.port() != 0, !bound.ip().is_unspecified());
        }
    }
    Ok(Bound { fd, reuses })
}

/// `fd` is a fresh SMC socket, and what was set on the old socket was set here, too.
fn is_smc_like_before(fd: c_int) {
    hints::made(fd);
    hints::options_unknown(fd);
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

/// A socket with the options of `fd`, its status flags and its owner.
fn fresh_like(fd: c_int, kind: Kind, family: c_int) -> Result<c_int, Errno> {
    let flags = libc::SOCK_STREAM | libc::SOCK_CLOEXEC;
    let fresh = match kind {
        Kind::Tcp => os::socket(family, flags, 0),
        Kind::Smc => create::smc_socket(family, flags),
    }?;
    carried::copy_inner(fd, fresh);
    // After IP_TOS, which sets SO_PRIORITY.
    if let Err(error) = SocketOptions::read(fd, hints::of(fd)).write(fresh) {
        os::close(fresh);
        return Err(error);
    }
    os::copy_signal_owner(fd, fresh);
    if let Ok(flags) = os::fcntl(fd, libc::F_GETFL, 0) {
        let _ = os::fcntl(fresh, libc::F_SETFL, flags);
    }
    Ok(fresh)
}

/// `fresh` becomes `fd`; closed in any case.
fn take_place(fresh: c_int, fd: c_int) -> Result<(), Errno> {
    let registered = registrations::take(fd);
    let replaced = os::fcntl(fd, libc::F_GETFD, 0).and_then(|closing| {
        let cloexec = if closing & libc::FD_CLOEXEC == 0 {
            0
        } else {
            libc::O_CLOEXEC
        };
        os::dup3(fresh, fd, cloexec)
    });
    registered.restore();
    os::close(fresh);
    if replaced.is_ok() {
        hints::forget(fd);
    }
    replaced
}
