// SPDX-License-Identifier: MIT OR Apache-2.0
//! `listen`: the moment when a server's port is known.

use super::{address, demote, os};
use crate::{journal, process};
use smc_policy::Verdict;
use std::ffi::c_int;

/// `listen(2)` as the program would have reached it.
pub type ListenCall = unsafe extern "C" fn(c_int, c_int) -> c_int;

/// The program's `listen()`. No lists: the real call and nothing else. With
/// lists the kernel is asked for the local address first.
///
/// # Safety
/// `real` must be `listen(2)`.
#[inline]
pub unsafe fn listen(real: ListenCall, fd: c_int, backlog: c_int) -> c_int {
    if process::judges_listen() {
        // SAFETY: as the caller promises.
        return unsafe { judged(real, fd, backlog) };
    }
    // SAFETY: the program's own call.
    unsafe { real(fd, backlog) }
}

/// # Safety
/// As for [`listen`].
unsafe fn judged(real: ListenCall, fd: c_int, backlog: c_int) -> c_int {
    let local = os::local_address(fd).ok();
    let local = local.and_then(|(local, length)| address::internet(&local, length));
    let Some((process, local)) = process::get().zip(local) else {
        // SAFETY: the program's own call.
        return unsafe { real(fd, backlog) };
    };
    let verdict = process.config.lists.at_listen(local);
    if let Verdict::Tcp(_) = verdict {
        demote::to_tcp(fd);
    }
    // SAFETY: the program's own call.
    let answer = unsafe { real(fd, backlog) };
    journal::decision("listen", &local, fd, &verdict);
    answer
}
