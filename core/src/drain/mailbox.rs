// SPDX-License-Identifier: MIT OR Apache-2.0
//! How further sockets are handed to a drain thread that is there already.
//!
//! A caller posts its task to a slot and waits until the thread has taken it: a few
//! microseconds, and never long. Both sides spin for a moment before they sleep, so that in
//! a row of closes neither has to be woken. If the thread does not come, because the kernel
//! delays it or it does not get a processor, a new thread takes the task and the mailbox.
//! No lock, and nothing that a fork at any moment could spoil: a child finds a mailbox that
//! belongs to another process, and clears it.

use super::tasks::{halves, word, Task};
use crate::sys;
use std::sync::atomic::{
    AtomicBool, AtomicI32, AtomicU32, AtomicU64,
    Ordering::{AcqRel, Acquire, Relaxed, Release, SeqCst},
};
use std::time::Duration;

/// How long a caller waits for a sleeping thread.
const WAKE_LIMIT: Duration = Duration::from_millis(5);

/// How often is looked before sleeping, which takes as long as waking somebody,
const SPINS: u32 = 50;
/// and for how long at most: others may want the processor, too.
const SPIN_LIMIT: Duration = Duration::from_micros(200);

/// Who serves the mailbox (lower half), in which process (upper half): see [`Lease`].
static OWNER: AtomicU64 = AtomicU64::new(0);
const NOBODY: u32 = 0;
const CLEARING: u32 = u32::MAX;

/// Changes with every post; a futex of the thread that serves the mailbox.
static NOTIFY: AtomicU32 = AtomicU32::new(0);

/// Numbers the threads.
static LEASES: AtomicU32 = AtomicU32::new(0);

struct Slot {
    phase: AtomicU32,
    shuts: AtomicBool,
    is_counted: AtomicBool,
    fd: AtomicI32,
    device: AtomicU64,
    inode: AtomicU64,
}

const FREE: u32 = 0;
const FILLING: u32 = 1;
/// The thread may take it, the caller may withdraw it.
const POSTED: u32 = 2;
/// The thread is about to accept or refuse it.
const TAKING: u32 = 3;
const ACCEPTED: u32 = 4;
const REFUSED: u32 = 5;
/// The caller waits no more.
const ABANDONED: u32 = 6;

static SLOTS: [Slot; 32] = [const {
    Slot {
        phase: AtomicU32::new(FREE),
        shuts: AtomicBool::new(false),
        is_counted: AtomicBool::new(false),
        fd: AtomicI32::new(0),
        device: AtomicU64::new(0),
        inode: AtomicU64::new(0),
    }
}; 32];

/// Whether the thread that serves the mailbox of `process` has taken `task`.
pub(super) fn post(task: &Task, process: u32) -> bool {
    if !is_served(process) {
        return false;
    }
    let Some(slot) = SLOTS.iter().find(|slot| slot.step(FREE, FILLING)) else {
        return false;
    };
    slot.fill(task);
    slot.phase.store(POSTED, SeqCst);
    // A thread that gives up its lease looks into the slots once more afterwards.
    if !is_served(process) && slot.step(POSTED, FREE) {
        return false;
    }
    NOTIFY.fetch_add(1, Release);
    sys::futex_wake(&raw const NOTIFY);
    let mut asleep_since = None;
    loop {
        let phase = slot.phase.load(Acquire);
        let withdrawn = match phase {
            POSTED => FREE,
            TAKING => ABANDONED,
            outcome => {
                slot.phase.store(FREE, Release);
                return outcome == ACCEPTED;
            }
        };
        if spin_for_change(&slot.phase, phase) {
            continue;
        }
        let now = sys::now();
        let asleep = now.saturating_sub(*asleep_since.get_or_insert(now));
        let rest = WAKE_LIMIT.saturating_sub(asleep);
        if rest.is_zero() && slot.step(phase, withdrawn) {
            return false;
        }
        sys::futex_wait(&slot.phase, phase, rest);
    }
}

fn is_served(process: u32) -> bool {
    let (of, lease) = halves(OWNER.load(SeqCst));
    of == process && !matches!(lease, NOBODY | CLEARING)
}

impl Slot {
    fn step(&self, from: u32, to: u32) -> bool {
        self.phase
            .compare_exchange(from, to, AcqRel, Relaxed)
            .is_ok()
    }

    /// Tells the caller whether its task was taken; false: it waits no more.
    fn reply(&self, is_taken: bool) -> bool {
        let is_awaited = self.step(TAKING, if is_taken { ACCEPTED } else { REFUSED });
        if is_awaited {
            sys::futex_wake(&raw const self.phase);
        } else {
            self.phase.store(FREE, Release);
        }
        is_awaited
    }

    fn fill(&self, task: &Task) {
        let (device, inode) = task.file;
        self.shuts.store(task.shuts, Relaxed);
        self.is_counted.store(task.is_counted, Relaxed);
        self.fd.store(task.fd, Relaxed);
        self.device.store(device, Relaxed);
        self.inode.store(inode, Relaxed);
    }

    fn task(&self) -> Task {
        Task {
            fd: self.fd.load(Relaxed),
            file: (self.device.load(Relaxed), self.inode.load(Relaxed)),
            shuts: self.shuts.load(Relaxed),
            is_counted: self.is_counted.load(Relaxed),
        }
    }
}

/// A thread's right to serve the mailbox, until a later thread takes it over.
#[derive(Clone, Copy)]
pub(super) struct Lease(u64);

impl Lease {
    /// Takes over the mailbox of `process`.
    pub fn take(process: u32) -> Self {
        let number = LEASES.fetch_add(1, Relaxed) % (CLEARING - 1) + 1;
        let lease = Self(word(process, number));
        let before = OWNER.load(SeqCst);
        let (of, owner) = halves(before);
        if of == process {
            // A thread that is clearing it is not disturbed, and keeps it.
            if owner != CLEARING {
                let _ = OWNER.compare_exchange(before, lease.0, SeqCst, Relaxed);
            }
            return lease;
        }
        let clearing = word(process, CLEARING);
        if OWNER
            .compare_exchange(before, clearing, SeqCst, Relaxed)
            .is_ok()
        {
            for slot in &SLOTS {
                slot.phase.store(FREE, Relaxed);
            }
            OWNER.store(lease.0, SeqCst);
        }
        lease
    }

    /// Whether it is valid still.
    pub fn is_valid(self) -> bool {
        OWNER.load(Acquire) == self.0
    }

    /// Gives it up: nobody serves the mailbox.
    pub fn give_up(self) {
        let (process, _) = halves(self.0);
        let _ = OWNER.compare_exchange(self.0, word(process, NOBODY), SeqCst, Relaxed);
    }
}

/// Passes each posted task to `take`; whether there were any. `take` also gets a function
/// that it tells whether it has taken the task, and that returns whether the caller still
/// waited.
pub(super) fn each(mut take: impl FnMut(&Task, &dyn Fn(bool) -> bool)) -> bool {
    let mut any = false;
    for slot in &SLOTS {
        if slot.phase.load(SeqCst) == POSTED && slot.step(POSTED, TAKING) {
            any = true;
            take(&slot.task(), &|is_taken| slot.reply(is_taken));
        }
    }
    any
}

/// The number of posts so far, for the functions below.
pub(super) fn posts() -> u32 {
    NOTIFY.load(Acquire)
}

/// Whether something is posted in the next moment.
pub(super) fn spin_for_post(since: u32) -> bool {
    spin_for_change(&NOTIFY, since)
}

fn spin_for_change(word: &AtomicU32, value: u32) -> bool {
    if !sys::shares_processor() {
        return false;
    }
    let end = sys::now() + SPIN_LIMIT;
    let mut spins = (0..SPINS).take_while(|_| sys::now() < end);
    spins.any(|_| {
        sys::yield_processor();
        word.load(Acquire) != value
    })
}

/// Whether something was posted.
pub(super) fn has_post(since: u32) -> bool {
    posts() != since
}

/// Waits until something is posted, at most so long.
pub(super) fn wait(since: u32, limit: Duration) {
    sys::futex_wait(&NOTIFY, since, limit);
}
