// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the program was started with.

use super::{call, number, Errno, Word};
use std::ffi::{c_char, CStr, OsStr};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// Target of `/proc/self/exe`, written to `buffer`: the executable's real path.
pub fn executable(buffer: &mut [u8]) -> Option<&Path> {
    let link = c"/proc/self/exe";
    let length = kernel!(
        libc::SYS_readlinkat,
        libc::AT_FDCWD,
        link.as_ptr(),
        buffer.as_mut_ptr(),
        buffer.len()
    )
    .ok()?;
    let path = buffer.get(..usize::try_from(length).ok()?)?;
    Some(Path::new(OsStr::from_bytes(path)))
}

/// The path that this program was started by (`AT_EXECFN` of getauxval(3)): the
/// script's own for `#!` scripts, the link's for symbolic links.
pub fn invoked_as() -> &'static Path {
    // SAFETY: getauxval has no preconditions.
    let path = unsafe { libc::getauxval(libc::AT_EXECFN) } as *const c_char;
    if path.is_null() {
        return Path::new("");
    }
    // SAFETY: the kernel put a NUL-terminated string there, for as long as the process lives.
    Path::new(OsStr::from_bytes(
        unsafe { CStr::from_ptr(path) }.to_bytes(),
    ))
}

/// The environment: an array of pointers to `NAME=value`, ended by a NULL.
#[derive(Clone, Copy)]
pub struct Environment {
    entries: *const *const c_char,
}

impl Environment {
    /// What the loader passes to a constructor.
    ///
    /// # Safety
    /// `entries` must be the third argument of `main`.
    pub unsafe fn new(entries: *const *const c_char) -> Self {
        Self { entries }
    }

    /// As the C library knows it.
    pub fn current() -> Self {
        // SAFETY: the name is a string of C.
        let environ = unsafe { libc::dlsym(libc::RTLD_DEFAULT, c"environ".as_ptr()) };
        let entries = if environ.is_null() {
            std::ptr::null()
        } else {
            // SAFETY: this is what the C library's variable of that name holds.
            unsafe { *environ.cast() }
        };
        Self { entries }
    }

    /// The value of each variable that begins with `SMC_`, after that beginning:
    /// `PORTS=6379`. To be used while the library is being loaded: later the program may
    /// change its environment in another thread.
    pub fn smc_variables(self) -> impl Iterator<Item = &'static CStr> {
        let mut next = self.entries;
        std::iter::from_fn(move || loop {
            if next.is_null() {
                return None;
            }
            // SAFETY: not behind the NULL, which ends this walk.
            let entry = unsafe { *next };
            if entry.is_null() {
                return None;
            }
            // SAFETY: the entry was not the last.
            next = unsafe { next.add(1) };
            // SAFETY: entries are NUL-terminated strings, and stay.
            let entry = unsafe { CStr::from_ptr(entry) };
            let rest = entry.to_bytes_with_nul().strip_prefix(b"SMC_");
            if let Some(rest) = rest.and_then(|rest| CStr::from_bytes_with_nul(rest).ok()) {
                return Some(rest);
            }
        })
    }
}
