// SPDX-License-Identifier: MIT OR Apache-2.0
//! A thread of the shim's own in somebody else's process, for what TCP does in
//! the background and SMC in the foreground.
//!
//! It has a descriptor table of its own, with the one socket that it is about,
//! so there is no number that the program could close or meet. All signals are
//! blocked. It is made by clone(2) and makes system calls only: no lock and no
//! memory of the C library is touched, so a signal handler may start one. It is
//! short-lived, and no child of a fork inherits it.

use super::os::{self, Errno};
use super::raw;
use std::ffi::{c_int, c_void};
use std::sync::atomic::{
    AtomicI32, AtomicU32,
    Ordering::{AcqRel, Acquire, Relaxed, Release},
};
use std::time::Duration;

/// What a thread does with its socket; it must make system calls only.
pub type Task = fn(c_int);

/// Size of a thread's stack in bytes.
const STACK: usize = 32 * 1024;

/// The threads of one process, on a page that a fork wipes.
#[repr(align(4096))]
struct Threads {
    /// The process that they are threads of; 0: none yet.
    process: AtomicI32,
    /// How many there are.
    count: AtomicU32,
    _page: [u8; 4096 - 8],
}

static THREADS: Threads = Threads {
    process: AtomicI32::new(0),
    count: AtomicU32::new(0),
    _page: [0; 4096 - 8],
};

impl Threads {
    /// Whether this process may have threads: not so a child of vfork(2), in
    /// whose memory the parent lives on.
    fn are_ours(&self) -> bool {
        let process = os::process_id();
        if self.process.load(Acquire) == 0 {
            let page = std::ptr::from_ref(self).cast_mut().cast();
            if !os::wipe_on_fork(page, size_of::<Self>()) {
                return false;
            }
            let _ = self.process.compare_exchange(0, process, AcqRel, Acquire);
        }
        self.process.load(Acquire) == process
    }
}

/// What a thread is given, at the bottom of its stack.
struct Job {
    task: Task,
    fd: c_int,
    /// Where it says that it has begun: it holds `fd`, and nothing else.
    begun: *const AtomicU32,
}

const WAITING: u32 = 0;
const BEGUN: u32 = 1;
const IMPOSSIBLE: u32 = 2;

/// Runs `task` on the open file of `fd` in a thread; the number is the caller's
/// again when this returns.
///
/// # Errors
/// When no thread is to be had: the caller has to do the task itself.
pub fn run(task: Task, fd: c_int) -> Result<(), Errno> {
    if !THREADS.are_ours() {
        return Err(Errno(libc::ENOSYS));
    }
    let stack = os::map(STACK).ok_or(Errno(libc::ENOMEM))?;
    let begun = AtomicU32::new(WAITING);
    #[allow(clippy::cast_ptr_alignment, reason = "pages are aligned for anything")]
    let job = stack.cast::<Job>();
    // SAFETY: fresh pages, aligned, and larger than a job.
    unsafe {
        job.write(Job {
            task,
            fd,
            begun: &raw const begun,
        });
    };
    let before = os::block_signals();
    THREADS.count.fetch_add(1, AcqRel);
    // Not CLONE_FILES: the descriptor table is a copy.
    let flags = libc::CLONE_VM
        | libc::CLONE_FS
        | libc::CLONE_SIGHAND
        | libc::CLONE_THREAD
        | libc::CLONE_SYSVSEM;
    // SAFETY: the end of the pages, where stacks begin.
    let top = unsafe { stack.add(STACK) };
    // SAFETY: `begin` makes system calls only, on a stack of its own.
    let started = unsafe { os::clone(begin, top.cast(), flags, job.cast()) };
    os::restore_signals(before);
    if let Err(error) = started {
        leave();
        os::unmap(stack, STACK);
        return Err(error);
    }
    while begun.load(Acquire) == WAITING {
        os::futex_wait(&begun, WAITING, Duration::from_secs(60));
    }
    if begun.load(Acquire) == IMPOSSIBLE {
        return Err(Errno(libc::ENOSYS));
    }
    Ok(())
}

extern "C" fn begin(job: *mut c_void) -> c_int {
    // SAFETY: written by `run`, which leaves it to this thread.
    let Job { task, fd, begun } = unsafe { job.cast::<Job>().read() };
    let alone = (fd == 0 || os::close_range(0, fd - 1).is_ok())
        && os::close_range(fd + 1, c_int::MAX).is_ok();
    // SAFETY: `run` keeps it until it reads another value; afterwards only the
    // address is used.
    unsafe { (*begun).store(if alone { BEGUN } else { IMPOSSIBLE }, Release) };
    os::futex_wake(begun);
    if alone {
        task(fd);
    }
    os::close(fd);
    leave();
    // SAFETY: the pages that `run` has mapped for this thread alone.
    unsafe { raw::unmap_and_end(job.cast(), STACK) }
}

fn leave() {
    if THREADS.count.fetch_sub(1, AcqRel) == 1 {
        os::futex_wake(&raw const THREADS.count);
    }
}

/// Whether a task of this process may be going on.
pub fn is_busy() -> bool {
    THREADS.count.load(Relaxed) > 0
}

/// Waits until all tasks of this process are done, at most until `deadline`.
pub fn wait_for_all(deadline: Duration) {
    if THREADS.process.load(Acquire) != os::process_id() {
        return;
    }
    loop {
        let count = THREADS.count.load(Relaxed);
        let rest = deadline.saturating_sub(os::now());
        if count == 0 || rest.is_zero() {
            return;
        }
        os::futex_wait(&THREADS.count, count, rest);
    }
}
