// SPDX-License-Identifier: MIT OR Apache-2.0
//! Epoll descriptors: which there are, and waiting by them: the real call, and then a look at
//! the events, for those that TCP would not have.

use super::real::real;
use libc::{c_int, epoll_event, sigset_t, timespec};
use redhook::hook;
use smc_core::panics::caught;
use smc_core::{fd_table, lifecycle, vfork};

hook! {
    unsafe fn epoll_create(size: c_int) -> c_int => shim_epoll_create {
        let real = real!("C" fn epoll_create(size: c_int) -> c_int);
        // SAFETY: epoll_create(2) takes any integer.
        created(unsafe { real(size) })
    }
}

hook! {
    unsafe fn epoll_create1(flags: c_int) -> c_int => shim_epoll_create1 {
        let real = real!("C" fn epoll_create1(flags: c_int) -> c_int);
        // SAFETY: epoll_create1(2) takes any integer.
        created(unsafe { real(flags) })
    }
}

fn created(epoll: c_int) -> c_int {
    if vfork::owns_memory() {
        fd_table::epoll_created(epoll);
    }
    epoll
}

macro_rules! waits {
    (unsafe fn $name:ident($($argument:ident: $of:ty),*)) => {
        #[no_mangle]
        unsafe extern "C-unwind" fn $name(
            epoll: c_int, events: *mut epoll_event, most: c_int, $($argument: $of),*
        ) -> c_int {
            let real = real!("C-unwind" fn $name(
                epoll: c_int, events: *mut epoll_event, most: c_int, $($argument: $of),*
            ) -> c_int);
            // SAFETY: the program's own arguments.
            let count = unsafe { real(epoll, events, most, $($argument),*) };
            if count > 0 {
                // SAFETY: the kernel has just written so many.
                let events = unsafe {
                    std::slice::from_raw_parts_mut(events, count.unsigned_abs() as usize)
                };
                if events.iter().any(lifecycle::epoll::may_differ) {
                    correct(epoll, events);
                }
            }
            count
        }
    };
}

#[cold]
fn correct(epoll: c_int, events: &mut [epoll_event]) {
    caught(|| lifecycle::epoll::correct(epoll, events));
}

waits! { unsafe fn epoll_wait(milliseconds: c_int) }
waits! { unsafe fn epoll_pwait(milliseconds: c_int, signals: *const sigset_t) }
waits! { unsafe fn epoll_pwait2(limit: *const timespec, signals: *const sigset_t) }
