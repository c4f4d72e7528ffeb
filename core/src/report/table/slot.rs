// SPDX-License-Identifier: MIT OR Apache-2.0
//! The place of one connection in the memory.

use super::facts::{self, Facts};
use std::sync::atomic::{
    AtomicU32, AtomicU64,
    Ordering::{Relaxed, SeqCst},
};

/// A connection about which something is to be found out.
#[repr(C, align(64))]
#[derive(Debug, Default)]
pub struct Slot {
    /// Generation and phase; a futex for those who wait for the reader.
    pub(in crate::report) state: AtomicU32,
    pub(in crate::report) waiters: AtomicU32,
    facts: AtomicU32,
    pub(in crate::report) process: AtomicU32,
    inode: AtomicU64,
    address: [AtomicU64; 2],
}

/// What is known of a connection when it is written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its role, its port, and what its socket was.
    pub facts: Facts,
    /// The process that made or accepted it, as it calls itself.
    pub process: u32,
    /// The inode of its socket.
    pub inode: u64,
    /// The peer's address when connecting, its own when accepting (IPv4 mapped).
    pub address: u128,
}

impl Slot {
    /// What is known.
    #[must_use]
    pub fn entry(&self) -> Entry {
        let [high, low] = self.address.each_ref().map(|half| half.load(Relaxed));
        Entry {
            facts: Facts::from_bits(self.facts.load(Relaxed)),
            process: self.process.load(Relaxed),
            inode: self.inode.load(Relaxed),
            address: u128::from(high) << 64 | u128::from(low),
        }
    }

    /// Writes what is known.
    pub fn put(&self, entry: &Entry) {
        self.facts.store(entry.facts.bits(), Relaxed);
        self.process.store(entry.process, Relaxed);
        self.inode.store(entry.inode, Relaxed);
        for (half, bits) in self
            .address
            .iter()
            .zip([entry.address >> 64, entry.address])
        {
            #[allow(clippy::cast_possible_truncation, reason = "a half")]
            half.store(bits as u64, Relaxed);
        }
    }

    /// Writes that its socket has more than one number.
    pub fn put_copies(&self) {
        self.facts.fetch_or(facts::COPIES, Relaxed);
    }

    /// The futex on which the reader's answer is waited for.
    #[must_use]
    pub fn futex(&self) -> &AtomicU32 {
        &self.state
    }

    /// One more waits, or one less.
    pub fn waiting(&self, is: bool) {
        if is {
            self.waiters.fetch_add(1, SeqCst);
        } else {
            self.waiters.fetch_sub(1, SeqCst);
        }
    }
}
