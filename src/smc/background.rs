// SPDX-License-Identifier: MIT OR Apache-2.0
//! A thread of the shim's own in somebody else's process, for what TCP does in
//! the background and SMC in the foreground.
//!
//! It has a descriptor table of its own, with the one socket that it is about,
//! so there is no number that the program could close or meet. It begins with an
//! empty one and fetches the socket, which takes as long however many descriptors
//! the program has; where that is forbidden, with a copy of all. All signals are
//! blocked. It is made by clone(2) and makes system calls only: no lock and no
//! memory of the C library is touched, so a signal handler may start one. It is
//! short-lived, and no child of a fork inherits it.

use super::os::{self, Errno};
use super::{ownership, raw};
use std::ffi::{c_int, c_uint, c_void};
use std::sync::atomic::{
    AtomicU32, AtomicU64,
    Ordering::{AcqRel, Acquire, Release},
};
use std::time::Duration;

/// What a thread does with its socket; it must make system calls only.
pub type Task = fn(c_int);

/// Size of a thread's stack in bytes.
const STACK: usize = 32 * 1024;

/// How many threads there are, and above that of which process: a child of a fork
/// has none.
static THREADS: AtomicU64 = AtomicU64::new(0);

/// Changes whenever one has ended: what is waited on.
static ENDED: AtomicU32 = AtomicU32::new(0);

/// How many threads `process` has, given what [`THREADS`] says.
fn count(threads: u64, process: u32) -> u32 {
    let [a, b, c, d, count @ ..] = threads.to_be_bytes();
    if u32::from_be_bytes([a, b, c, d]) == process {
        u32::from_be_bytes(count)
    } else {
        0
    }
}

fn process() -> u32 {
    os::process_id().unsigned_abs()
}

/// Counts one more, or one less.
fn add(process: u32, change: i32) {
    let _ = THREADS.fetch_update(AcqRel, Acquire, |threads| {
        let count = count(threads, process).saturating_add_signed(change);
        Some(u64::from(process) << 32 | u64::from(count))
    });
}

/// What a thread is given, at the bottom of its stack.
struct Job {
    task: Task,
    fd: c_int,
    table: Table,
    /// Where it says that it has begun: it holds `fd`, and nothing else.
    begun: *const AtomicU32,
    /// Of which process it is one.
    process: u32,
}

/// How a thread comes by a descriptor table of its own.
#[derive(Clone, Copy)]
enum Table {
    /// It begins with none, and fetches this file.
    Empty { file: (u64, u64) },
    /// It begins with the program's, and closes all but one.
    Copied,
}

const WAITING: u32 = 0;
const BEGUN: u32 = 1;
const IMPOSSIBLE: u32 = 2;

/// Runs `task` on the open file of `fd` in a thread; the number is the caller's
/// again when this returns, and no other open file is held.
///
/// # Errors
/// When no thread is to be had: the caller has to do the task itself.
pub fn run(task: Task, fd: c_int) -> Result<(), Errno> {
    if !ownership::is_ours() {
        return Err(Errno(libc::ENOSYS));
    }
    let file = os::file_identity(fd).ok_or(Errno(libc::EBADF))?;
    start(task, fd, Table::Empty { file }).or_else(|_| start(task, fd, Table::Copied))
}

fn start(task: Task, fd: c_int, table: Table) -> Result<(), Errno> {
    let process = process();
    let stack = os::map(STACK).ok_or(Errno(libc::ENOMEM))?;
    let begun = AtomicU32::new(WAITING);
    #[allow(clippy::cast_ptr_alignment, reason = "pages are aligned for anything")]
    let job = stack.cast::<Job>();
    // SAFETY: fresh pages, aligned, and larger than a job.
    unsafe {
        job.write(Job {
            task,
            fd,
            table,
            begun: &raw const begun,
            process,
        });
    };
    // Until it has begun: a signal handler could leave this function by
    // siglongjmp(3), and `begun` with it.
    let before = os::block_signals();
    add(process, 1);
    let files = match table {
        Table::Empty { .. } => libc::CLONE_FILES,
        Table::Copied => 0,
    };
    let flags = libc::CLONE_VM
        | libc::CLONE_FS
        | libc::CLONE_SIGHAND
        | libc::CLONE_THREAD
        | libc::CLONE_SYSVSEM
        | files;
    // SAFETY: the end of the pages, where stacks begin.
    let top = unsafe { stack.add(STACK) };
    // SAFETY: `begin` makes system calls only, on a stack of its own.
    let started = unsafe { os::clone(begin, top.cast(), flags, job.cast()) };
    if started.is_ok() {
        while begun.load(Acquire) == WAITING {
            os::futex_wait(&begun, WAITING, Duration::from_secs(60));
        }
    } else {
        leave(process);
        os::unmap(stack, STACK);
    }
    os::restore_signals(before);
    started?;
    if begun.load(Acquire) == IMPOSSIBLE {
        return Err(Errno(libc::ENOSYS));
    }
    Ok(())
}

extern "C" fn begin(job: *mut c_void) -> c_int {
    // SAFETY: written by `start`, which leaves it to this thread.
    let Job {
        task,
        fd,
        table,
        begun,
        process,
    } = unsafe { job.cast::<Job>().read() };
    // Should the program give up its privileges, this thread does not keep them.
    os::drop_capabilities();
    let held = match table {
        Table::Empty { file } => fetch(fd, file),
        Table::Copied => keep_only(fd),
    };
    // SAFETY: `start` keeps it until it reads another value; afterwards only the
    // address is used.
    unsafe { (*begun).store(if held.is_some() { BEGUN } else { IMPOSSIBLE }, Release) };
    os::futex_wake(begun);
    if let Some(held) = held {
        task(held);
        os::close(held);
    }
    leave(process);
    // SAFETY: the pages that `start` has mapped for this thread alone.
    unsafe { raw::unmap_and_end(job.cast(), STACK) }
}

/// Leaves the program's descriptor table for an empty one and fetches `fd` from
/// there, if it is still `file`: a thread of the program can have a table of its own.
fn fetch(fd: c_int, file: (u64, u64)) -> Option<c_int> {
    os::leave_all_descriptors().ok()?;
    let process = os::process_descriptor().ok()?;
    let held = os::descriptor_of(process, fd).ok();
    os::close(process);
    held.filter(|&held| os::file_identity(held) == Some(file))
}

/// Closes all but `fd` in a table of its own.
fn keep_only(fd: c_int) -> Option<c_int> {
    let number = fd.unsigned_abs();
    let alone = (fd == 0 || os::close_range(0, number - 1, 0).is_ok())
        && os::close_range(number + 1, c_uint::MAX, 0).is_ok();
    alone.then_some(fd)
}

fn leave(process: u32) {
    add(process, -1);
    ENDED.fetch_add(1, Release);
    os::futex_wake(&raw const ENDED);
}

/// Waits until all tasks of this process are done, at most until `deadline`, which
/// is asked for when there are any.
pub fn wait_for_all(deadline: impl FnOnce() -> Duration) {
    let process = process();
    let mut ended = ENDED.load(Acquire);
    if count(THREADS.load(Acquire), process) == 0 {
        return;
    }
    let deadline = deadline();
    loop {
        let rest = deadline.saturating_sub(os::now());
        if rest.is_zero() || count(THREADS.load(Acquire), process) == 0 {
            return;
        }
        os::futex_wait(&ENDED, ended, rest);
        ended = ENDED.load(Acquire);
    }
}
