// SPDX-License-Identifier: MIT OR Apache-2.0
//! The function behind a hook: the C library's, or that of another library that interposes
//! it too.
//!
//! Found when it is first called. Not with redhook's `real!` alone, which lets one thread
//! search and the others wait: a signal handler that interrupts the search and calls the same
//! function would wait for itself, and so would the child of a fork. Here whoever comes
//! searches, and all find the same.

use std::ffi::{c_void, CStr};
use std::sync::atomic::{AtomicPtr, Ordering::Relaxed};

/// The function of this name behind this library, remembered in `found` (null: not searched
/// yet). What no library has fails with ENOSYS.
pub fn find(found: &AtomicPtr<c_void>, name: &CStr) -> *mut c_void {
    let address = found.load(Relaxed);
    if address.is_null() {
        search(found, name)
    } else {
        address
    }
}

/// As [`find`], without a look at what is remembered.
#[cold]
pub fn search(found: &AtomicPtr<c_void>, name: &CStr) -> *mut c_void {
    // SAFETY: a string of C.
    let mut address = unsafe { libc::dlsym(libc::RTLD_NEXT, name.as_ptr()) };
    if address.is_null() {
        address = no_such_call as *mut c_void;
    }
    found.store(address, Relaxed);
    address
}

/// Stands in for a call that the C library is too old to have, and that a program may find
/// here (`epoll_pwait2`, glibc 2.35): the kernel may be too old for it, too.
extern "C" fn no_such_call() -> isize {
    smc_core::sys::Errno(libc::ENOSYS).set();
    -1
}

/// Whether `function` stands in for a call that no library has.
pub fn is_missing(function: *const c_void) -> bool {
    function == no_such_call as *const c_void
}

/// `address` as a function of type `F`.
///
/// # Safety
/// It must be one.
#[inline]
pub unsafe fn of_type<F>(address: *mut c_void) -> F {
    const { assert!(size_of::<F>() == size_of::<*mut c_void>()) };
    // SAFETY: of the same size, and as the caller promises.
    unsafe { std::mem::transmute_copy(&address) }
}

/// A name as a string of C.
macro_rules! name {
    ($name:ident) => {
        const {
            match std::ffi::CStr::from_bytes_with_nul(concat!(stringify!($name), "\0").as_bytes()) {
                Ok(name) => name,
                Err(_) => c"",
            }
        }
    };
}
pub(super) use name;

/// The real function of a hook: `real!("C" fn close(fd: c_int) -> c_int)`. At first it is a
/// function that finds it.
macro_rules! real {
    ($abi:literal fn $name:ident($($argument:ident: $of:ty),* $(,)?) $(-> $answer:ty)?) => {{
        type Real = unsafe extern $abi fn($($of),*) $(-> $answer)?;
        static REAL: std::sync::atomic::AtomicPtr<std::ffi::c_void> =
            std::sync::atomic::AtomicPtr::new(first as *mut std::ffi::c_void);
        #[cold]
        unsafe extern $abi fn first($($argument: $of),*) $(-> $answer)? {
            let real = $crate::hooks::real::search(&REAL, $crate::hooks::real::name!($name));
            // SAFETY: what has this name in C libraries is a function of this type; its
            // arguments are the caller's.
            unsafe { $crate::hooks::real::of_type::<Real>(real)($($argument),*) }
        }
        // SAFETY: this is `first` or what it has found.
        unsafe {
            $crate::hooks::real::of_type::<Real>(REAL.load(std::sync::atomic::Ordering::Relaxed))
        }
    }};
}
pub(super) use real;
