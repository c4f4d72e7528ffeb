// SPDX-License-Identifier: MIT OR Apache-2.0
//! Children of vfork(2). Such a child runs in its parent's memory until it executes a
//! program or ends: the parent still has what the child closes, so the child must not
//! change the descriptor table, nor start a thread. A child of fork(2) has its own memory.

use crate::sys;

/// Whether this process owns its memory. The C library knows the thread that a child of
/// fork(2) runs in; in a child of vfork(2), or of a clone that it does not know, it still
/// has the parent's.
pub fn owns_memory() -> bool {
    sys::thread_known_to_libc() == sys::thread_id()
}
