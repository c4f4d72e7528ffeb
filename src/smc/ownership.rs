// SPDX-License-Identifier: MIT OR Apache-2.0
//! Whose memory this is. A child of vfork(2) runs in its parent's until it
//! executes a program or ends: what it closes the parent still has, so it must
//! not write down anything, and a thread of its own would be one in the parent's
//! memory. A child of fork(2) has memory of its own, and none of the threads.

use super::os;
use crate::process;
use std::ptr::null_mut;
use std::sync::atomic::{
    AtomicI32, AtomicPtr, AtomicU32,
    Ordering::{AcqRel, Acquire},
};

/// A whole number of pages on every kernel.
const LENGTH: usize = 64 * 1024;

/// On pages that a fork wipes.
struct Owner {
    /// The process whose memory this is; 0: not asked yet.
    process: AtomicI32,
    /// How many threads of the shim's own it has.
    threads: AtomicU32,
}

static OWNER: AtomicPtr<Owner> = AtomicPtr::new(null_mut());

fn owner() -> Option<&'static Owner> {
    // SAFETY: null, or what `establish` has put there for good.
    unsafe { OWNER.load(Acquire).as_ref() }
}

#[cold]
fn establish() -> Option<&'static Owner> {
    let pages = os::map(LENGTH)?;
    #[allow(clippy::cast_ptr_alignment, reason = "pages are aligned for anything")]
    let fresh = pages.cast::<Owner>();
    if !os::wipe_on_fork(pages.cast(), LENGTH)
        || OWNER
            .compare_exchange(null_mut(), fresh, AcqRel, Acquire)
            .is_err()
    {
        os::unmap(pages, LENGTH);
    }
    owner()
}

/// The memory's owner, if that is this process.
fn ours() -> Option<&'static Owner> {
    let owner = owner().or_else(establish)?;
    let process = os::process_id();
    let known = owner.process.load(Acquire);
    let is_free = match known {
        0 => process::is_first() || os::shares_memory(os::parent_id()) != Some(true),
        // A child of vfork of which could not be known what it was.
        _ => known != process && !os::exists(known),
    };
    if is_free {
        let _ = owner
            .process
            .compare_exchange(known, process, AcqRel, Acquire);
    }
    (owner.process.load(Acquire) == process).then_some(owner)
}

/// Whether this process may write to its memory for later. False where that
/// cannot be known.
pub fn is_ours() -> bool {
    ours().is_some()
}

/// How many threads of the shim's own this process has; `None` where it may have
/// none.
pub fn threads() -> Option<&'static AtomicU32> {
    ours().map(|owner| &owner.threads)
}

/// The same, for a process that has had one.
pub fn threads_begun() -> Option<&'static AtomicU32> {
    owner()
        .filter(|owner| owner.process.load(Acquire) == os::process_id())
        .map(|owner| &owner.threads)
}
