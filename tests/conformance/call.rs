// SPDX-License-Identifier: MIT OR Apache-2.0
//! Socket calls as a C program makes them, and their answers as short text.
//!
//! All calls but those named `raw_…` go through the C library, so that a
//! preloaded library sees them.

use std::ffi::{c_int, c_long, c_void, CStr};
use std::net::SocketAddr;

pub use crate::address::{length_of, Address};

/// A descriptor. Closed by hand or by the end of the case's process, because
/// when that happens is what many cases are about.
pub type Fd = c_int;

extern "C" {
    fn strerrorname_np(number: c_int) -> *const std::ffi::c_char;
}

pub fn errno() -> c_int {
    // SAFETY: errno's address is always valid in its thread.
    unsafe { *libc::__errno_location() }
}

pub fn error_name(number: c_int) -> String {
    if number == 0 {
        return "0".to_owned();
    }
    // SAFETY: takes any number.
    let name = unsafe { strerrorname_np(number) };
    if name.is_null() {
        return format!("errno {number}");
    }
    // SAFETY: a constant string of the C library.
    unsafe { CStr::from_ptr(name) }
        .to_string_lossy()
        .into_owned()
}

/// The number that a call answered, or the name of its error.
pub fn say(answer: impl Into<i64>) -> String {
    match answer.into() {
        -1 => error_name(errno()),
        answer => answer.to_string(),
    }
}

/// The descriptor that a call answered; ends the case when it failed.
#[track_caller]
pub fn must(answer: c_int) -> Fd {
    assert!(answer >= 0, "{}", error_name(errno()));
    answer
}

pub fn socket(domain: c_int, kind: c_int, protocol: c_int) -> c_int {
    // SAFETY: takes any numbers.
    unsafe { libc::socket(domain, kind, protocol) }
}

/// A system call past every preloaded library; the last three take no memory.
pub fn raw_socket(domain: c_int, kind: c_int, protocol: c_int) -> Fd {
    // SAFETY: takes any numbers.
    let fd = unsafe { libc::syscall(libc::SYS_socket, domain, kind, protocol) };
    must(c_int::try_from(fd).unwrap_or(-1))
}

pub fn raw_connect(fd: Fd, to: &Address) -> c_long {
    // SAFETY: the address is valid for its length.
    unsafe { libc::syscall(libc::SYS_connect, fd, to.pointer(), to.length) }
}

pub fn raw_listen(fd: Fd, backlog: c_int) -> c_long {
    // SAFETY: takes any numbers.
    unsafe { libc::syscall(libc::SYS_listen, fd, backlog) }
}

pub fn raw_accept(fd: Fd) -> Fd {
    let none = std::ptr::null_mut::<c_void>();
    // SAFETY: NULL is allowed for both.
    let accepted = unsafe { libc::syscall(libc::SYS_accept4, fd, none, none, 0) };
    must(c_int::try_from(accepted).unwrap_or(-1))
}

pub fn bind(fd: Fd, to: &Address) -> c_int {
    // SAFETY: the address is valid for its length.
    unsafe { libc::bind(fd, to.pointer(), to.length) }
}

pub fn listen(fd: Fd, backlog: c_int) -> c_int {
    // SAFETY: takes any numbers.
    unsafe { libc::listen(fd, backlog) }
}

pub fn connect(fd: Fd, to: &Address) -> c_int {
    // SAFETY: the address is valid for up to the size of a sockaddr_storage,
    // and the kernel refuses longer ones.
    unsafe { libc::connect(fd, to.pointer(), to.length) }
}

/// `connect` to the address NULL, of the given length.
pub fn connect_to_null(fd: Fd, length: u32) -> c_int {
    // SAFETY: the kernel checks the pointer.
    unsafe { libc::connect(fd, std::ptr::null(), length) }
}

pub fn accept(fd: Fd, flags: c_int) -> c_int {
    let (address, length) = (std::ptr::null_mut(), std::ptr::null_mut());
    // SAFETY: NULL is allowed for both.
    unsafe { libc::accept4(fd, address, length, flags) }
}

pub fn accept_with_address(fd: Fd) -> (c_int, Address) {
    let mut from = Address::empty();
    let pointer = from.room();
    // SAFETY: room for any address.
    let answer = unsafe { libc::accept(fd, pointer, &raw mut from.length) };
    (answer, from)
}

/// The local address.
pub fn name_of(fd: Fd) -> Option<SocketAddr> {
    let mut name = Address::empty();
    let pointer = name.room();
    // SAFETY: room for any address.
    let answer = unsafe { libc::getsockname(fd, pointer, &raw mut name.length) };
    name.ip_and_port().filter(|_| answer == 0)
}

/// The peer's address; its error as a number.
pub fn peer_of(fd: Fd) -> Result<Option<SocketAddr>, c_int> {
    let mut name = Address::empty();
    let pointer = name.room();
    // SAFETY: room for any address.
    if unsafe { libc::getpeername(fd, pointer, &raw mut name.length) } == -1 {
        return Err(errno());
    }
    Ok(name.ip_and_port())
}

pub fn set(fd: Fd, level: c_int, name: c_int, value: &[u8]) -> c_int {
    let length = libc::socklen_t::try_from(value.len()).unwrap_or(0);
    // SAFETY: the value is valid for its length.
    unsafe { libc::setsockopt(fd, level, name, value.as_ptr().cast(), length) }
}

pub fn set_int(fd: Fd, level: c_int, name: c_int, value: c_int) -> c_int {
    set(fd, level, name, &value.to_ne_bytes())
}

/// `setsockopt` with the value NULL, of the given length.
pub fn set_null(fd: Fd, level: c_int, name: c_int, length: u32) -> c_int {
    // SAFETY: the kernel checks the pointer.
    unsafe { libc::setsockopt(fd, level, name, std::ptr::null(), length) }
}

/// An option's value in a buffer of `room` bytes: a number if it has four
/// bytes, else hexadecimal.
pub fn get(fd: Fd, level: c_int, name: c_int, room: u32) -> String {
    let mut value = [0x55_u8; 512];
    let mut length = room.min(512);
    let pointer = value.as_mut_ptr().cast();
    // SAFETY: `length` bytes are valid.
    if unsafe { libc::getsockopt(fd, level, name, pointer, &raw mut length) } == -1 {
        return error_name(errno());
    }
    let value = value.get(..length as usize).unwrap_or(&value);
    match <[u8; 4]>::try_from(value) {
        Ok(number) => c_int::from_ne_bytes(number).to_string(),
        Err(_) => hexadecimal(value),
    }
}

pub fn get_int(fd: Fd, level: c_int, name: c_int) -> String {
    get(fd, level, name, 4)
}

fn hexadecimal(bytes: &[u8]) -> String {
    let digits = bytes.iter().map(|byte| format!("{byte:02x}"));
    format!("x{}", digits.collect::<String>())
}

pub fn send(fd: Fd, bytes: &[u8], flags: c_int) -> c_long {
    // SAFETY: the bytes are valid for their length.
    let sent = unsafe { libc::send(fd, bytes.as_ptr().cast(), bytes.len(), flags) };
    c_long::try_from(sent).unwrap_or(-1)
}

pub fn receive(fd: Fd, room: &mut [u8], flags: c_int) -> c_long {
    // SAFETY: the room is valid for its length.
    let received = unsafe { libc::recv(fd, room.as_mut_ptr().cast(), room.len(), flags) };
    c_long::try_from(received).unwrap_or(-1)
}

pub fn shutdown(fd: Fd, how: c_int) -> c_int {
    // SAFETY: takes any numbers.
    unsafe { libc::shutdown(fd, how) }
}

pub fn close(fd: Fd) -> c_int {
    // SAFETY: the case's own descriptor, as a number.
    unsafe { libc::close(fd) }
}

pub fn dup(fd: Fd) -> Fd {
    // SAFETY: takes any number.
    must(unsafe { libc::dup(fd) })
}

pub fn fcntl(fd: Fd, request: c_int, value: c_int) -> c_int {
    // SAFETY: only requests that take a number are made.
    unsafe { libc::fcntl(fd, request, value) }
}

pub fn non_blocking(fd: Fd, yes: bool) {
    let flags = fcntl(fd, libc::F_GETFL, 0) & !libc::O_NONBLOCK;
    let flag = if yes { libc::O_NONBLOCK } else { 0 };
    must(fcntl(fd, libc::F_SETFL, flags | flag));
}

/// An `ioctl` that answers a number.
pub fn ioctl_number(fd: Fd, request: u64) -> String {
    let mut number: c_int = -1;
    // SAFETY: the requests made write an int.
    match unsafe { libc::ioctl(fd, request, &raw mut number) } {
        -1 => error_name(errno()),
        _ => number.to_string(),
    }
}

/// All that `poll` can be asked for.
pub const ALL_EVENTS: i16 =
    libc::POLLIN | libc::POLLOUT | libc::POLLPRI | libc::POLLRDHUP | 0x40 | 0x80 | 0x100 | 0x200;

/// The events of `wanted` that are there within `milliseconds` (-1: for ever).
pub fn poll(fd: Fd, wanted: i16, milliseconds: c_int) -> i16 {
    let mut entry = libc::pollfd {
        fd,
        events: wanted,
        revents: 0,
    };
    // SAFETY: one valid entry.
    unsafe { libc::poll(&raw mut entry, 1, milliseconds) };
    entry.revents
}

/// The names of all events that are there now.
pub fn events(fd: Fd) -> String {
    event_names(poll(fd, ALL_EVENTS, 0))
}

/// What select(2) says of `fd` now: "read write", or a part of it.
pub fn selected(fd: Fd) -> String {
    // SAFETY: sets of one descriptor below FD_SETSIZE, all-zero before.
    let (reads, writes) = unsafe {
        let mut reads: libc::fd_set = std::mem::zeroed();
        libc::FD_SET(fd, &raw mut reads);
        let mut writes = reads;
        let (reading, writing) = (&raw mut reads, &raw mut writes);
        let mut now: libc::timeval = std::mem::zeroed();
        let none = std::ptr::null_mut();
        must(libc::select(fd + 1, reading, writing, none, &raw mut now));
        (libc::FD_ISSET(fd, reading), libc::FD_ISSET(fd, writing))
    };
    let said = [(reads, "read"), (writes, "write")];
    let said: Vec<_> = said
        .iter()
        .filter(|(is, _)| *is)
        .map(|(_, said)| *said)
        .collect();
    said.join(" ")
}

pub fn event_names(events: i16) -> String {
    const NAMES: [(i16, &str); 8] = [
        (libc::POLLIN, "IN"),
        (libc::POLLPRI, "PRI"),
        (libc::POLLOUT, "OUT"),
        (libc::POLLERR, "ERR"),
        (libc::POLLHUP, "HUP"),
        (libc::POLLNVAL, "NVAL"),
        (0x100, "WRNORM"),
        (libc::POLLRDHUP, "RDHUP"),
    ];
    let there = NAMES.iter().filter(|(bit, _)| events & bit != 0);
    let names: Vec<_> = there.map(|(_, name)| *name).collect();
    if names.is_empty() {
        return "none".to_owned();
    }
    names.join("+")
}

/// Waits until one of `wanted` (or an error, or a hang-up) is there.
pub fn wait_for(fd: Fd, wanted: i16) -> i16 {
    poll(fd, wanted, -1)
}
