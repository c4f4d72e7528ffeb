// SPDX-License-Identifier: MIT OR Apache-2.0
//! The interposed calls: C arguments in, the real function (the shim's), and what
//! came of it to [`crate::notes`]. The list of hooks is the list of exported
//! symbols.

mod closing;
mod ending;
#[path = "../../src/hooks/next.rs"]
#[allow(
    unused_macros,
    unused_imports,
    reason = "the shim's; not all of it is needed here"
)]
mod next;

use crate::{kernel, notes, numbers};
use libc::{c_int, c_void, sockaddr, socklen_t, AF_INET, AF_INET6, SOL_SOCKET, SO_ERROR};
use next::next;
use redhook::hook;

/// What `body` says; `None` if it panics, which must not reach C: whatever was to be
/// written down then is not.
fn caught<T>(body: impl FnOnce() -> T) -> Option<T> {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(body)).ok()
}

fn quietly(body: impl FnOnce()) {
    caught(body);
}

fn errno() -> c_int {
    // SAFETY: the thread's own errno.
    unsafe { *libc::__errno_location() }
}

hook! {
    unsafe fn socket(domain: c_int, kind: c_int, protocol: c_int) -> c_int => report_socket {
        let real = next!(socket);
        // SAFETY: the program's own arguments.
        let answer = unsafe { real(domain, kind, protocol) };
        if answer >= 0 && (domain == AF_INET || domain == AF_INET6) {
            quietly(|| notes::created(answer));
        }
        answer
    }
}

// Not redhook's, which catches what a cancelled thread is unwound by.
#[no_mangle]
unsafe extern "C-unwind" fn connect(
    fd: c_int,
    address: *const sockaddr,
    length: socklen_t,
) -> c_int {
    let real =
        next!(connect: unsafe extern "C-unwind" fn(c_int, *const sockaddr, socklen_t) -> c_int);
    let before = caught(|| notes::before_connect(fd)).flatten();
    // SAFETY: the program's own arguments.
    let answer = unsafe { real(fd, address, length) };
    if let Some(before) = before {
        let error = if answer == 0 { 0 } else { errno() };
        quietly(|| {
            let is_read = matches!(error, 0 | libc::EINPROGRESS | libc::EINTR);
            // SAFETY: the kernel has just read it.
            let peer = is_read.then(|| unsafe { peer(address, length) }).flatten();
            notes::after_connect(fd, before, error, peer);
        });
    }
    answer
}

/// The address that the program has passed.
///
/// # Safety
/// It can be read.
unsafe fn peer(address: *const sockaddr, length: socklen_t) -> Option<kernel::Address> {
    let mut copy = [0; 28];
    let length = copy.len().min(length as usize);
    // SAFETY: as the caller promises; not longer than the copy.
    unsafe { std::ptr::copy_nonoverlapping(address.cast(), copy.as_mut_ptr(), length) };
    kernel::internet_address(copy.get(..length)?)
}

hook! {
    unsafe fn accept(fd: c_int, address: *mut sockaddr, length: *mut socklen_t) -> c_int => report_accept {
        let real = next!(accept);
        // SAFETY: the program's own arguments.
        let answer = unsafe { real(fd, address, length) };
        if answer >= 0 {
            quietly(|| notes::accepted(answer));
        }
        answer
    }
}

hook! {
    unsafe fn accept4(
        fd: c_int, address: *mut sockaddr, length: *mut socklen_t, flags: c_int
    ) -> c_int => report_accept4 {
        let real = next!(accept4);
        // SAFETY: the program's own arguments.
        let answer = unsafe { real(fd, address, length, flags) };
        if answer >= 0 {
            quietly(|| notes::accepted(answer));
        }
        answer
    }
}

hook! {
    unsafe fn getsockopt(
        fd: c_int, level: c_int, name: c_int, value: *mut c_void, length: *mut socklen_t
    ) -> c_int => report_getsockopt {
        let real = next!(getsockopt);
        // SAFETY: the program's own arguments.
        let answer = unsafe { real(fd, level, name, value, length) };
        if answer == 0 && level == SOL_SOCKET && name == SO_ERROR && numbers::of(fd).is_some() {
            // SAFETY: the kernel has just written it.
            let is_int = unsafe { *length } as usize == size_of::<c_int>();
            if is_int {
                // SAFETY: as above; it may be anywhere.
                let error = unsafe { value.cast::<c_int>().read_unaligned() };
                quietly(|| notes::told(fd, error));
            }
        }
        answer
    }
}
