// SPDX-License-Identifier: MIT OR Apache-2.0
//! Sockets that are drained in the background, and how many there are.

use super::deadlines::Deadlines;
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
    /// The end of the process waits for it. If not, a child has the file, too.
    pub is_counted: bool,
}

/// How many tasks (lower half) which process has (upper half): a child of a fork has none.
struct Count(AtomicU64);

/// Tasks that the end of the process waits for.
static COUNTED: Count = Count(AtomicU64::new(0));

/// Tasks whose file a child has, too.
static SHARED: Count = Count(AtomicU64::new(0));

/// Changes whenever a task ends, or becomes a counted one; a futex.
static ENDED: AtomicU32 = AtomicU32::new(0);

/// The process that is about to end.
static ENDING: AtomicU32 = AtomicU32::new(0);

/// How often a thread looks at a shared socket while the process is about to end.
pub(super) const LOOK_AT_SHARED: Duration = Duration::from_millis(50);

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

impl Count {
    fn of_word(word: u64, process: u32) -> u32 {
        let (of, count) = halves(word);
        if of == process {
            count
        } else {
            0
        }
    }

    fn of(&self, process: u32) -> u32 {
        Self::of_word(self.0.load(Acquire), process)
    }

    fn add(&self, process: u32, change: i32) {
        let _ = self.0.fetch_update(AcqRel, Acquire, |counted| {
            let count = Self::of_word(counted, process).saturating_add_signed(change);
            Some(word(process, count))
        });
    }
}

impl Task {
    fn count(&self) -> &'static Count {
        if self.is_counted {
            &COUNTED
        } else {
            &SHARED
        }
    }

    /// It is about to be handed over.
    pub fn begin(&self, process: u32) {
        self.count().add(process, 1);
    }

    /// It is done, or nobody has taken it.
    pub fn end(&self, process: u32) {
        self.count().add(process, -1);
        notify();
    }

    /// No child has the file any more: the end of the process waits for this task, too.
    pub fn become_counted(&mut self, process: u32) {
        self.is_counted = true;
        COUNTED.add(process, 1);
        SHARED.add(process, -1);
        notify();
    }
}

fn notify() {
    ENDED.fetch_add(1, Release);
    sys::futex_wake(&raw const ENDED);
}

/// Whether `process` has any task.
pub(super) fn any(process: u32) -> bool {
    COUNTED.of(process) > 0 || SHARED.of(process) > 0
}

/// Whether `process` waits for its tasks, since it is about to end.
pub(super) fn is_ending(process: u32) -> bool {
    ENDING.load(Acquire) == process
}

/// Waits until all tasks of this process are done, for the counted ones and for the others
/// at most until what `deadlines` says. Whether it had to wait.
pub(super) fn wait_for_all(deadlines: &mut Deadlines) -> bool {
    let process = this_process();
    let mut ended = ENDED.load(Acquire);
    if !any(process) {
        return false;
    }
    ENDING.store(process, Release);
    let mut has_waited = false;
    loop {
        let until = match (COUNTED.of(process), SHARED.of(process)) {
            (0, 0) => break,
            (0, _) => deadlines.of_shared(),
            _ => deadlines.of_counted(),
        };
        let rest = until.saturating_sub(sys::now());
        if rest.is_zero() {
            break;
        }
        sys::futex_wait(&ENDED, ended, rest);
        ended = ENDED.load(Acquire);
        has_waited = true;
    }
    // An exec can fail.
    ENDING.store(0, Release);
    has_waited
}
