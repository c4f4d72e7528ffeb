// SPDX-License-Identifier: MIT OR Apache-2.0
//! What is logged of a socket's life. Who reads it, and where it is written, is the
//! engine's concern (`SMC_LOG`).

use crate::identity;
use crate::sys::{self, address, Errno};
use log::LevelFilter;
use smc_policy::Verdict;
use std::ffi::c_int;
use std::fmt::{Display, Formatter, Result};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

/// What `SMC_LOG` filters by, whichever crate logs: the name of the library.
pub const TARGET: &str = "smc_shim";

/// Whether decisions are logged.
pub fn are_logged() -> bool {
    log::max_level() >= LevelFilter::Info
}

/// One decision: `connect 192.0.2.1:6379 fd 7: SMC`.
pub fn decision(call: &str, address: &SocketAddr, fd: c_int, verdict: &Verdict) {
    if !are_logged() {
        return;
    }
    let before = Errno::current();
    if let Verdict::Tcp(reason) = verdict {
        log::debug!(target: TARGET, "{call} {address} fd {fd}: TCP: {reason}");
    } else if !identity::is_smc(fd) {
        log::debug!(target: TARGET, "{call} {address} fd {fd}: TCP: the kernel says it is no SMC socket");
    } else {
        log::debug!(target: TARGET, "{call} {address} fd {fd}: SMC");
    }
    before.set();
}

/// `fd` is about to be closed, and no call has connected it. Says so, once, if it is an
/// SMC connection all the same.
pub fn connected_without_call(fd: c_int) {
    static LOGGED: AtomicBool = AtomicBool::new(false);
    if log::max_level() < LevelFilter::Warn || LOGGED.load(Relaxed) || !identity::is_smc(fd) {
        return;
    }
    let peer = sys::peer_address(fd).ok();
    let peer = peer.and_then(|(peer, length)| address::internet(&peer, length));
    if let Some(peer) = peer.filter(|_| !LOGGED.swap(true, Relaxed)) {
        log::warn!(target: TARGET, "fd {fd} to {peer}: SMC, connected without connect(2) (io_uring): \
             SMC_PORTS and SMC_HOSTS were not asked"
        );
    }
}

/// `SMC_REQUIRE=1`, and the kernel makes no SMC socket: says why, once.
pub fn cannot_create(error: c_int) {
    static LOGGED: AtomicBool = AtomicBool::new(false);
    if !LOGGED.swap(true, Relaxed) {
        log::error!(target: TARGET, "socket: {}", NoSmc(error));
    }
}

/// The kernel has no SMC, so the program is on TCP: said once.
pub fn no_kernel_support() {
    static LOGGED: AtomicBool = AtomicBool::new(false);
    if !LOGGED.swap(true, Relaxed) {
        log::warn!(target: TARGET, "TCP: {}", NoSmc(libc::EAFNOSUPPORT));
    }
}

/// Why there is no SMC socket, and what to do about it.
struct NoSmc(c_int);

impl Display for NoSmc {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self.0 {
            libc::EAFNOSUPPORT | libc::EPROTONOSUPPORT => f.write_str(
                "this kernel makes no SMC sockets: load the module (modprobe smc), or boot a kernel \
                 that has it (CONFIG_SMC; Debian's are 6.1 and 6.12)",
            ),
            libc::EACCES | libc::EPERM => f.write_str("a security policy forbids SMC sockets"),
            error => write!(f, "the kernel refused an SMC socket (errno {error})"),
        }
    }
}
