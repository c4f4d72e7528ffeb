// SPDX-License-Identifier: MIT OR Apache-2.0
//! The programs that are executed, as long as they are not known to have the library:
//! an environment may be cleared, or the loader may ignore it. What is left in the end
//! was not counted.

use super::Table;
use std::sync::atomic::{
    AtomicU32, AtomicU64,
    Ordering::{AcqRel, Acquire, Relaxed, Release},
};

/// So many are distinguished.
pub(in crate::report) const PLACES: usize = 256;
/// So many bytes of a name are remembered.
const NAME: usize = 16;

const FREE: u32 = 0;
/// The process is gone; its program never had the library.
const GONE: u32 = u32::MAX;

/// A process that executes a program, and the program's name.
#[repr(C)]
#[derive(Debug, Default)]
pub(in crate::report) struct Executed {
    process: AtomicU32,
    name: [AtomicU64; NAME / 8],
}

impl Table {
    /// `process` is about to execute the program called `name`.
    pub fn executes(&self, process: u32, name: &[u8]) {
        // Whoever had this number before never had the library: else it would not be here.
        self.settle(process, GONE);
        let place = self.executed.iter().find(|place| {
            (place.process)
                .compare_exchange(FREE, process, AcqRel, Relaxed)
                .is_ok()
        });
        let Some(place) = place else {
            self.more_executed.store(1, Relaxed);
            return;
        };
        let mut bytes = [0; NAME];
        let length = name.len().min(NAME);
        if let (Some(to), Some(from)) = (bytes.get_mut(..length), name.get(..length)) {
            to.copy_from_slice(from);
        }
        for (word, bytes) in place.name.iter().zip(bytes.chunks_exact(8)) {
            let bytes = bytes.try_into().unwrap_or_default();
            word.store(u64::from_ne_bytes(bytes), Relaxed);
        }
    }

    /// `process` has the library, or goes on with the program that it had.
    pub fn has_library(&self, process: u32) {
        self.settle(process, FREE);
    }

    fn settle(&self, process: u32, to: u32) {
        for place in &self.executed {
            let _ = (place.process).compare_exchange(process, to, Release, Relaxed);
        }
    }

    /// The names of the programs that were executed and are not known to have the library.
    pub fn without_library(&self) -> impl Iterator<Item = String> + '_ {
        let places = self.executed.iter();
        let left = places.filter(|place| place.process.load(Acquire) != FREE);
        left.map(|place| {
            let words = place.name.each_ref().map(|word| word.load(Relaxed));
            let bytes = words.map(u64::to_ne_bytes).concat();
            let name = bytes.split(|byte| *byte == 0).next();
            String::from_utf8_lossy(name.unwrap_or_default()).into_owned()
        })
    }

    /// Whether there may be more of them than could be distinguished.
    #[must_use]
    pub fn may_be_more_without_library(&self) -> bool {
        self.more_executed.load(Relaxed) != 0
    }
}
