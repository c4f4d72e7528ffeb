// SPDX-License-Identifier: MIT OR Apache-2.0
//! Calls of the C library in which a thread can be cancelled while it waits
//! (pthread_cancel(3)); it is then unwound from there. Each sets errno as C does.

use super::Errno;
use std::ffi::{c_int, c_void};
use std::mem::MaybeUninit;

extern "C-unwind" {
    fn recv(fd: c_int, buffer: *mut c_void, length: usize, flags: c_int) -> isize;
    fn poll(polled: *mut libc::pollfd, count: libc::nfds_t, milliseconds: c_int) -> c_int;
}

/// recv(2): how many bytes were written to the start of `buffer`.
pub fn receive_waiting(fd: c_int, buffer: &mut [MaybeUninit<u8>]) -> Result<usize, Errno> {
    // SAFETY: so many bytes can be written there.
    let received = unsafe { recv(fd, buffer.as_mut_ptr().cast(), buffer.len(), 0) };
    usize::try_from(received).map_err(|_| Errno::current())
}

/// poll(2) of one descriptor: what is seen within a time (-1: for ever).
pub fn poll_waiting(fd: c_int, events: i16, milliseconds: c_int) -> Result<i16, Errno> {
    let mut polled = libc::pollfd {
        fd,
        events,
        revents: 0,
    };
    // SAFETY: one entry.
    if unsafe { poll(&raw mut polled, 1, milliseconds) } == -1 {
        return Err(Errno::current());
    }
    Ok(polled.revents)
}
