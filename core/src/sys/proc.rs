// SPDX-License-Identifier: MIT OR Apache-2.0
//! Folders and small files of `/proc` (proc(5)), open for as long as a call takes.

use super::{call, close, number, open_to_read, read, Errno, Word};
use std::ffi::{c_int, CStr};
use std::io::Write;

/// Calls with the descriptor of folder `path` and the name of each of its entries, until
/// `act` returns false.
///
/// # Errors
/// Those of opening the folder.
pub fn each_entry(path: &CStr, mut act: impl FnMut(c_int, &CStr) -> bool) -> Result<(), Errno> {
    let folder = open_to_read(libc::AT_FDCWD, path)?;
    let mut entries = [0; 2048];
    'all: while let Ok(length @ 1..) = directory_entries(folder, &mut entries) {
        let mut rest = entries.get(..length).unwrap_or_default();
        while let Some((name, next)) = next_entry(rest) {
            rest = next;
            if !act(folder, name) {
                break 'all;
            }
        }
    }
    close(folder);
    Ok(())
}

/// getdents64(2): how many bytes of entries there were.
fn directory_entries(folder: c_int, buffer: &mut [u8]) -> Result<usize, Errno> {
    let (start, length) = (buffer.as_mut_ptr(), buffer.len());
    let read = kernel!(libc::SYS_getdents64, folder, start, length)?;
    Ok(usize::try_from(number(read)).unwrap_or(0))
}

/// The name in the first `struct linux_dirent64` (getdents(2)), and what follows.
fn next_entry(entries: &[u8]) -> Option<(&CStr, &[u8])> {
    const LENGTH: usize = 16;
    const NAME: usize = 19;
    let length = entries.get(LENGTH..LENGTH + 2)?.try_into().ok()?;
    let (entry, rest) = entries.split_at_checked(u16::from_ne_bytes(length).into())?;
    let name = CStr::from_bytes_until_nul(entry.get(NAME..)?).ok()?;
    Some((name, rest))
}

/// The number that an entry is named by.
pub fn entry_number(name: &CStr) -> Option<c_int> {
    name.to_str().ok()?.parse().ok()
}

/// The first bytes of file `name` of folder `entry` in `folder`, as far as `buffer` has
/// room.
fn read_in<'a>(folder: c_int, entry: &CStr, name: &str, buffer: &'a mut [u8]) -> Option<&'a [u8]> {
    let mut path = [0; 48];
    let mut rest = path.as_mut_slice();
    write!(rest, "{}/{name}\0", entry.to_str().ok()?).ok()?;
    let file = open_to_read(folder, CStr::from_bytes_until_nul(&path).ok()?).ok()?;
    let length = read(file, buffer);
    close(file);
    buffer.get(..length.ok()?)
}

const TASKS: &CStr = c"/proc/self/task";

/// Whether this process has any child (waitid(2)).
pub fn has_children() -> bool {
    const P_ALL: c_int = 0;
    let options = libc::WEXITED | libc::WNOHANG | libc::WNOWAIT | libc::__WALL;
    let nowhere = std::ptr::null_mut::<u8>();
    kernel!(libc::SYS_waitid, P_ALL, 0, nowhere, options, nowhere) != Err(Errno(libc::ECHILD))
}

/// Whether `is_it` is true of any child of this process, as far as the kernel lists them
/// (`/proc/pid/task/tid/children`).
pub fn any_child(mut is_it: impl FnMut(c_int) -> bool) -> bool {
    let mut any = false;
    let _ = each_entry(TASKS, |folder, thread| {
        let mut text = [0; 4096];
        let children = read_in(folder, thread, "children", &mut text).unwrap_or_default();
        any = children
            .split(u8::is_ascii_whitespace)
            .filter_map(|word| std::str::from_utf8(word).ok()?.parse().ok())
            .any(&mut is_it);
        !any
    });
    any
}

/// How many threads of this process wait in accept(2) of `listener`
/// (`/proc/pid/task/tid/syscall`); `None` when `/proc` does not tell.
pub fn threads_in_accept(listener: c_int) -> Option<usize> {
    let mut count = 0;
    let listed = each_entry(TASKS, |folder, thread| {
        let mut text = [0; 64];
        let line = read_in(folder, thread, "syscall", &mut text).unwrap_or_default();
        if is_accept(line, listener) {
            count += 1;
        }
        true
    });
    listed.is_ok().then_some(count)
}

/// `NUMBER ARGUMENT…`, arguments in hexadecimal; `running` of a thread that does not wait.
fn is_accept(line: &[u8], listener: c_int) -> bool {
    let mut words = line.split(|byte| *byte == b' ');
    let mut word = || std::str::from_utf8(words.next()?).ok();
    let number = word().and_then(|word| word.parse().ok());
    if !matches!(number, Some(libc::SYS_accept | libc::SYS_accept4)) {
        return false;
    }
    let first = word().and_then(|word| word.strip_prefix("0x"));
    let first = first.and_then(|word| u64::from_str_radix(word, 16).ok());
    // The upper half of the register is not part of an int.
    first.is_some_and(|first| first & 0xffff_ffff == u64::from(listener.unsigned_abs()))
}

/// Closes all descriptors from `first` on, where the kernel has no close_range(2).
pub fn close_each_from(first: c_int) {
    let _ = each_entry(c"/proc/thread-self/fd", |folder, name| {
        if let Some(fd) = entry_number(name).filter(|&fd| fd >= first && fd != folder) {
            close(fd);
        }
        true
    });
}

/// How many threads this process has; `None` when `/proc` does not tell.
pub fn thread_count() -> Option<u64> {
    let mut status = std::mem::MaybeUninit::<libc::stat>::zeroed();
    let path = TASKS.as_ptr();
    kernel!(
        libc::SYS_newfstatat,
        libc::AT_FDCWD,
        path,
        status.as_mut_ptr(),
        0
    )
    .ok()?;
    // SAFETY: zeroed bytes are a valid struct stat.
    let links = unsafe { status.assume_init() }.st_nlink;
    // The folder itself and its parent.
    links.checked_sub(2)
}
