// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a panic may do inside somebody else's program: nothing that shows.

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
extern "C" fn _Unwind_Backtrace(
    _step: *const std::ffi::c_void,
    _argument: *mut std::ffi::c_void,
) -> std::ffi::c_int {
    const END_OF_STACK: std::ffi::c_int = 5;
    END_OF_STACK
}

// Not one of the exported symbols.
core::arch::global_asm!(".hidden _Unwind_Backtrace");
