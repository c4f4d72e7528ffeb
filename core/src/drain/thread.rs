// SPDX-License-Identifier: MIT OR Apache-2.0
//! The drain thread: how it is started, gets its sockets, and ends.
//!
//! It has a descriptor table of its own with the sockets that it drains, so there is no
//! number that the program could close or meet. It begins with an empty table and fetches
//! each socket (pidfd_getfd(2)), which takes as long however many descriptors the program
//! has; where that is forbidden, or may be, it begins with a copy of all, for one socket.
//! All signals are blocked. It is made by clone(2) and makes system calls only: no lock and
//! no memory of the C library is touched, so a signal handler may start one.

use super::drain_set::DrainSet;
use super::mailbox::{self, Lease};
use super::tasks::Task;
use crate::sys::{self, call, Errno};
use std::ffi::{c_int, c_uint, c_void};
use std::mem::size_of;
use std::sync::atomic::{
    AtomicU32,
    Ordering::{Acquire, Release},
};
use std::time::Duration;

/// Size of a thread's stack in bytes.
const STACK: usize = 32 * 1024;

/// A thread's memory: its state below, its stack above.
const SIZE: usize = (size_of::<Thread>() + STACK).next_multiple_of(4096);

/// How long a thread without work waits for more: a busy server's next close is not far,
/// and nobody should find a thread that it does not expect.
const LINGER: Duration = Duration::from_millis(10);

/// How many times in a row it serves the mailbox before it looks at its sockets.
const ROUNDS: usize = 64;

struct Thread {
    first: Task,
    table: FdTable,
    /// Where it reports that it has begun: it has the first socket.
    begun: *const AtomicU32,
    process: u32,
    sockets: DrainSet,
}

/// The descriptor table that a thread begins with.
#[derive(Clone, Copy)]
enum FdTable {
    /// It is empty, and the thread fetches each socket.
    Empty,
    /// It is a copy of the program's, and the thread closes all but one.
    Copied,
}

const WAITING: u32 = 0;
const BEGUN: u32 = 1;
const IMPOSSIBLE: u32 = 2;

/// Starts a thread for `task`, which it has when this returns. Signals are blocked.
/// `is_filtered`: a filter can end the process for a call that it does not expect.
///
/// # Errors
/// When none is to be had.
pub(super) fn start(task: &Task, process: u32, is_filtered: bool) -> Result<(), Errno> {
    if is_filtered {
        return start_with(task, process, FdTable::Copied);
    }
    start_with(task, process, FdTable::Empty)
        .or_else(|_| start_with(task, process, FdTable::Copied))
}

fn start_with(task: &Task, process: u32, table: FdTable) -> Result<(), Errno> {
    let pages = sys::map(SIZE).ok_or(Errno(libc::ENOMEM))?;
    // A child of a fork would never unmap them.
    sys::keep_from_children(pages, SIZE);
    let begun = AtomicU32::new(WAITING);
    #[allow(clippy::cast_ptr_alignment, reason = "pages are aligned for anything")]
    let thread = pages.cast::<Thread>();
    // SAFETY: fresh pages, aligned, and larger than a `Thread`; zero bytes are a valid
    // `sockets`.
    unsafe {
        (&raw mut (*thread).first).write(*task);
        (&raw mut (*thread).table).write(table);
        (&raw mut (*thread).begun).write(&raw const begun);
        (&raw mut (*thread).process).write(process);
    }
    let files = match table {
        FdTable::Empty => libc::CLONE_FILES,
        FdTable::Copied => 0,
    };
    let flags =
        libc::CLONE_VM | libc::CLONE_SIGHAND | libc::CLONE_THREAD | libc::CLONE_SYSVSEM | files;
    // SAFETY: the end of the pages, where stacks begin.
    let top = unsafe { pages.add(SIZE) };
    // SAFETY: `run` makes system calls only, on a stack of its own.
    let started = unsafe { sys::clone(run, top.cast(), flags, thread.cast()) };
    let thread = started.inspect_err(|_| sys::unmap(pages, SIZE))?;
    while begun.load(Acquire) == WAITING {
        sys::futex_wait(&begun, WAITING, Duration::from_millis(100));
        // A filter of system calls can end a thread alone (seccomp(2)).
        if sys::has_ended(process, thread) && begun.load(Acquire) == WAITING {
            sys::unmap(pages, SIZE);
            return Err(Errno(libc::ESRCH));
        }
    }
    if begun.load(Acquire) == IMPOSSIBLE {
        return Err(Errno(libc::ENOSYS));
    }
    Ok(())
}

extern "C" fn run(pages: *mut c_void) -> c_int {
    // SAFETY: written by `start_with`, which leaves it to this thread.
    let thread = unsafe { &mut *pages.cast::<Thread>() };
    // Should the program give up its privileges, this thread does not keep them.
    if !sys::is_filtered() {
        sys::drop_capabilities();
    }
    match thread.table {
        FdTable::Empty => thread.fetch_and_serve(),
        FdTable::Copied => thread.drain_first(),
    }
    // SAFETY: the pages that `start_with` has mapped for this thread alone.
    unsafe { call::unmap_and_end(pages.cast(), SIZE) }
}

impl Thread {
    fn report(&self, has_begun: bool) {
        let outcome = if has_begun { BEGUN } else { IMPOSSIBLE };
        // SAFETY: `start_with` keeps it until it reads another value; afterwards only the
        // address is used.
        unsafe { (*self.begun).store(outcome, Release) };
        sys::futex_wake(self.begun);
    }

    /// Leaves the program's descriptor table for an empty one, fetches the first socket
    /// from there, and serves the mailbox.
    fn fetch_and_serve(&mut self) {
        let program = sys::leave_all_descriptors().and_then(|()| sys::process_descriptor());
        let Ok(program) = program else {
            return self.report(false);
        };
        let Some((fd, true)) = fetch(program, &self.first) else {
            return self.report(false);
        };
        self.sockets.add(&self.first, fd);
        let lease = Lease::take(self.process);
        self.report(true);
        self.serve(program, lease);
    }

    /// Takes what is in the mailbox; whether there was anything.
    fn take_all(&mut self, program: c_int) -> bool {
        mailbox::each(|task, reply| {
            let fetched = fetch(program, task);
            let fits = self.sockets.has_room() && fetched.is_some_and(|(_, is_same)| is_same);
            let is_taken = reply(fits) && fits;
            match fetched {
                Some((fd, _)) if is_taken => self.sockets.add(task, fd),
                // The last close of a socket can take long: nobody waits for it.
                Some((fd, _)) => sys::close(fd),
                None => {}
            }
        })
    }

    /// Until there is no work left.
    fn serve(&mut self, program: c_int, lease: Lease) {
        let mut is_idle = false;
        let mut rounds = 0;
        loop {
            let posts = mailbox::posts();
            let serves = lease.is_valid();
            if serves && self.take_all(program) {
                is_idle = false;
                rounds += 1;
                if rounds < ROUNDS && self.sockets.has_room() && mailbox::spin_for_post(posts) {
                    continue;
                }
            }
            rounds = 0;
            let is_interrupted = || serves && mailbox::has_post(posts);
            match self.sockets.look(self.process, is_interrupted) {
                Some(Duration::ZERO) => {}
                Some(pause) if serves => mailbox::wait(posts, pause),
                Some(pause) => sys::sleep(pause),
                None if serves && !is_idle => {
                    is_idle = true;
                    mailbox::wait(posts, LINGER);
                    continue;
                }
                None => {
                    lease.give_up();
                    // Posted for this thread in the moment in which it gave up.
                    if !self.take_all(program) {
                        return;
                    }
                }
            }
            is_idle = false;
        }
    }

    /// Closes all but the first socket in the table, which is a copy, and drains that.
    fn drain_first(&mut self) {
        let fd = self.first.fd;
        let number = fd.unsigned_abs();
        let is_alone = (fd == 0 || sys::close_range(0, number - 1, 0).is_ok())
            && sys::close_range(number + 1, c_uint::MAX, 0).is_ok();
        if is_alone {
            self.sockets.add(&self.first, fd);
        }
        self.report(is_alone);
        if is_alone {
            while let Some(pause) = self.sockets.look(self.process, || false) {
                sys::sleep(pause);
            }
        }
    }
}

/// Fetches the socket of `task` from the program's table: a descriptor, and whether it is
/// still the same file.
fn fetch(program: c_int, task: &Task) -> Option<(c_int, bool)> {
    let fd = sys::descriptor_of(program, task.fd).ok()?;
    Some((fd, sys::file_identity(fd) == Some(task.file)))
}
