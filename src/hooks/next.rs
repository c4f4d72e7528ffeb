// SPDX-License-Identifier: MIT OR Apache-2.0
//! The function behind a hook: the C library's, or that of another library
//! that interposes it too.
//!
//! Found when it is first called, so that programs without sockets need not
//! pay for it. Not with redhook's `real!` alone, which lets one thread search
//! and the others wait: a signal handler that interrupts the search and calls
//! the same function would wait for itself, and so would the child of a fork.
//! Here whoever comes searches, and all find the same.

use std::ffi::c_void;
use std::sync::atomic::{AtomicPtr, Ordering::Relaxed};

/// The function of this name behind this library, as `found` remembers it.
/// `name` ends with a NUL.
#[inline]
pub fn find(found: &AtomicPtr<c_void>, name: &'static str) -> *mut c_void {
    let address = found.load(Relaxed);
    if address.is_null() {
        search(found, name)
    } else {
        address
    }
}

#[cold]
fn search(found: &AtomicPtr<c_void>, name: &'static str) -> *mut c_void {
    debug_assert!(name.ends_with('\0'));
    // SAFETY: `name` ends with a NUL.
    let address = unsafe { libc::dlsym(libc::RTLD_NEXT, name.as_ptr().cast()) };
    found.store(address, Relaxed);
    address
}

/// The real function of a hook, of the type that `real!` knows it has.
macro_rules! next {
    ($name:ident) => {{
        static FOUND: std::sync::atomic::AtomicPtr<std::ffi::c_void> =
            std::sync::atomic::AtomicPtr::new(std::ptr::null_mut());
        let address = $crate::hooks::next::find(&FOUND, concat!(stringify!($name), "\0"));
        if address.is_null() {
            // No C library is without it; redhook knows what to say.
            redhook::real!($name)
        } else {
            #[allow(
                clippy::missing_transmute_annotations,
                reason = "the hook says the type"
            )]
            // SAFETY: what has this name is a function of this type.
            unsafe {
                std::mem::transmute::<*mut std::ffi::c_void, _>(address)
            }
        }
    }};
}
pub(super) use next;
