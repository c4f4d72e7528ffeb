// SPDX-License-Identifier: MIT OR Apache-2.0
//! The descriptors that this process inherits together with the program.

use std::ffi::c_int;
use std::fs::{self, File};
use std::os::fd::AsRawFd;

/// Returns the open descriptors above standard error.
#[must_use]
pub fn open() -> Vec<c_int> {
    let entries = fs::read_dir("/proc/self/fd")
        .into_iter()
        .flatten()
        .flatten();
    let mut files: Vec<c_int> = entries
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter(|&fd| fd > libc::STDERR_FILENO)
        .collect();
    // Without that of the directory just read.
    // SAFETY: F_GETFD only reads a flag.
    files.retain(|&fd| unsafe { libc::fcntl(fd, libc::F_GETFD) } >= 0);
    files
}

/// Closes `inherited` and detaches from standard input and output and the working
/// directory, so that this process does not keep pipes, locks or file systems busy.
pub(super) fn release(inherited: &[c_int]) {
    if let Ok(nothing) = File::options().read(true).write(true).open("/dev/null") {
        for fd in [libc::STDIN_FILENO, libc::STDOUT_FILENO] {
            // SAFETY: nothing in this process uses these two after the start of the program.
            unsafe { libc::dup2(nothing.as_raw_fd(), fd) };
        }
    }
    for &fd in inherited {
        // SAFETY: the descriptor was open at the start, and this process does not use it.
        unsafe { libc::close(fd) };
    }
    let _ = std::env::set_current_dir("/");
}
