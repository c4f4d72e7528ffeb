// SPDX-License-Identifier: MIT OR Apache-2.0
//! The end of the process, by `exit` or by returning from `main`.

use super::{drain, identity, stdio};
use crate::hints;
use std::ffi::{c_int, c_void};

/// The loader calls this at exit, after the program's own exit handlers and
/// among the libraries' destructors. The work is for when all of them are done:
/// a handler that is registered now runs next after the loader's (exit(3)).
#[used]
#[link_section = ".fini_array"]
static AT_END: extern "C" fn() = {
    extern "C" fn at_end() {
        if hints::have_flown() {
            // SAFETY: a function that is there as long as the process.
            unsafe { __cxa_atexit(last, std::ptr::null_mut(), std::ptr::null_mut()) };
        }
    }
    at_end
};

extern "C" {
    /// Itanium C++ ABI; of no library, so nobody removes it earlier.
    fn __cxa_atexit(
        function: extern "C" fn(*mut c_void),
        argument: *mut c_void,
        library: *mut c_void,
    ) -> c_int;
}

/// After this the C library writes out what its streams hold, and ends.
extern "C" fn last(_: *mut c_void) {
    if hints::flowing().any(identity::is_smc) {
        stdio::flush();
    }
    drain::before_end();
}
