// SPDX-License-Identifier: MIT OR Apache-2.0
//! Where a thread that is there already is handed further tasks.
//!
//! Whoever has one lays it down in a slot and waits until it is taken: a few
//! microseconds, but never long. Both sides look for a moment before they fall asleep:
//! in a row of closes neither has to be woken. A thread that does not come, because the
//! kernel holds it up or it does not get a processor, loses the task and the desk to a
//! new one. No lock, no memory but this, and nothing that a fork at any moment could
//! spoil: a child finds a desk that is another process's, and clears it.

use super::{halves, word, Task};
use crate::smc::os;
use std::sync::atomic::{
    AtomicBool, AtomicI32, AtomicU32, AtomicU64,
    Ordering::{AcqRel, Acquire, Relaxed, Release, SeqCst},
};
use std::time::Duration;

/// How long is waited for a thread to come.
const PATIENCE: Duration = Duration::from_millis(5);

/// How often is looked before falling asleep, which takes as long as waking somebody,
const LOOKS: u32 = 50;
/// and how long at most: others may want the processor, too.
const MOMENT: Duration = Duration::from_micros(200);

/// Whose desk it is, and above that of which process: see [`Seat`].
static DESK: AtomicU64 = AtomicU64::new(0);
const NOBODY: u32 = 0;
const CLEARING: u32 = u32::MAX;

/// Changes whenever something is laid down: what the thread at the desk waits on.
static BELL: AtomicU32 = AtomicU32::new(0);

/// Numbers the threads.
static SEATS: AtomicU32 = AtomicU32::new(0);

struct Slot {
    phase: AtomicU32,
    is_to_be_shut: AtomicBool,
    fd: AtomicI32,
    device: AtomicU64,
    inode: AtomicU64,
}

const FREE: u32 = 0;
const FILLING: u32 = 1;
/// To be taken, or to be withdrawn.
const OFFERED: u32 = 2;
/// A thread is at it and will have an answer at once.
const TAKING: u32 = 3;
const HELD: u32 = 4;
const REFUSED: u32 = 5;
/// Who laid it down does not wait any more.
const ABANDONED: u32 = 6;

static SLOTS: [Slot; 32] = [const {
    Slot {
        phase: AtomicU32::new(FREE),
        is_to_be_shut: AtomicBool::new(false),
        fd: AtomicI32::new(0),
        device: AtomicU64::new(0),
        inode: AtomicU64::new(0),
    }
}; 32];

/// Whether somebody at the desk of `process` holds the file of `task` now.
pub fn hand_over(task: &Task, process: u32) -> bool {
    if !is_attended(process) {
        return false;
    }
    let Some(slot) = SLOTS.iter().find(|slot| slot.goes(FREE, FILLING)) else {
        return false;
    };
    slot.fill(task);
    slot.phase.store(OFFERED, SeqCst);
    // Who leaves the desk looks into the slots once more afterwards.
    if !is_attended(process) && slot.goes(OFFERED, FREE) {
        return false;
    }
    BELL.fetch_add(1, Release);
    os::futex_wake(&raw const BELL);
    let mut asleep_since = None;
    loop {
        let phase = slot.phase.load(Acquire);
        let withdrawn = match phase {
            OFFERED => FREE,
            TAKING => ABANDONED,
            answer => {
                slot.phase.store(FREE, Release);
                return answer == HELD;
            }
        };
        if changes_soon(&slot.phase, phase) {
            continue;
        }
        let now = os::now();
        let asleep = now.saturating_sub(*asleep_since.get_or_insert(now));
        let rest = PATIENCE.saturating_sub(asleep);
        if rest.is_zero() && slot.goes(phase, withdrawn) {
            return false;
        }
        os::futex_wait(&slot.phase, phase, rest);
    }
}

fn is_attended(process: u32) -> bool {
    let (of, seat) = halves(DESK.load(SeqCst));
    of == process && !matches!(seat, NOBODY | CLEARING)
}

impl Slot {
    fn goes(&self, from: u32, to: u32) -> bool {
        self.phase
            .compare_exchange(from, to, AcqRel, Relaxed)
            .is_ok()
    }

    fn answer(&self, is_held: bool) -> bool {
        let is_waited_for = self.goes(TAKING, if is_held { HELD } else { REFUSED });
        if is_waited_for {
            os::futex_wake(&raw const self.phase);
        } else {
            self.phase.store(FREE, Release);
        }
        is_waited_for
    }

    fn fill(&self, task: &Task) {
        let (device, inode) = task.file;
        self.is_to_be_shut.store(task.is_to_be_shut, Relaxed);
        self.fd.store(task.fd, Relaxed);
        self.device.store(device, Relaxed);
        self.inode.store(inode, Relaxed);
    }

    fn task(&self) -> Task {
        Task {
            is_to_be_shut: self.is_to_be_shut.load(Relaxed),
            fd: self.fd.load(Relaxed),
            file: (self.device.load(Relaxed), self.inode.load(Relaxed)),
        }
    }
}

/// A thread's claim to the desk, which a later thread takes over.
#[derive(Clone, Copy)]
pub struct Seat(u64);

impl Seat {
    /// Takes the desk of `process`.
    pub fn take(process: u32) -> Self {
        let number = SEATS.fetch_add(1, Relaxed) % (CLEARING - 1) + 1;
        let seat = Self(word(process, number));
        let before = DESK.load(SeqCst);
        let (of, who) = halves(before);
        if of == process {
            // One who is still clearing it is not disturbed: another keeps the desk.
            if who != CLEARING {
                let _ = DESK.compare_exchange(before, seat.0, SeqCst, Relaxed);
            }
            return seat;
        }
        let clearing = word(process, CLEARING);
        if DESK
            .compare_exchange(before, clearing, SeqCst, Relaxed)
            .is_ok()
        {
            for slot in &SLOTS {
                slot.phase.store(FREE, Relaxed);
            }
            DESK.store(seat.0, SeqCst);
        }
        seat
    }

    pub fn is_mine(self) -> bool {
        DESK.load(Acquire) == self.0
    }

    /// Leaves the desk to nobody.
    pub fn leave(self) {
        let (process, _) = halves(self.0);
        let _ = DESK.compare_exchange(self.0, word(process, NOBODY), SeqCst, Relaxed);
    }
}

/// Takes each task that lies there; whether there were any. `take` is given each with
/// a function that it tells whether it holds it, which says whether this was still
/// waited for.
pub fn each(mut take: impl FnMut(&Task, &dyn Fn(bool) -> bool)) -> bool {
    let mut any = false;
    for slot in &SLOTS {
        if slot.phase.load(SeqCst) == OFFERED && slot.goes(OFFERED, TAKING) {
            any = true;
            take(&slot.task(), &|is_held| slot.answer(is_held));
        }
    }
    any
}

/// What [`wait`] is to be given, read before looking at the desk.
pub fn bell() -> u32 {
    BELL.load(Acquire)
}

/// Whether something is laid down in the next moment, given what [`bell`] was.
pub fn rings_soon(since: u32) -> bool {
    changes_soon(&BELL, since)
}

fn changes_soon(word: &AtomicU32, value: u32) -> bool {
    if !os::shares_processor() {
        return false;
    }
    let end = os::now() + MOMENT;
    let mut looks = (0..LOOKS).take_while(|_| os::now() < end);
    looks.any(|_| {
        os::yield_processor();
        word.load(Acquire) != value
    })
}

/// Whether something may have been laid down since.
pub fn has_rung(since: u32) -> bool {
    bell() != since
}

/// Waits until something is laid down, at most so long.
pub fn wait(since: u32, limit: Duration) {
    os::futex_wait(&BELL, since, limit);
}
