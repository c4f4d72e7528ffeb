// SPDX-License-Identifier: MIT OR Apache-2.0
//! Calls that send. The real call comes first; only when it has taken less than it was given
//! is the socket looked at.

use super::real::real;
use libc::{
    c_int, c_uint, c_void, iovec, mmsghdr, msghdr, off_t, size_t, sockaddr, socklen_t, ssize_t,
};
use smc_core::lifecycle::send::after_short_send;
use smc_core::panics::caught;

/// A call of one buffer of `$length` bytes.
macro_rules! sends {
    (unsafe fn $name:ident($fd:ident: c_int, $($argument:ident: $of:ty),*), $length:ident, $signals:ident) => {
        #[no_mangle]
        unsafe extern "C-unwind" fn $name($fd: c_int, $($argument: $of),*) -> ssize_t {
            let real = real!("C-unwind" fn $name(fd: c_int, $($argument: $of),*) -> ssize_t);
            // SAFETY: the program's own arguments.
            let sent = unsafe { real($fd, $($argument),*) };
            if is_all(sent, $length) {
                return sent;
            }
            $signals($fd, sent)
        }
    };
}

/// A call of several buffers, which [`total`] knows.
macro_rules! sends_vector {
    (unsafe fn $name:ident($fd:ident: c_int, $($argument:ident: $of:ty),*), $total:expr, $signals:ident) => {
        #[no_mangle]
        unsafe extern "C-unwind" fn $name($fd: c_int, $($argument: $of),*) -> ssize_t {
            let real = real!("C-unwind" fn $name(fd: c_int, $($argument: $of),*) -> ssize_t);
            // SAFETY: the program's own arguments.
            let sent = unsafe { real($fd, $($argument),*) };
            if sent >= 0 && is_all(sent, $total) {
                return sent;
            }
            $signals($fd, sent)
        }
    };
}

/// Whether a call has taken all of `length` bytes.
#[inline]
#[allow(clippy::cast_possible_wrap, reason = "no call takes so many bytes")]
pub(super) fn is_all(taken: ssize_t, length: size_t) -> bool {
    taken == length as ssize_t
}

#[cold]
extern "C" fn short_write(fd: c_int, sent: ssize_t) -> ssize_t {
    caught(|| after_short_send(fd, sent, true));
    sent
}

#[cold]
extern "C" fn short_send(fd: c_int, sent: ssize_t) -> ssize_t {
    caught(|| after_short_send(fd, sent, false));
    sent
}

/// The bytes in `count` buffers that the kernel has just read or written.
///
/// # Safety
/// `count` entries at `buffers` must be readable.
unsafe fn total(buffers: *const iovec, count: usize) -> usize {
    (0..count)
        // SAFETY: as the caller promises.
        .map(|at| unsafe { (*buffers.add(at)).iov_len })
        .fold(0, usize::wrapping_add)
}

sends! {
    unsafe fn write(fd: c_int, data: *const c_void, length: size_t), length, short_write
}

sends! {
    unsafe fn __write(fd: c_int, data: *const c_void, length: size_t), length, short_write
}

sends! {
    unsafe fn send(fd: c_int, data: *const c_void, length: size_t, flags: c_int), length, short_send
}

sends! {
    unsafe fn __send(fd: c_int, data: *const c_void, length: size_t, flags: c_int), length, short_send
}

sends! {
    unsafe fn sendto(
        fd: c_int, data: *const c_void, length: size_t, flags: c_int,
        to: *const sockaddr, to_length: socklen_t
    ), length, short_send
}

sends_vector! {
    unsafe fn writev(fd: c_int, buffers: *const iovec, count: c_int),
    // SAFETY: the kernel has just read them.
    unsafe { total(buffers, count.unsigned_abs() as usize) },
    short_write
}

sends_vector! {
    unsafe fn pwritev2(fd: c_int, buffers: *const iovec, count: c_int, at: off_t, flags: c_int),
    // SAFETY: the kernel has just read them.
    unsafe { total(buffers, count.unsigned_abs() as usize) },
    short_write
}

sends_vector! {
    unsafe fn pwritev64v2(fd: c_int, buffers: *const iovec, count: c_int, at: off_t, flags: c_int),
    // SAFETY: the kernel has just read them.
    unsafe { total(buffers, count.unsigned_abs() as usize) },
    short_write
}

sends_vector! {
    unsafe fn sendmsg(fd: c_int, message: *const msghdr, flags: c_int),
    // SAFETY: the kernel has just read it.
    unsafe { total((*message).msg_iov, (*message).msg_iovlen) },
    short_send
}

#[no_mangle]
unsafe extern "C-unwind" fn sendmmsg(
    fd: c_int,
    messages: *mut mmsghdr,
    count: c_uint,
    flags: c_int,
) -> c_int {
    let real = real!("C-unwind" fn sendmmsg(
        fd: c_int, messages: *mut mmsghdr, count: c_uint, flags: c_int
    ) -> c_int);
    // SAFETY: the program's own arguments.
    let sent = unsafe { real(fd, messages, count, flags) };
    // SAFETY: the kernel has read and written as many as it says.
    let is_whole = || unsafe { is_last_whole(messages, sent) };
    if !u32::try_from(sent).is_ok_and(|sent| sent == count && is_whole()) {
        short_send(fd, sent as ssize_t);
    }
    sent
}

/// Whether the last of `sent` messages was taken whole; those before it were.
///
/// # Safety
/// `messages` must be what the program passed to `sendmmsg`, which answered `sent`.
unsafe fn is_last_whole(messages: *const mmsghdr, sent: c_int) -> bool {
    let Some(last) = sent.unsigned_abs().checked_sub(1) else {
        return true;
    };
    // SAFETY: as the caller promises.
    let last = unsafe { &*messages.add(last as usize) };
    // SAFETY: as above.
    last.msg_len as usize >= unsafe { total(last.msg_hdr.msg_iov, last.msg_hdr.msg_iovlen) }
}
