// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the program was started with.

use super::{number, raw, Errno, Word};
use std::ffi::{c_char, c_int, OsStr};
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
    // SAFETY: the kernel put a NUL-terminated string there, for as long as the
    // process lives.
    Path::new(OsStr::from_bytes(unsafe { bytes_of(path) }))
}

/// The bytes of a string of C. Counted here: these strings are short and few,
/// and strlen(3) would have to be looked up for them at each program start.
///
/// # Safety
/// `string` must end with a NUL and stay as it is.
unsafe fn bytes_of(string: *const c_char) -> &'static [u8] {
    let mut length = 0;
    // SAFETY: not behind the NUL, which stops this walk.
    while unsafe { string.add(length).read_volatile() } != 0 {
        length += 1;
    }
    // SAFETY: so many bytes are there, and they stay.
    unsafe { std::slice::from_raw_parts(string.cast(), length) }
}

/// The environment: an array of pointers to `NAME=value`, ended by a NULL.
#[derive(Clone, Copy)]
pub struct Environment {
    entries: *const *const c_char,
    /// It is where the kernel put it, so the auxiliary vector is behind it.
    is_original: bool,
}

impl Environment {
    /// What the loader has said it is, together with the arguments.
    ///
    /// # Safety
    /// The arguments of `main`.
    pub unsafe fn new(
        count: c_int,
        arguments: *const *const c_char,
        entries: *const *const c_char,
    ) -> Self {
        // The kernel puts the arguments and a NULL in front of it.
        let behind = usize::try_from(count).map(|count| arguments.wrapping_add(count + 1));
        Self {
            entries,
            is_original: behind == Ok(entries),
        }
    }

    /// As the C library knows it.
    pub fn current() -> Self {
        // SAFETY: the name is a string of C.
        let environ = unsafe { libc::dlsym(libc::RTLD_DEFAULT, c"environ".as_ptr()) };
        if environ.is_null() {
            return Self {
                entries: std::ptr::null(),
                is_original: false,
            };
        }
        Self {
            // SAFETY: this is what the C library's variable of that name holds.
            entries: unsafe { *environ.cast() },
            is_original: false,
        }
    }

    /// [`invoked_as`], read from where getauxval(3) has it from, without having
    /// to look that up.
    pub fn invoked_as(self) -> Option<&'static Path> {
        if !self.is_original {
            return None;
        }
        let mut next = self.entries;
        // SAFETY: up to the NULL that ends it.
        while unsafe { !(*next).is_null() } {
            // SAFETY: the entry was not the last.
            next = unsafe { next.add(1) };
        }
        // SAFETY: the kernel puts the auxiliary vector there, pairs of numbers
        // ended by a pair with AT_NULL (0). Had unsetenv(3) moved entries up,
        // NULLs would be there, which end it too.
        let mut entry = unsafe { next.add(1).cast::<[libc::c_ulong; 2]>() };
        loop {
            // SAFETY: not behind the end.
            match unsafe { *entry } {
                [libc::AT_NULL, _] => return None,
                [libc::AT_EXECFN, path] => {
                    let path = std::ptr::with_exposed_provenance(usize::try_from(path).ok()?);
                    // SAFETY: a string of C, as long as the process lives.
                    return Some(Path::new(OsStr::from_bytes(unsafe { bytes_of(path) })));
                }
                // SAFETY: this was not the end.
                _ => entry = unsafe { entry.add(1) },
            }
        }
    }

    /// The entries that begin with `SMC_`, without that beginning:
    /// `PORTS=6379`. To be used while the library is being loaded: later the
    /// program may change its environment in another thread.
    pub fn smc_variables(self) -> impl Iterator<Item = &'static [u8]> {
        let mut next = self.entries;
        std::iter::from_fn(move || loop {
            if next.is_null() {
                return None;
            }
            // SAFETY: not behind the NULL, which stops this walk.
            let mut entry = unsafe { *next };
            if entry.is_null() {
                return None;
            }
            // SAFETY: the entry was not the last.
            next = unsafe { next.add(1) };
            let is_ours = b"SMC_".iter().all(|&wanted| {
                // SAFETY: entries are NUL-terminated strings, and this stops at
                // the first difference, so not behind the NUL.
                let same = unsafe { entry.cast::<u8>().read() } == wanted;
                // SAFETY: one behind a byte that was not the NUL.
                entry = if same { unsafe { entry.add(1) } } else { entry };
                same
            });
            if is_ours {
                // SAFETY: the rest of the entry, which outlives the load.
                return Some(unsafe { bytes_of(entry) });
            }
        })
    }
}
