// SPDX-License-Identifier: MIT OR Apache-2.0
//! Sockets that are drained in the background, and how many there are.

use crate::sys;
use std::ffi::c_int;
use std::sync::atomic::{
    AtomicU32, AtomicU64,
    Ordering::{AcqRel, Acquire, Release},
};
use std::time::Duration;

/// A socket of the program, and what is to be done with it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Task {
    /// Its number in the program.
    pub fd: c_int,
    /// Which open file it is, as device and inode: a thread of the program can have a
    /// descriptor table of its own.
    pub file: (u64, u64),
    /// When it is drained, its sending side is closed, whoever else has it.
    pub shuts: bool,
    /// The end of the process waits for it.
    pub is_counted: bool,
}

/// How many tasks are counted (lower half) in which process (upper half): a child of a
/// fork has none.
static COUNTED: AtomicU64 = AtomicU64::new(0);

/// Changes whenever a counted task ends; a futex.
static ENDED: AtomicU32 = AtomicU32::new(0);

/// The upper and the lower half of a word.
pub(super) fn halves(word: u64) -> (u32, u32) {
    let [a, b, c, d, lower @ ..] = word.to_be_bytes();
    (u32::from_be_bytes([a, b, c, d]), u32::from_be_bytes(lower))
}

pub(super) fn word(upper: u32, lower: u32) -> u64 {
    u64::from(upper) << 32 | u64::from(lower)
}

pub(super) fn this_process() -> u32 {
    sys::process_id().unsigned_abs()
}

fn count_in(word: u64, process: u32) -> u32 {
    let (of, count) = halves(word);
    if of == process {
        count
    } else {
        0
    }
}

/// How many tasks of `process` are counted.
pub(super) fn count(process: u32) -> u32 {
    count_in(COUNTED.load(Acquire), process)
}

fn add(process: u32, change: i32) {
    let _ = COUNTED.fetch_update(AcqRel, Acquire, |counted| {
        let count = count_in(counted, process).saturating_add_signed(change);
        Some(word(process, count))
    });
}

impl Task {
    /// It is about to be handed over.
    pub fn begin(&self, process: u32) {
        if self.is_counted {
            add(process, 1);
        }
    }

    /// It is done, or nobody has taken it.
    pub fn end(&self, process: u32) {
        if self.is_counted {
            add(process, -1);
            ENDED.fetch_add(1, Release);
            sys::futex_wake(&raw const ENDED);
        }
    }
}

/// Waits until all counted tasks of this process are done, at most until `deadline`, which
/// is asked for when there are any.
pub(super) fn wait_for_all(deadline: impl FnOnce() -> Duration) {
    let process = this_process();
    let mut ended = ENDED.load(Acquire);
    if count(process) == 0 {
        return;
    }
    let deadline = deadline();
    loop {
        let rest = deadline.saturating_sub(sys::now());
        if rest.is_zero() || count(process) == 0 {
            return;
        }
        sys::futex_wait(&ENDED, ended, rest);
        ended = ENDED.load(Acquire);
    }
}
