// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the kernel says a socket is, by a raw system call: the shim cannot
//! polish the answer.

use std::io;
use std::os::fd::AsRawFd;

/// `domain/protocol` as the kernel answers: `2/6` is TCP over IPv4.
///
/// # Errors
/// Those of `getsockopt(2)`.
pub fn truth(socket: &impl AsRawFd) -> io::Result<String> {
    let domain = ask(socket, libc::SO_DOMAIN)?;
    let protocol = ask(socket, libc::SO_PROTOCOL)?;
    Ok(format!("{domain}/{protocol}"))
}

fn ask(socket: &impl AsRawFd, name: i32) -> io::Result<i32> {
    let mut value = 0_i32;
    let mut length: libc::socklen_t = 4;
    // SAFETY: `value` and `length` are valid for the kernel to fill.
    let answer = unsafe {
        libc::syscall(
            libc::SYS_getsockopt,
            socket.as_raw_fd(),
            libc::SOL_SOCKET,
            name,
            &raw mut value,
            &raw mut length,
        )
    };
    if answer == 0 {
        Ok(value)
    } else {
        Err(io::Error::last_os_error())
    }
}
