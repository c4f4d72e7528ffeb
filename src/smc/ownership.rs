// SPDX-License-Identifier: MIT OR Apache-2.0
//! Whose memory this is. A child of vfork(2) runs in its parent's until it
//! executes a program or ends: what it closes the parent still has, so it must
//! not write down anything, and a thread of its own would be one in the parent's
//! memory. A child of fork(2) has memory of its own.

use super::os;
use libc::{
    pthread_mutex_lock, pthread_mutex_t, pthread_mutex_unlock,
    PTHREAD_ERRORCHECK_MUTEX_INITIALIZER_NP,
};
use std::ffi::c_int;

/// Whether this process may write to its memory for later. The C library notes
/// which thread a child of fork(2) runs in, and notes nothing for one of vfork(2):
/// there it still is the parent's. (So it is for children of system calls that the
/// C library does not know of; these are treated alike.)
pub fn is_ours() -> bool {
    noted_thread() == os::thread_id()
}

/// The calling thread as the C library has noted it: the owner of a mutex.
fn noted_thread() -> c_int {
    /// `struct __pthread_mutex_s`: `__lock`, `__count`, `__owner`.
    const OWNER: usize = 2;
    let mut mutex: pthread_mutex_t = PTHREAD_ERRORCHECK_MUTEX_INITIALIZER_NP;
    let mutex = &raw mut mutex;
    // SAFETY: a mutex of nobody else; nothing waits here.
    if unsafe { pthread_mutex_lock(mutex) } != 0 {
        return 0;
    }
    // SAFETY: that is where it is, and it is larger than that.
    let owner = unsafe { mutex.cast::<c_int>().add(OWNER).read_volatile() };
    // SAFETY: locked above.
    unsafe { pthread_mutex_unlock(mutex) };
    owner
}
