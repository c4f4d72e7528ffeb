// SPDX-License-Identifier: MIT OR Apache-2.0
//! The epoll registrations of this process, which the kernel lists (proc(5),
//! `/proc/pid/fdinfo`).
//!
//! They belong to an open file and end with it: when another file takes a socket's number,
//! a thread in `epoll_wait` would wait for ever, unless they are made again for that file.

use crate::{fd_table, sys};
use std::ffi::{c_int, CStr};
use std::io::Write;

/// The most registrations of one socket that are made again for another.
const MOST: usize = 32;

/// One of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Registration {
    /// The epoll descriptor.
    epoll: c_int,
    /// The number that was registered; another file may have it by now.
    pub fd: c_int,
    /// The events asked for; none after an event of `EPOLLONESHOT`.
    pub events: u32,
    /// What the program registered with it.
    pub data: u64,
    inode: u64,
}

impl Registration {
    /// Whether `fd` still is the file that was registered.
    pub fn is_current(&self) -> bool {
        sys::file_identity(self.fd).is_some_and(|(_, inode)| inode == self.inode)
    }

    fn control(&self, operation: c_int) -> bool {
        sys::epoll_control(self.epoll, operation, self.fd, self.events, self.data).is_ok()
    }
}

/// Registrations that were ended and are to be made again.
pub struct Taken([Option<Registration>; MOST]);

/// Ends the registrations of `fd`, before another file takes its number.
pub fn take(fd: c_int) -> Taken {
    let mut taken = Taken([None; MOST]);
    let mut free = taken.0.iter_mut();
    each_of(fd, |registration| {
        if let Some(place) = free.next() {
            if registration.control(libc::EPOLL_CTL_DEL) {
                *place = Some(registration);
            }
        }
    });
    taken
}

impl Taken {
    /// Makes them again for the file that has the number now.
    pub fn restore(self) {
        for registration in self.0.into_iter().flatten() {
            registration.control(libc::EPOLL_CTL_ADD);
        }
    }
}

/// Ends the registrations of `fd`, whose file goes on without it, with the epoll descriptors
/// that the program has made by the C library.
pub fn end(fd: c_int) {
    for epoll in fd_table::epoll_descriptors() {
        let _ = sys::epoll_control(epoll, libc::EPOLL_CTL_DEL, fd, 0, 0);
    }
}

/// Has the kernel look again whether there are events for `fd`, and wake those who wait
/// for them in `epoll_wait`.
pub fn notify_again(fd: c_int) {
    each_of(fd, |registration| {
        registration.control(libc::EPOLL_CTL_MOD);
    });
}

/// Calls with each registration of the file that is `fd`.
fn each_of(fd: c_int, mut act: impl FnMut(Registration)) {
    let Some((_, inode)) = sys::file_identity(fd) else {
        return;
    };
    let _ = sys::each_entry(FOLDER, |folder, name| {
        if let Some(epoll) = sys::entry_number(name) {
            each_in(folder, name, epoll, |registration| {
                if registration.fd == fd && registration.inode == inode {
                    act(registration);
                }
            });
        }
        true
    });
}

const FOLDER: &CStr = c"/proc/thread-self/fdinfo";

/// Calls with each registration in the epoll descriptor `epoll`.
pub fn each_with(epoll: c_int, act: impl FnMut(Registration)) {
    let mut path = [0; 48];
    let mut rest = path.as_mut_slice();
    // The last byte stays: the NUL.
    if write!(rest, "/proc/thread-self/fdinfo/{epoll}\0").is_ok() {
        if let Ok(path) = CStr::from_bytes_until_nul(&path) {
            each_in(libc::AT_FDCWD, path, epoll, act);
        }
    }
}

/// The same, given the file with the descriptor's information.
fn each_in(folder: c_int, path: &CStr, epoll: c_int, mut act: impl FnMut(Registration)) {
    let Ok(file) = sys::open_to_read(folder, path) else {
        return;
    };
    each_line(file, |line| {
        if let Some(registration) = parse(epoll, line) {
            act(registration);
        }
    });
    sys::close(file);
}

/// A line of an epoll descriptor's information:
/// `tfd: FD events: HEX data: HEX pos:… ino:HEX sdev:HEX` (`fs/eventpoll.c`).
fn parse(epoll: c_int, line: &[u8]) -> Option<Registration> {
    let line = line.starts_with(b"tfd:").then_some(line)?;
    let mut words = std::str::from_utf8(line).ok()?.split_ascii_whitespace();
    let mut after = |name| (words.next() == Some(name)).then(|| words.next()).flatten();
    let fd = after("tfd:")?.parse().ok()?;
    let events = u32::from_str_radix(after("events:")?, 16).ok()?;
    let data = u64::from_str_radix(after("data:")?, 16).ok()?;
    let inode = words.find_map(|word| word.strip_prefix("ino:"))?;
    Some(Registration {
        epoll,
        fd,
        events,
        data,
        inode: u64::from_str_radix(inode, 16).ok()?,
    })
}

/// Calls with each line of a file, cut to the length that those of epoll have.
fn each_line(file: c_int, mut line: impl FnMut(&[u8])) {
    let mut text = [0; 160];
    let mut length = 0;
    let mut piece = [0; 1024];
    while let Ok(read @ 1..) = sys::read(file, &mut piece) {
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
