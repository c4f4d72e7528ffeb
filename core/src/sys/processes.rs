// SPDX-License-Identifier: MIT OR Apache-2.0
//! Process ids and memory.

use super::{call, close, file_size, number, Errno, Word};
use std::ffi::{c_int, CStr};

/// The parent's process id.
pub fn parent_id() -> c_int {
    kernel!(libc::SYS_getppid, 0).map_or(0, number)
}

/// Fresh zero pages.
pub fn map(length: usize) -> Option<*mut u8> {
    let access = libc::PROT_READ | libc::PROT_WRITE;
    map_pages(length, access, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS, -1)
}

/// The file at `path`, mapped to be shared with other processes, if it has this length; it
/// is not kept open.
pub fn map_shared(path: &CStr, length: usize) -> Option<*mut u8> {
    let flags = libc::O_RDWR | libc::O_CLOEXEC | libc::O_NOCTTY | libc::O_NOFOLLOW;
    let opened = kernel!(libc::SYS_openat, libc::AT_FDCWD, path.as_ptr(), flags, 0);
    let fd = opened.map(number).ok()?;
    // A file that is shorter would be a bus error later.
    let is_whole = file_size(fd) == i64::try_from(length).ok();
    let access = libc::PROT_READ | libc::PROT_WRITE;
    let pages = is_whole.then(|| map_pages(length, access, libc::MAP_SHARED, fd));
    close(fd);
    pages.flatten()
}

fn map_pages(length: usize, access: c_int, kind: c_int, fd: c_int) -> Option<*mut u8> {
    let nowhere = std::ptr::null_mut();
    // By way of the C library: s390x has a convention of its own.
    let before = Errno::current();
    // SAFETY: asks for fresh pages anywhere.
    let pages = unsafe { libc::mmap(nowhere, length, access, kind, fd, 0) };
    before.set();
    (pages != libc::MAP_FAILED).then_some(pages.cast())
}

/// Children of a fork do not get these pages (madvise(2)).
pub fn keep_from_children(pages: *mut u8, length: usize) {
    let _ = kernel!(libc::SYS_madvise, pages, length, libc::MADV_DONTFORK);
}

/// Gives pages back.
pub fn unmap(pages: *mut u8, length: usize) {
    let _ = kernel!(libc::SYS_munmap, pages, length);
}

/// The process id, asked anew: a child after fork has its own.
pub fn process_id() -> c_int {
    kernel!(libc::SYS_getpid, 0).map_or(0, number)
}
