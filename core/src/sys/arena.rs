// SPDX-License-Identifier: MIT OR Apache-2.0
//! A fixed piece of memory, handed out in parts.

use std::cell::UnsafeCell;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// Parts are aligned to this many bytes.
pub const ALIGNMENT: usize = 16;

/// `SIZE` bytes. Zero pages until used.
#[repr(align(16))]
#[derive(Debug)]
pub struct Arena<const SIZE: usize> {
    bytes: UnsafeCell<[u8; SIZE]>,
    used: AtomicUsize,
}

// SAFETY: each part is handed out to one caller at a time.
unsafe impl<const SIZE: usize> Sync for Arena<SIZE> {}

impl<const SIZE: usize> Arena<SIZE> {
    /// Nothing is handed out.
    #[allow(clippy::new_without_default, reason = "const")]
    pub const fn new() -> Self {
        Self {
            bytes: UnsafeCell::new([0; SIZE]),
            used: AtomicUsize::new(0),
        }
    }

    /// A part of at least `size` bytes; `None` when there is no room.
    pub fn take(&self, size: usize) -> Option<*mut u8> {
        let size = size.checked_next_multiple_of(ALIGNMENT)?;
        let end_of = |at: usize| at.checked_add(size).filter(|&end| end <= SIZE);
        let at = self.used.fetch_update(Relaxed, Relaxed, end_of).ok()?;
        Some(self.bytes.get().cast::<u8>().wrapping_add(at))
    }

    /// Whether `part` is one of the arena. Its `size` bytes become free if no later part is
    /// in use; else they are lost.
    pub fn give_back(&self, part: *mut u8, size: usize) -> bool {
        let at = part.addr().wrapping_sub(self.bytes.get().addr());
        let end = size
            .checked_next_multiple_of(ALIGNMENT)
            .and_then(|size| at.checked_add(size));
        if let Some(end) = end.filter(|_| at < SIZE) {
            let _ = self.used.compare_exchange(end, at, Relaxed, Relaxed);
        }
        at < SIZE
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;

    /// Two threads race for the last parts, and some of their requests fail: a part that is
    /// handed out twice would show.
    #[test]
    fn parts_never_overlap_when_requests_fail() {
        for _ in 0..200 {
            let arena = Arena::<4096>::new();
            let parts = Mutex::new(Vec::new());
            std::thread::scope(|scope| {
                for size in [16, 48, 1600] {
                    let (arena, parts) = (&arena, &parts);
                    scope.spawn(move || {
                        for _ in 0..300 {
                            if let Some(part) = arena.take(size) {
                                if let Ok(mut parts) = parts.lock() {
                                    parts.push((part.addr(), size));
                                }
                            }
                        }
                    });
                }
            });
            let mut parts = parts.into_inner().unwrap_or_default();
            parts.sort_unstable();
            assert!(!parts.is_empty());
            for pair in parts.windows(2) {
                if let [(first, size), (second, _)] = pair {
                    assert!(first + size <= *second);
                }
            }
        }
    }

    #[test]
    fn the_last_part_becomes_free() {
        let arena = Arena::<64>::new();
        let first = arena.take(1).map(<*mut u8>::addr);
        let last = arena.take(40);
        assert!(arena.take(16).is_none());
        assert!(arena.give_back(last.unwrap_or(std::ptr::null_mut()), 40));
        assert_eq!(arena.take(16).map(<*mut u8>::addr), first.map(|at| at + 16));
        assert!(!arena.give_back(std::ptr::null_mut(), 16));
    }
}
