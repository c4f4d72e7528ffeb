// SPDX-License-Identifier: MIT OR Apache-2.0
//! Threads of the shim's own in somebody else's process, for what TCP does in the
//! background and SMC in the foreground.
//!
//! The first socket that needs one makes it ([`thread`]); as long as it has something
//! to do it takes further ones ([`desk`]), which is cheaper by far than a thread for
//! each. It is short-lived, and no child of a fork inherits it.

mod desk;
mod held;
mod thread;

use super::os::{self, Errno};
use super::ownership;
use std::ffi::c_int;
use std::sync::atomic::{
    AtomicU32, AtomicU64,
    Ordering::{AcqRel, Acquire, Release},
};
use std::time::Duration;

/// A socket of the program, and what is to be done about it.
#[derive(Clone, Copy)]
struct Task {
    /// When it is drained its sending side is closed, whoever else has it.
    is_to_be_shut: bool,
    fd: c_int,
    /// Which open file it is: a thread of the program can have a descriptor table of
    /// its own.
    file: (u64, u64),
}

/// How many tasks there are, and above that of which process: a child of a fork has
/// none.
static TASKS: AtomicU64 = AtomicU64::new(0);

/// Changes whenever one has ended: what is waited on.
static ENDED: AtomicU32 = AtomicU32::new(0);

/// How many tasks `process` has, given what [`TASKS`] says.
fn count(tasks: u64, process: u32) -> u32 {
    let (of, count) = halves(tasks);
    if of == process {
        count
    } else {
        0
    }
}

/// The upper and the lower half of a word.
fn halves(word: u64) -> (u32, u32) {
    let [a, b, c, d, lower @ ..] = word.to_be_bytes();
    (u32::from_be_bytes([a, b, c, d]), u32::from_be_bytes(lower))
}

fn word(upper: u32, lower: u32) -> u64 {
    u64::from(upper) << 32 | u64::from(lower)
}

fn process() -> u32 {
    os::process_id().unsigned_abs()
}

/// Counts one more, or one less.
fn add(process: u32, change: i32) {
    let _ = TASKS.fetch_update(AcqRel, Acquire, |tasks| {
        let count = count(tasks, process).saturating_add_signed(change);
        Some(word(process, count))
    });
}

fn ended(process: u32) {
    add(process, -1);
    ENDED.fetch_add(1, Release);
    os::futex_wake(&raw const ENDED);
}

/// Drains the open file of `fd` in a thread; the number is the caller's again when
/// this returns, and no other open file is held.
///
/// # Errors
/// When no thread is to be had: the caller has to do it itself.
pub fn drain(fd: c_int) -> Result<(), Errno> {
    run(fd, false)
}

/// The same, and then its sending side is closed.
///
/// # Errors
/// As for [`drain`].
pub fn drain_and_shut(fd: c_int) -> Result<(), Errno> {
    run(fd, true)
}

fn run(fd: c_int, is_to_be_shut: bool) -> Result<(), Errno> {
    if !ownership::is_ours() {
        return Err(Errno(libc::ENOSYS));
    }
    let file = os::file_identity(fd).ok_or(Errno(libc::EBADF))?;
    let task = Task {
        is_to_be_shut,
        fd,
        file,
    };
    let process = process();
    // Until it is held: a signal handler could leave this function by siglongjmp(3),
    // and what is being handed over with it.
    let before = os::block_signals();
    add(process, 1);
    let is_filtered = os::is_filtered();
    let held = if !is_filtered && desk::hand_over(&task, process) {
        Ok(())
    } else {
        thread::start(&task, process, is_filtered)
    };
    if held.is_err() {
        ended(process);
    }
    os::restore_signals(before);
    held
}

/// Whether this process has any.
pub fn is_busy() -> bool {
    count(TASKS.load(Acquire), process()) > 0
}

/// Waits until all tasks of this process are done, at most until `deadline`, which
/// is asked for when there are any.
pub fn wait_for_all(deadline: impl FnOnce() -> Duration) {
    let process = process();
    let mut ended = ENDED.load(Acquire);
    if count(TASKS.load(Acquire), process) == 0 {
        return;
    }
    let deadline = deadline();
    loop {
        let rest = deadline.saturating_sub(os::now());
        if rest.is_zero() || count(TASKS.load(Acquire), process) == 0 {
            return;
        }
        os::futex_wait(&ENDED, ended, rest);
        ended = ENDED.load(Acquire);
    }
}
