// SPDX-License-Identifier: MIT OR Apache-2.0
//! Epoll registrations of a socket that another one replaces under its number.
//!
//! They belong to the open file and would go with it, and whoever waits in
//! `epoll_wait` would wait for ever. The kernel lists them, with all that is needed
//! to register the new file in the same way (proc(5), `/proc/pid/fdinfo`).

use super::os;
use std::ffi::{c_int, CStr};

/// So many registrations of one socket are looked after.
const MOST: usize = 32;

/// One of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Watch {
    epoll: c_int,
    events: u32,
    data: u64,
}

/// Registrations that were ended and are to be made again.
pub struct Watches([Option<Watch>; MOST]);

/// Ends the registrations of `fd`, before another file takes its number.
#[must_use]
pub fn take(fd: c_int) -> Watches {
    let mut watches = Watches([None; MOST]);
    let Some((_, inode)) = os::file_identity(fd) else {
        return watches;
    };
    let mut free = watches.0.iter_mut();
    each_epoll_entry(|epoll, line| {
        if let Some(watch) = parse(epoll, line, fd, inode) {
            if let Some(place) = free.next() {
                if os::epoll_control(epoll, libc::EPOLL_CTL_DEL, fd, 0, 0).is_ok() {
                    *place = Some(watch);
                }
            }
        }
    });
    watches
}

impl Watches {
    /// Makes them again for the file that is `fd` now.
    pub fn give(self, fd: c_int) {
        for Watch {
            epoll,
            events,
            data,
        } in self.0.into_iter().flatten()
        {
            let _ = os::epoll_control(epoll, libc::EPOLL_CTL_ADD, fd, events, data);
        }
    }
}

/// A line of an epoll descriptor's information:
/// `tfd: FD events: HEX data: HEX pos:… ino:HEX sdev:HEX` (`fs/eventpoll.c`).
fn parse(epoll: c_int, line: &[u8], fd: c_int, inode: u64) -> Option<Watch> {
    let mut words = std::str::from_utf8(line).ok()?.split_ascii_whitespace();
    let mut after = |name| (words.next() == Some(name)).then(|| words.next()).flatten();
    let number: c_int = after("tfd:")?.parse().ok()?;
    let events = u32::from_str_radix(after("events:")?, 16).ok()?;
    let data = u64::from_str_radix(after("data:")?, 16).ok()?;
    let of = words.find_map(|word| word.strip_prefix("ino:"))?;
    let is_it = number == fd && u64::from_str_radix(of, 16).ok()? == inode;
    is_it.then_some(Watch {
        epoll,
        events,
        data,
    })
}

/// Calls with each line of each epoll descriptor's information.
fn each_epoll_entry(mut line: impl FnMut(c_int, &[u8])) {
    let Ok(folder) = os::open_to_read(libc::AT_FDCWD, c"/proc/thread-self/fdinfo") else {
        return;
    };
    let mut entries = [0; 2048];
    while let Ok(length @ 1..) = os::directory_entries(folder, &mut entries) {
        let mut rest = entries.get(..length).unwrap_or_default();
        while let Some((name, next)) = next_entry(rest) {
            rest = next;
            let number = name.to_str().ok().and_then(|name| name.parse().ok());
            if let (Some(number), Ok(file)) = (number, os::open_to_read(folder, name)) {
                each_line(file, |text| {
                    if text.starts_with(b"tfd:") {
                        line(number, text);
                    }
                });
                os::close(file);
            }
        }
    }
    os::close(folder);
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

/// Calls with each line of a file, cut to the length that those of epoll have.
fn each_line(file: c_int, mut line: impl FnMut(&[u8])) {
    let mut text = [0; 160];
    let mut length = 0;
    let mut piece = [0; 1024];
    while let Ok(read @ 1..) = os::read(file, &mut piece) {
        for &byte in piece.iter().take(read) {
            if byte == b'\n' {
                line(text.get(..length).unwrap_or_default());
                length = 0;
            } else if let Some(place) = text.get_mut(length) {
                *place = byte;
                length += 1;
            }
        }
    }
}
