// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the shim remembers of a descriptor number: where it is worth asking.
//!
//! Owns one word per descriptor number. The kernel is the only truth about a
//! socket; a word that is out of date (the number was closed and used again)
//! costs one question more, which keeps fork, threads and signals harmless:
//! there is nothing here to lock and nothing that must be in step.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Numbers from here on are never remembered: the kernel is asked each time.
/// The table is zero pages until used, 512 descriptors to a page.
const NUMBERS: usize = 65_536;

static WORDS: [AtomicU64; NUMBERS] = [const { AtomicU64::new(0) }; NUMBERS];

/// The bit of an option that no program can set: `SO_TYPE` (3).
const MADE: u64 = 1 << 3;

/// What is known of one descriptor number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hint(u64);

impl Hint {
    /// The shim made an SMC socket with this number, so [`Hint::may_have_set`]
    /// has heard of every option.
    pub fn made_here(self) -> bool {
        self.0 & MADE != 0
    }

    /// Whether the program may have set this `SOL_SOCKET` option. Options 64
    /// apart share a bit, which costs a question, never an answer.
    pub fn may_have_set(self, name: i32) -> bool {
        !self.made_here() || self.0 & option_bit(name) != 0
    }

    /// No option was set on a socket that the shim made.
    pub fn is_pristine(self) -> bool {
        self.0 == MADE
    }
}

fn option_bit(name: i32) -> u64 {
    1 << (name & 63)
}

fn word(fd: i32) -> Option<&'static AtomicU64> {
    usize::try_from(fd).ok().and_then(|fd| WORDS.get(fd))
}

/// What is known of `fd`.
pub fn of(fd: i32) -> Hint {
    Hint(word(fd).map_or(0, |word| word.load(Relaxed)))
}

/// The shim has just made `fd`, an SMC socket. False: nothing is remembered of
/// this number, which may be no descriptor at all.
#[inline]
pub fn made(fd: i32) -> bool {
    let word = word(fd);
    if let Some(word) = word {
        word.store(MADE, Relaxed);
    }
    word.is_some()
}

/// The program has set `SOL_SOCKET` option `name` on `fd`.
#[inline]
pub fn option_set(fd: i32, name: i32) {
    if let Some(word) = word(fd) {
        word.fetch_or(option_bit(name), Relaxed);
    }
}

/// Nothing is known of `fd` any more.
pub fn forget(fd: i32) {
    if let Some(word) = word(fd) {
        word.store(0, Relaxed);
    }
}
