// SPDX-License-Identifier: MIT OR Apache-2.0
//! The shared memory: mapped once when the library is loaded, again after exec, and
//! inherited by children. The file is not kept open.

use super::table::Table;
use crate::sys;
use once_cell::race::OnceRef;
use std::ffi::CStr;
use std::mem::size_of;

static TABLE: OnceRef<Table> = OnceRef::new();

/// Whether there is any; somebody may have read it.
#[inline]
pub fn is_mapped() -> bool {
    TABLE.get().is_some()
}

/// The table, as long as somebody reads it.
#[inline]
pub fn table() -> Option<&'static Table> {
    TABLE.get().filter(|table| table.is_read())
}

/// Maps the file at `path`.
#[cold]
pub fn map(path: &CStr) -> Option<&'static Table> {
    let pages = sys::map_shared(path, size_of::<Table>())?;
    #[allow(clippy::cast_ptr_alignment, reason = "pages are aligned for anything")]
    let table = pages.cast::<Table>();
    // SAFETY: so many bytes are mapped and never unmapped, pages are aligned, and a table is
    // made of atomic numbers only.
    let shared = unsafe { &*table };
    if !shared.is_valid() || !shared.is_read() {
        return None;
    }
    Some(TABLE.get_or_init(|| shared))
}
