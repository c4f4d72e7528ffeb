// SPDX-License-Identifier: MIT OR Apache-2.0
//! The library's own memory, for what it has as long as the process lives: the lists, the
//! journal's filter.
//!
//! Not the program's malloc, which may be locked by the thread that a signal handler
//! interrupted, or be the program's own. Hooks do not allocate; loading does it once.

use smc_core::sys;
use smc_core::sys::arena::{Arena, ALIGNMENT};
use std::alloc::{GlobalAlloc, Layout};
use std::ptr::null_mut;

/// Lists of usual length fit.
static ARENA: Arena<{ 32 * 1024 }> = Arena::new();

struct Allocator;

#[global_allocator]
static ALLOCATOR: Allocator = Allocator;

// SAFETY: parts of the arena never overlap and are aligned; larger ones are whole mappings.
unsafe impl GlobalAlloc for Allocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if layout.align() <= ALIGNMENT {
            if let Some(part) = ARENA.take(layout.size()) {
                return part;
            }
        }
        sys::map(layout.size()).unwrap_or(null_mut())
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        if !ARENA.give_back(memory, layout.size()) {
            sys::unmap(memory, layout.size());
        }
    }
}
