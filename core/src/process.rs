// SPDX-License-Identifier: MIT OR Apache-2.0
//! What is decided once for a process: the configuration, and whether its sockets become
//! SMC. Read-only after [`set`], except that the kernel may turn out to have no SMC.

use crate::{events, sys};
use once_cell::race::OnceBox;
use smc_policy::Config;
use std::ffi::c_int;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering::Relaxed};
use std::time::Duration;

/// A process in which the shim does anything.
#[derive(Debug)]
pub struct Process {
    /// What the environment says.
    pub config: Config,
    /// The program is on the process list: its TCP sockets become SMC sockets.
    pub takes_part: bool,
}

impl Process {
    /// Whether the buffers of a new socket get a size of their own.
    #[inline]
    pub fn sizes_buffers(&self) -> bool {
        self.config.sndbuf.is_some() || self.config.rcvbuf.is_some()
    }
}

static PROCESS: OnceBox<Process> = OnceBox::new();

/// Whether `connect` has to look at the destination; apart from [`Process`] so that this
/// is one byte to test. The same for `listen`.
static JUDGES_CONNECT: AtomicBool = AtomicBool::new(false);
static JUDGES_LISTEN: AtomicBool = AtomicBool::new(false);
static MAKES_SMC: AtomicBool = AtomicBool::new(false);

/// The process that the shim was loaded into, which may be a parent of this one.
static FIRST: AtomicI32 = AtomicI32::new(0);

/// Sets what was decided. Only the first call counts.
pub fn set(process: Process) -> &'static Process {
    let takes_part = process.takes_part;
    let lists = &process.config.lists;
    let logs = events::are_logged();
    MAKES_SMC.store(takes_part, Relaxed);
    JUDGES_CONNECT.store(takes_part && (lists.judges_connect() || logs), Relaxed);
    JUDGES_LISTEN.store(takes_part && (lists.judges_listen() || logs), Relaxed);
    FIRST.store(sys::process_id(), Relaxed);
    PROCESS.get_or_init(|| Box::new(process))
}

/// This process. `None`: the shim does nothing in it (`SMC_DISABLE=1`, a value that does
/// not parse), or it is not decided yet.
#[inline]
pub fn get() -> Option<&'static Process> {
    PROCESS.get()
}

/// Whether the shim does anything in this process.
#[inline]
pub fn is_active() -> bool {
    get().is_some()
}

/// Whether a destination has to be looked at before a connect.
#[inline]
pub fn judges_connect() -> bool {
    JUDGES_CONNECT.load(Relaxed)
}

/// Whether the local address has to be looked at before a listen.
#[inline]
pub fn judges_listen() -> bool {
    JUDGES_LISTEN.load(Relaxed)
}

/// Whether this process asks for SMC sockets, and the kernel has not said that it makes
/// none.
#[inline]
pub fn makes_smc() -> bool {
    MAKES_SMC.load(Relaxed)
}

/// The kernel makes no SMC sockets.
pub fn mark_smc_unavailable() {
    MAKES_SMC.store(false, Relaxed);
}

/// Whether this is the process that the shim was loaded into, not a child of it.
pub fn is_first() -> bool {
    FIRST.load(Relaxed) == sys::process_id()
}

/// How long the end of a process may be put off so that what it has sent arrives.
pub fn drain_timeout() -> Duration {
    const DEFAULT: u32 = 30;
    let seconds = get().and_then(|process| process.config.drain_timeout);
    Duration::from_secs(seconds.unwrap_or(DEFAULT).into())
}

/// How long a destination whose SMC handshake was slow gets TCP.
pub fn retry_after() -> Duration {
    const DEFAULT: u32 = 300;
    let seconds = get().and_then(|process| process.config.retry_after);
    Duration::from_secs(seconds.unwrap_or(DEFAULT).into())
}

/// The descriptors that a program is usually started with: standard input, output and
/// error, and the first that a service manager passes.
pub const INHERITED: std::ops::RangeInclusive<c_int> = 0..=3;
