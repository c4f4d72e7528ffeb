// SPDX-License-Identifier: MIT OR Apache-2.0
//! Calls that send. The real call comes first; only when it has taken less than it
//! was given is the socket looked at ([`smc::send`]).
//!
//! None of them is one of redhook's hooks: a thread that waits in one can be
//! cancelled (pthread_cancel(3)), and is then unwound from there.

use super::next::{jump, next};
use crate::panics::caught;
use crate::smc;
use libc::{
    c_int, c_uint, c_void, iovec, mmsghdr, msghdr, off_t, size_t, sockaddr, socklen_t, ssize_t,
};

/// A call of one buffer of `$length` bytes.
macro_rules! sends {
    (unsafe fn $name:ident($fd:ident: c_int, $($argument:ident: $of:ty),*), $length:ident, $signals:ident) => {
        #[no_mangle]
        unsafe extern "C-unwind" fn $name($fd: c_int, $($argument: $of),*) -> ssize_t {
            let sent = jump!("C-unwind" $name($fd: c_int, $($argument: $of),*) -> ssize_t);
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
            let sent = jump!("C-unwind" $name($fd: c_int, $($argument: $of),*) -> ssize_t);
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
extern "C" fn not_all_written(fd: c_int, sent: ssize_t) -> ssize_t {
    caught(|| smc::send::not_all(fd, sent, true));
    sent
}

#[cold]
extern "C" fn not_all_sent(fd: c_int, sent: ssize_t) -> ssize_t {
    caught(|| smc::send::not_all(fd, sent, false));
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
    unsafe fn write(fd: c_int, data: *const c_void, length: size_t), length, not_all_written
}

sends! {
    unsafe fn __write(fd: c_int, data: *const c_void, length: size_t), length, not_all_written
}

sends! {
    unsafe fn send(fd: c_int, data: *const c_void, length: size_t, flags: c_int), length, not_all_sent
}

sends! {
    unsafe fn __send(fd: c_int, data: *const c_void, length: size_t, flags: c_int), length, not_all_sent
}

sends! {
    unsafe fn sendto(
        fd: c_int, data: *const c_void, length: size_t, flags: c_int,
        to: *const sockaddr, to_length: socklen_t
    ), length, not_all_sent
}

sends_vector! {
    unsafe fn writev(fd: c_int, buffers: *const iovec, count: c_int),
    // SAFETY: the kernel has just read them.
    unsafe { total(buffers, count.unsigned_abs() as usize) },
    not_all_written
}

sends_vector! {
    unsafe fn pwritev2(fd: c_int, buffers: *const iovec, count: c_int, at: off_t, flags: c_int),
    // SAFETY: the kernel has just read them.
    unsafe { total(buffers, count.unsigned_abs() as usize) },
    not_all_written
}

sends_vector! {
    unsafe fn pwritev64v2(fd: c_int, buffers: *const iovec, count: c_int, at: off_t, flags: c_int),
    // SAFETY: the kernel has just read them.
    unsafe { total(buffers, count.unsigned_abs() as usize) },
    not_all_written
}

sends_vector! {
    unsafe fn sendmsg(fd: c_int, message: *const msghdr, flags: c_int),
    // SAFETY: the kernel has just read it.
    unsafe { total((*message).msg_iov, (*message).msg_iovlen) },
    not_all_sent
}

#[no_mangle]
unsafe extern "C-unwind" fn sendmmsg(
    fd: c_int,
    messages: *mut mmsghdr,
    count: c_uint,
    flags: c_int,
) -> c_int {
    let sent = jump!("C-unwind" sendmmsg(
        fd: c_int, messages: *mut mmsghdr, count: c_uint, flags: c_int
    ) -> c_int);
    // SAFETY: the kernel has read and written as many as it says.
    let is_whole = || unsafe { is_last_whole(messages, sent) };
    if !u32::try_from(sent).is_ok_and(|sent| sent == count && is_whole()) {
        not_all_sent(fd, sent as ssize_t);
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
