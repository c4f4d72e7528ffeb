// SPDX-License-Identifier: MIT OR Apache-2.0
//! A hook's first look at what is remembered of a descriptor.

use crate::hints;
use libc::c_int;

/// What is remembered under the number of `fd`: a hook's first question. With what
/// is asked of it one comparison with memory, where an atomic load would be an
/// instruction more.
#[inline]
pub fn remembered(fd: c_int) -> u64 {
    // SAFETY: an aligned word that lives as long as the process. The language calls
    // this a race with a store in another thread; the compiler makes one load of a
    // volatile read, and processors load such a word whole, as if it were `Relaxed`.
    hints::shared_word(fd).map_or(0, |word| unsafe { word.as_ptr().read_volatile() })
}

/// Whether something may be known of `fd`, or would have to be.
#[inline]
pub fn may_know(fd: c_int) -> bool {
    remembered(fd) != 0
}

/// The same of two, in one branch.
#[inline]
pub fn may_know_either(fd: c_int, other: c_int) -> bool {
    remembered(fd) | remembered(other) != 0
}
