// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a panic may do inside somebody else's program: nothing that shows.

use std::ffi::{c_char, c_int, c_void};

/// Nothing on a hook's path is known to panic; should it happen all the same,
/// redhook makes the program's own call and nobody writes over its descriptors.
pub fn keep_quiet() {
    std::panic::set_hook(Box::new(|_| ()));
}

/// What `body` says; `None` if it panics, which must not reach C.
pub fn caught<T>(body: impl FnOnce() -> T) -> Option<T> {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(body)).ok()
}

/// Stands in for the unwinder's own: nobody prints a backtrace here, and
/// without this std's reader of debug information (half the library, two
/// fifths of what the loader has to relocate) is linked for it.
#[no_mangle]
extern "C" fn _Unwind_Backtrace(_step: *const c_void, _argument: *mut c_void) -> c_int {
    const END_OF_STACK: c_int = 5;
    END_OF_STACK
}

/// Stands in for the C library's, which only std's panic printer calls; each
/// is of a version of its own that the loader would have to check at each start.
#[no_mangle]
extern "C" fn gettid() -> c_int {
    0
}

/// As [`gettid`].
#[no_mangle]
extern "C" fn __xpg_strerror_r(_error: c_int, text: *mut c_char, length: usize) -> c_int {
    if length > 0 {
        // SAFETY: std passes a buffer of that length.
        unsafe { *text = 0 };
    }
    0
}

// None of them is one of the exported symbols.
core::arch::global_asm!(".hidden _Unwind_Backtrace, gettid, __xpg_strerror_r");
