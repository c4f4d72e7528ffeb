// SPDX-License-Identifier: MIT OR Apache-2.0
//! The descriptors that this process inherits together with the program.

use std::ffi::c_int;
use std::fs::{self, File};
use std::os::fd::AsRawFd;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

/// Which of the standard descriptors were closed when this process began. (Rust's runtime
/// opens `/dev/null` for them before `main`.)
static CLOSED: [AtomicBool; 3] = [const { AtomicBool::new(false) }; 3];

/// Saves which they are. Called by the loader, before Rust's runtime starts.
pub fn save_closed() {
    for (fd, closed) in (0..).zip(&CLOSED) {
        // SAFETY: F_GETFD only reads a flag.
        closed.store(unsafe { libc::fcntl(fd, libc::F_GETFD) } < 0, Relaxed);
    }
}

/// Makes `command` begin without those that were closed.
pub fn inherit(command: &mut Command) {
    let closed = CLOSED.each_ref().map(|closed| closed.load(Relaxed));
    // SAFETY: the closure only makes system calls, on descriptors that Rust's runtime opened.
    unsafe {
        command.pre_exec(move || {
            for (fd, _) in (0..).zip(closed).filter(|(_, is_closed)| *is_closed) {
                libc::close(fd);
            }
            Ok(())
        });
    }
}

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
