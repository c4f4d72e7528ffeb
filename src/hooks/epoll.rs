// SPDX-License-Identifier: MIT OR Apache-2.0
//! Waiting by epoll: the real call, and then a look at the events, for those that TCP
//! would not have ([`smc::epoll`]).
//!
//! As in `send`, a thread that waits can be cancelled.

use super::next::{jump, next};
use crate::panics::caught;
use crate::smc;
use libc::{c_int, epoll_event, sigset_t, timespec};

macro_rules! waits {
    (unsafe fn $name:ident($epoll:ident: c_int, $events:ident: *mut epoll_event, $($argument:ident: $of:ty),*)) => {
        #[no_mangle]
        unsafe extern "C-unwind" fn $name(
            $epoll: c_int, $events: *mut epoll_event, $($argument: $of),*
        ) -> c_int {
            let count = jump!("C-unwind" $name(
                $epoll: c_int, $events: *mut epoll_event, $($argument: $of),*
            ) -> c_int);
            if count > 0 {
                // SAFETY: the kernel has just written so many.
                let events = unsafe {
                    std::slice::from_raw_parts_mut($events, count.unsigned_abs() as usize)
                };
                if events.iter().any(smc::epoll::is_odd) {
                    correct($epoll, events);
                }
            }
            count
        }
    };
}

#[cold]
fn correct(epoll: c_int, events: &mut [epoll_event]) {
    caught(|| smc::epoll::correct(epoll, events));
}

waits! {
    unsafe fn epoll_wait(
        epoll: c_int, events: *mut epoll_event, most: c_int, milliseconds: c_int
    )
}

waits! {
    unsafe fn epoll_pwait(
        epoll: c_int, events: *mut epoll_event, most: c_int, milliseconds: c_int,
        signals: *const sigset_t
    )
}

waits! {
    unsafe fn epoll_pwait2(
        epoll: c_int, events: *mut epoll_event, most: c_int, limit: *const timespec,
        signals: *const sigset_t
    )
}
