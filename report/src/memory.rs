// SPDX-License-Identifier: MIT OR Apache-2.0
//! The shared memory: mapped once when the library is loaded, again after exec,
//! and inherited by children. The file is not kept open.

use crate::kernel;
use std::ffi::{c_char, CStr};
use std::mem::size_of;
use std::sync::atomic::{
    AtomicPtr, AtomicU8,
    Ordering::{Acquire, Relaxed, Release},
};
use table::Table;

static TABLE: AtomicPtr<Table> = AtomicPtr::new(std::ptr::null_mut());

const UNTRIED: u8 = 0;
const TRIED: u8 = 1;
static STATE: AtomicU8 = AtomicU8::new(UNTRIED);

extern "C" {
    static environ: *const *const c_char;
}

/// The table, as long as somebody reads it.
#[inline]
pub fn table() -> Option<&'static Table> {
    // SAFETY: null or a mapping that is never undone.
    let mapped = unsafe { TABLE.load(Acquire).as_ref() };
    match mapped {
        None if STATE.load(Relaxed) == UNTRIED => open(),
        mapped => mapped,
    }
    .filter(|table| table.is_read())
}

/// Maps the file that the environment names.
#[cold]
fn open() -> Option<&'static Table> {
    if STATE.swap(TRIED, Relaxed) != UNTRIED {
        return None;
    }
    let pages = kernel::map_shared(path()?, size_of::<Table>())?;
    #[allow(clippy::cast_ptr_alignment, reason = "pages are aligned for anything")]
    let table = pages.cast::<Table>();
    // SAFETY: so many bytes are mapped, pages are aligned, and a table is made of
    // atomic numbers only.
    let shared = unsafe { &*table };
    if !shared.is_valid() || !shared.is_read() {
        return None;
    }
    TABLE.store(table, Release);
    shared.program_started();
    shared.has_library(kernel::process_id());
    Some(shared)
}

/// The value of the variable. To be asked for while the program is being loaded, or
/// in its first hooked call if another library's constructor makes one.
fn path() -> Option<&'static CStr> {
    // SAFETY: the C library's variable.
    let mut next = unsafe { environ };
    if next.is_null() {
        return None;
    }
    loop {
        // SAFETY: not behind the NULL that ends it.
        let entry = unsafe { *next };
        if entry.is_null() {
            return None;
        }
        // SAFETY: entries are strings of C, and stay.
        let entry = unsafe { CStr::from_ptr(entry) };
        let value = entry
            .to_bytes_with_nul()
            .strip_prefix(table::VARIABLE.as_bytes())
            .and_then(|rest| rest.strip_prefix(b"="));
        if let Some(value) = value {
            return CStr::from_bytes_with_nul(value).ok();
        }
        // SAFETY: the entry was not the last.
        next = unsafe { next.add(1) };
    }
}

/// The loader calls this before `main`.
#[used]
#[link_section = ".init_array"]
static AT_LOAD: extern "C" fn() = {
    extern "C" fn at_load() {
        // Nothing is known to panic; should it, nobody writes over the program's
        // descriptors.
        std::panic::set_hook(Box::new(|_| ()));
        let is_read = std::panic::catch_unwind(|| table().map(crate::notes::after_exec).is_some());
        if is_read.is_ok_and(|is| is) {
            // SAFETY: a function that is there as long as the library.
            unsafe { libc::pthread_atfork(Some(before_fork), None, None) };
        }
    }
    at_load
};

unsafe extern "C" fn before_fork() {
    let _ = std::panic::catch_unwind(crate::notes::before_fork);
}

/// The loader calls this at exit.
#[used]
#[link_section = ".fini_array"]
static AT_END: extern "C" fn() = {
    extern "C" fn at_end() {
        let _ = std::panic::catch_unwind(crate::leaving::before_end);
    }
    at_end
};
