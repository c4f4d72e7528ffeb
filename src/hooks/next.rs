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

/// Looks for the function of this name behind this library, and remembers it in
/// `found`. Null: there is none. `name` ends with a NUL.
#[cold]
pub fn search(found: &AtomicPtr<c_void>, name: &'static str) -> *mut c_void {
    debug_assert!(name.ends_with('\0'));
    // SAFETY: `name` ends with a NUL.
    let address = unsafe { libc::dlsym(libc::RTLD_NEXT, name.as_ptr().cast()) };
    found.store(address, Relaxed);
    address
}

/// `address` as a function of the type that `typed` would answer.
///
/// # Safety
/// It must be one.
#[inline]
pub unsafe fn of_type<F>(address: *mut c_void, _typed: impl FnOnce() -> F) -> F {
    const { assert!(size_of::<F>() == size_of::<*mut c_void>()) };
    // SAFETY: as the caller promises.
    unsafe { std::mem::transmute_copy(&address) }
}

/// Stands in for a call that the C library is too old to have, and that a program may
/// find here (`epoll_pwait2`, glibc 2.35): the kernel may be too old for it, too.
pub extern "C" fn no_such_call() -> isize {
    // SAFETY: the thread's own errno.
    unsafe { *libc::__errno_location() = libc::ENOSYS };
    -1
}

/// The real function of a hook, of the type that `real!` knows it has, or, for what is
/// no hook of redhook's, of the type that is said; then it may be missing. What is seldom done is a function
/// of its own, so that a hook needs no stack for it.
macro_rules! next {
    // No C library is without it; redhook knows what to say.
    ($name:ident) => {
        next!(@find $name, || redhook::real!($name), redhook::real!($name) as *mut std::ffi::c_void)
    };
    ($name:ident: $of:ty) => {
        next!(@find $name, || -> $of { std::process::abort() }, $crate::hooks::next::no_such_call as *mut std::ffi::c_void)
    };
    (@find $name:ident, $typed:expr, $missing:expr) => {{
        static FOUND: std::sync::atomic::AtomicPtr<std::ffi::c_void> =
            std::sync::atomic::AtomicPtr::new(std::ptr::null_mut());
        #[cold]
        #[inline(never)]
        extern "C" fn search() -> *mut std::ffi::c_void {
            let address = $crate::hooks::next::search(&FOUND, concat!(stringify!($name), "\0"));
            if address.is_null() {
                $missing
            } else {
                address
            }
        }
        let mut address = FOUND.load(std::sync::atomic::Ordering::Relaxed);
        if address.is_null() {
            address = search();
        }
        // SAFETY: what has this name is a function of this type.
        unsafe { $crate::hooks::next::of_type(address, $typed) }
    }};
}
pub(super) use next;

/// A word `NEXT` of memory to jump through: at first to a function that finds the
/// real one and puts it there, so that there is nothing to test.
macro_rules! next_in_memory {
    ($name:ident($($argument:ident: $of:ty),*) -> $answer:ty) => {
        $crate::hooks::next::next_in_memory!("C" $name($($argument: $of),*) -> $answer);
    };
    ($abi:literal $name:ident($($argument:ident: $of:ty),*) -> $answer:ty) => {
        type Real = unsafe extern $abi fn($($of),*) -> $answer;
        static NEXT: std::sync::atomic::AtomicPtr<()> =
            std::sync::atomic::AtomicPtr::new(first as *mut ());
        #[cold]
        unsafe extern $abi fn first($($argument: $of),*) -> $answer {
            let real = $crate::hooks::next::next!($name: Real);
            NEXT.store(real as *mut (), std::sync::atomic::Ordering::Relaxed);
            // SAFETY: as the hook's caller promises.
            unsafe { real($($argument),*) }
        }
    };
}
pub(super) use next_in_memory;

/// The call that a hook is about, as its last step. One instruction where there is
/// one argument (the compiler loads first where there are more, see `straight`), and
/// two if the load were atomic.
macro_rules! jump {
    ($name:ident($($argument:ident: $of:ty),*) -> $answer:ty) => {
        $crate::hooks::next::jump!("C" $name($($argument: $of),*) -> $answer)
    };
    // "C-unwind": a thread that waits in the call can be cancelled (pthread_cancel(3)).
    ($abi:literal $name:ident($($argument:ident: $of:ty),*) -> $answer:ty) => {{
        $crate::hooks::next::next_in_memory!($abi $name($($argument: $of),*) -> $answer);
        // SAFETY: an aligned word, which is `first` or what that has found. The language
        // calls this a race with the store above; used once it is loaded once, and
        // processors load such a word whole: either function will do.
        let next = unsafe { *NEXT.as_ptr() };
        // SAFETY: only such functions are put there.
        let next = unsafe { std::mem::transmute::<*mut (), Real>(next) };
        // SAFETY: as the hook's caller promises.
        unsafe { next($($argument),*) }
    }};
}
pub(super) use jump;
