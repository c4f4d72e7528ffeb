// SPDX-License-Identifier: MIT OR Apache-2.0
//! Memory of the library's own, for what it keeps as long as the process
//! lives: the lists, the journal's filter.
//!
//! Not the program's malloc, which may be locked by the thread that a signal
//! handler interrupted, may be the program's own, and costs a small program
//! more to set up than all that the shim does. What is given back out of order
//! is lost: a hook must not allocate anyway, and loading does it but once.

use super::os;
use std::alloc::{GlobalAlloc, Layout};
use std::cell::UnsafeCell;
use std::ptr::null_mut;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// Lists of usual length fit; zero pages until used.
const ROOM: usize = 32 * 1024;
const ALIGNMENT: usize = 16;

#[repr(align(16))]
struct Room(UnsafeCell<[u8; ROOM]>);

// SAFETY: each part is handed out once.
unsafe impl Sync for Room {}

static PLACE: Room = Room(UnsafeCell::new([0; ROOM]));
static USED: AtomicUsize = AtomicUsize::new(0);

struct Memory;

#[global_allocator]
static MEMORY: Memory = Memory;

// SAFETY: parts never overlap and are aligned; larger ones are whole mappings.
unsafe impl GlobalAlloc for Memory {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let size = layout.size().next_multiple_of(ALIGNMENT);
        if layout.align() > ALIGNMENT || size > ROOM {
            return os::map(size).unwrap_or(null_mut());
        }
        let at = USED.fetch_add(size, Relaxed);
        if at > ROOM - size {
            USED.fetch_sub(size, Relaxed);
            return os::map(size).unwrap_or(null_mut());
        }
        // SAFETY: `at` + `size` is within the room.
        unsafe { PLACE.0.get().cast::<u8>().add(at) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        let size = layout.size().next_multiple_of(ALIGNMENT);
        let at = memory.addr().wrapping_sub(PLACE.0.get().addr());
        if at >= ROOM {
            os::unmap(memory, size);
        } else {
            // What came last goes first; the rest stays where it is.
            let _ = USED.compare_exchange(at + size, at, Relaxed, Relaxed);
        }
    }
}
