// SPDX-License-Identifier: MIT OR Apache-2.0
//! Calls that receive descriptors from another process (`SCM_RIGHTS`, unix(7)). The real call
//! comes first, and what follows is for messages with control data.

use super::real::real;
use libc::{
    c_int, c_uint, cmsghdr, mmsghdr, msghdr, ssize_t, timespec, CMSG_DATA, CMSG_FIRSTHDR, CMSG_LEN,
    CMSG_NXTHDR, SCM_RIGHTS, SOL_SOCKET,
};
use smc_core::lifecycle;
use smc_core::panics::caught;

#[no_mangle]
unsafe extern "C-unwind" fn recvmsg(fd: c_int, message: *mut msghdr, flags: c_int) -> ssize_t {
    let real =
        real!("C-unwind" fn recvmsg(fd: c_int, message: *mut msghdr, flags: c_int) -> ssize_t);
    // SAFETY: the program's own arguments.
    let received = unsafe { real(fd, message, flags) };
    // SAFETY: the kernel has just written it.
    if received >= 0 && unsafe { (*message).msg_controllen } != 0 {
        with_control_data(message);
    }
    received
}

#[no_mangle]
unsafe extern "C-unwind" fn recvmmsg(
    fd: c_int,
    messages: *mut mmsghdr,
    count: c_uint,
    flags: c_int,
    timeout: *mut timespec,
) -> c_int {
    let real = real!("C-unwind" fn recvmmsg(
        fd: c_int, messages: *mut mmsghdr, count: c_uint, flags: c_int, timeout: *mut timespec
    ) -> c_int);
    // SAFETY: the program's own arguments.
    let received = unsafe { real(fd, messages, count, flags, timeout) };
    for at in 0..usize::try_from(received).unwrap_or(0) {
        // SAFETY: the kernel has just written so many of them.
        let message = unsafe { &raw mut (*messages.add(at)).msg_hdr };
        // SAFETY: as above.
        if unsafe { (*message).msg_controllen } != 0 {
            with_control_data(message);
        }
    }
    received
}

#[cold]
extern "C" fn with_control_data(message: *mut msghdr) {
    caught(|| {
        // SAFETY: the kernel has just written the message and its control data.
        unsafe { each_descriptor(message, lifecycle::accept::received) };
    });
}

/// The descriptors that came with a message.
///
/// # Safety
/// `message` must be one that the kernel has filled.
unsafe fn each_descriptor(message: *const msghdr, mut each: impl FnMut(c_int)) {
    // SAFETY: as the caller promises.
    let mut part: *const cmsghdr = unsafe { CMSG_FIRSTHDR(message) };
    while !part.is_null() {
        // SAFETY: within the control data, says the walk.
        let (level, kind, length) =
            unsafe { ((*part).cmsg_level, (*part).cmsg_type, (*part).cmsg_len) };
        if (level, kind) == (SOL_SOCKET, SCM_RIGHTS) {
            // SAFETY: computes a length.
            let content = length.saturating_sub(unsafe { CMSG_LEN(0) } as usize);
            for at in 0..content / size_of::<c_int>() {
                // SAFETY: so many the kernel has written.
                let bytes = unsafe {
                    let first = CMSG_DATA(part).add(at * size_of::<c_int>());
                    first.cast::<[u8; size_of::<c_int>()]>().read()
                };
                each(c_int::from_ne_bytes(bytes));
            }
        }
        // SAFETY: as the caller promises.
        part = unsafe { CMSG_NXTHDR(message, part) };
    }
}
