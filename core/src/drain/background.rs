// SPDX-License-Identifier: MIT OR Apache-2.0
//! Draining in the background: what TCP does in the kernel, a thread does here.
//!
//! The first socket that needs it starts a thread ([`thread`]); as long as that has work it
//! takes further sockets ([`mailbox`]), which is far cheaper than a thread for each. It is
//! short-lived, and no child of a fork inherits it.

use super::deadlines::Deadlines;
use super::tasks::{self, Task};
use super::{mailbox, thread};
use crate::sys::{self, Errno};
use crate::vfork;
use std::ffi::c_int;

/// What is to be done with a socket in the background.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Work {
    /// Keep the file until all is sent; the end of the process waits for that.
    Drain,
    /// The same, but a child has the file, too: the end of the process waits only if no child
    /// has it any more, since a child drains what it closes last.
    DrainShared,
    /// Drain, then close the sending side.
    DrainAndShut,
}

/// Starts `work` on the open file of `fd`. When this returns, the thread has a descriptor
/// of its own for it.
///
/// # Errors
/// When no thread is to be had: the caller has to do it itself.
pub(super) fn start(fd: c_int, work: Work) -> Result<(), Errno> {
    // Valgrind ends a program that makes threads by clone(2).
    if !vfork::owns_memory() || sys::is_under_valgrind() {
        return Err(Errno(libc::ENOSYS));
    }
    let task = Task {
        fd,
        file: sys::file_identity(fd).ok_or(Errno(libc::EBADF))?,
        shuts: work == Work::DrainAndShut,
        is_counted: work != Work::DrainShared,
    };
    let process = tasks::this_process();
    // Until it is handed over: a signal handler could leave this function by siglongjmp(3).
    let before = sys::block_signals();
    task.begin(process);
    let is_filtered = sys::is_filtered();
    let handed_over = if !is_filtered && mailbox::post(&task, process) {
        Ok(())
    } else {
        thread::start(&task, process, is_filtered)
    };
    if handed_over.is_err() {
        task.end(process);
    }
    sys::restore_signals(before);
    handed_over
}

/// Whether this process has work in the background.
pub fn is_busy() -> bool {
    tasks::any(tasks::this_process())
}

/// Waits until all of it is done, at most until `deadlines`. Whether it had to wait.
pub(super) fn wait_for_all(deadlines: &mut Deadlines) -> bool {
    tasks::wait_for_all(deadlines)
}
