// SPDX-License-Identifier: MIT OR Apache-2.0
//! `connect`: the moment when the destination is known.

use super::os::{self, Errno};
use super::{address, demote, identity, renew};
use crate::{journal, process};
use libc::{sockaddr, socklen_t, AF_INET, AF_INET6, AF_UNSPEC, EINVAL, EISCONN, SOL_SOCKET};
use smc_policy::Verdict;
use std::ffi::c_int;

/// `connect(2)` as the program would have reached it.
pub type ConnectCall = unsafe extern "C" fn(c_int, *const sockaddr, socklen_t) -> c_int;

/// The program's `connect()`. A destination that is on the lists, or no lists:
/// the real call and nothing else.
///
/// # Safety
/// `real` must be `connect(2)`, `address` what the program passed to it.
#[inline]
pub unsafe fn connect(
    real: ConnectCall,
    fd: c_int,
    address: *const sockaddr,
    length: socklen_t,
) -> c_int {
    if process::judges_connect() {
        // SAFETY: as the caller promises.
        return unsafe { judged(real, fd, address, length) };
    }
    // SAFETY: as the caller promises.
    unsafe { made(real, fd, address, length) }
}

/// The real call, and what can be done when it fails.
///
/// # Safety
/// As for [`connect`].
#[inline]
unsafe fn made(real: ConnectCall, fd: c_int, address: *const sockaddr, length: socklen_t) -> c_int {
    let before = Errno::current();
    // SAFETY: the program's own call.
    let answer = unsafe { real(fd, address, length) };
    if answer == -1 {
        // SAFETY: as the caller promises.
        let answer = unsafe { recover(real, fd, address, length) };
        if answer == 0 {
            before.set();
        }
        return answer;
    }
    answer
}

/// # Safety
/// As for [`connect`].
unsafe fn judged(
    real: ConnectCall,
    fd: c_int,
    address: *const sockaddr,
    length: socklen_t,
) -> c_int {
    // SAFETY: as the caller promises.
    let copied = unsafe { address::copy(address, length) };
    let peer = copied.and_then(|(address, length)| address::internet(&address, length));
    let Some((process, peer)) = process::get().zip(peer) else {
        // SAFETY: as the caller promises.
        return unsafe { made(real, fd, address, length) };
    };
    let verdict = process.config.lists.at_connect(peer);
    if let Verdict::Tcp(_) = verdict {
        demote::to_tcp(fd);
    }
    // SAFETY: as the caller promises.
    let answer = unsafe { made(real, fd, address, length) };
    journal::decision("connect", &peer, fd, &verdict);
    answer
}

/// A connect that SMC refuses with EINVAL and TCP does not: to no address
/// (AF_UNSPEC: TCP disconnects), to another family, on a listener.
///
/// # Safety
/// As for [`connect`]; errno is that of the real call, which failed.
#[cold]
unsafe fn recover(
    real: ConnectCall,
    fd: c_int,
    address: *const sockaddr,
    length: socklen_t,
) -> c_int {
    if Errno::current().0 != EINVAL || process::get().is_none() || !identity::is_smc(fd) {
        return -1;
    }
    // SAFETY: an SMC socket looks at the address only after the kernel has
    // copied it, or has refused its length; anything unreadable is EFAULT.
    let family = match unsafe { address::copy(address, length) } {
        Some((copied, _)) => address::family(&copied),
        None => return -1,
    };
    if matches!(family, AF_INET | AF_INET6) {
        if os::get_int_option(fd, SOL_SOCKET, libc::SO_ACCEPTCONN) == Ok(1) {
            Errno(EISCONN).set();
        }
        return -1;
    }
    if demote::to_tcp(fd) {
        // SAFETY: the program's own call, once more: SMC has not begun it.
        return unsafe { real(fd, address, length) };
    }
    if family == AF_UNSPEC && renew::disconnect(fd) {
        return 0;
    }
    Errno(EISCONN).set();
    -1
}
