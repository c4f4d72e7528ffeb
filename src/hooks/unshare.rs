// SPDX-License-Identifier: MIT OR Apache-2.0
//! `unshare(CLONE_FILES)`: a thread gets a descriptor table of its own.

use super::real::real;
use libc::c_int;
use redhook::hook;
use smc_core::{fd_table, sys};

hook! {
    unsafe fn unshare(flags: c_int) -> c_int => shim_unshare {
        if flags & libc::CLONE_FILES != 0 {
            before();
        }
        let real = real!("C" fn unshare(flags: c_int) -> c_int);
        // SAFETY: unshare(2) takes any integer.
        unsafe { real(flags) }
    }
}

/// Numbers mean different files in different threads from now on, if there are any others.
pub fn before() {
    if sys::thread_count() != Some(1) {
        fd_table::stop_tracking();
    }
}
