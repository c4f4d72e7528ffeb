// SPDX-License-Identifier: MIT OR Apache-2.0
//! How a thread is made, comes by its sockets, and ends.
//!
//! It has a descriptor table of its own, with the sockets that it is about, so there
//! is no number that the program could close or meet. It begins with an empty one and
//! fetches each socket, which takes as long however many descriptors the program has;
//! where that is forbidden, or may be, with a copy of all, for one socket. All signals
//! are blocked. It is made by clone(2) and makes system calls only: no lock and no memory
//! of the C library is touched, so a signal handler may start one.

use super::desk::{self, Seat};
use super::held::Table;
use super::Task;
use crate::smc::os::{self, Errno};
use crate::smc::raw;
use std::ffi::{c_int, c_uint, c_void};
use std::mem::size_of;
use std::sync::atomic::{
    AtomicU32,
    Ordering::{Acquire, Release},
};
use std::time::Duration;

/// Size of a thread's stack in bytes.
const STACK: usize = 32 * 1024;

/// A thread's memory: below, what it knows and holds; above, its stack.
const SIZE: usize = (size_of::<Room>() + STACK).next_multiple_of(4096);

/// A thread with nothing to do waits so long for more: a busy server's next close is
/// not far, and nobody else is to find a thread that it does not expect.
const LINGER: Duration = Duration::from_millis(10);

/// So many times in a row it takes what is there before it looks at what it holds.
const ROUNDS: usize = 64;

struct Room {
    first: Task,
    sockets: Sockets,
    /// Where it says that it has begun: it holds the first socket.
    begun: *const AtomicU32,
    process: u32,
    held: Table,
}

/// How a thread comes by its sockets.
#[derive(Clone, Copy)]
enum Sockets {
    /// It begins with none, and fetches each.
    Fetched,
    /// It begins with all of the program's, and closes all but one.
    Copied,
}

const WAITING: u32 = 0;
const BEGUN: u32 = 1;
const IMPOSSIBLE: u32 = 2;

/// Makes a thread for `task`, which it holds when this returns. Signals are blocked.
/// `is_filtered`: a filter can end the process for a call that it does not expect.
///
/// # Errors
/// When none is to be had.
pub fn start(task: &Task, process: u32, is_filtered: bool) -> Result<(), Errno> {
    if is_filtered {
        return make(task, process, Sockets::Copied);
    }
    make(task, process, Sockets::Fetched).or_else(|_| make(task, process, Sockets::Copied))
}

fn make(task: &Task, process: u32, sockets: Sockets) -> Result<(), Errno> {
    let pages = os::map(SIZE).ok_or(Errno(libc::ENOMEM))?;
    // A child of a fork would keep them for ever.
    os::keep_from_children(pages, SIZE);
    let begun = AtomicU32::new(WAITING);
    #[allow(clippy::cast_ptr_alignment, reason = "pages are aligned for anything")]
    let room = pages.cast::<Room>();
    // SAFETY: fresh pages, aligned, and larger than a room; `held` is zero bytes.
    unsafe {
        (&raw mut (*room).first).write(*task);
        (&raw mut (*room).sockets).write(sockets);
        (&raw mut (*room).begun).write(&raw const begun);
        (&raw mut (*room).process).write(process);
    }
    let files = match sockets {
        Sockets::Fetched => libc::CLONE_FILES,
        Sockets::Copied => 0,
    };
    let flags =
        libc::CLONE_VM | libc::CLONE_SIGHAND | libc::CLONE_THREAD | libc::CLONE_SYSVSEM | files;
    // SAFETY: the end of the pages, where stacks begin.
    let top = unsafe { pages.add(SIZE) };
    // SAFETY: `begin` makes system calls only, on a stack of its own.
    let started = unsafe { os::clone(begin, top.cast(), flags, room.cast()) };
    let thread = started.inspect_err(|_| os::unmap(pages, SIZE))?;
    while begun.load(Acquire) == WAITING {
        os::futex_wait(&begun, WAITING, Duration::from_millis(100));
        // A filter of system calls can end a thread alone (seccomp(2)).
        if os::has_ended(process, thread) && begun.load(Acquire) == WAITING {
            os::unmap(pages, SIZE);
            return Err(Errno(libc::ESRCH));
        }
    }
    if begun.load(Acquire) == IMPOSSIBLE {
        return Err(Errno(libc::ENOSYS));
    }
    Ok(())
}

extern "C" fn begin(room: *mut c_void) -> c_int {
    // SAFETY: written by `make`, which leaves it to this thread.
    let thread = unsafe { &mut *room.cast::<Room>() };
    // Should the program give up its privileges, this thread does not keep these.
    if !os::is_filtered() {
        os::drop_capabilities();
    }
    match thread.sockets {
        Sockets::Fetched => thread.fetch_all(),
        Sockets::Copied => thread.keep_one(),
    }
    // SAFETY: the pages that `make` has mapped for this thread alone.
    unsafe { raw::unmap_and_end(room.cast(), SIZE) }
}

impl Room {
    fn answer(&self, has_begun: bool) {
        let answer = if has_begun { BEGUN } else { IMPOSSIBLE };
        // SAFETY: `make` keeps it until it reads another value; afterwards only the
        // address is used.
        unsafe { (*self.begun).store(answer, Release) };
        os::futex_wake(self.begun);
    }

    /// Leaves the program's descriptor table for an empty one, fetches the first
    /// socket from there, and whatever else is given to it.
    fn fetch_all(&mut self) {
        let program = os::leave_all_descriptors().and_then(|()| os::process_descriptor());
        let Ok(program) = program else {
            return self.answer(false);
        };
        let Some((fd, true)) = fetch(program, &self.first) else {
            return self.answer(false);
        };
        self.held.add(&self.first, fd);
        let seat = Seat::take(self.process);
        self.answer(true);
        self.attend(program, seat);
    }

    /// Whether there was anything at the desk.
    fn take_all(&mut self, program: c_int) -> bool {
        desk::each(|task, answer| {
            let fetched = fetch(program, task);
            let fits = self.held.has_room() && fetched.is_some_and(|(_, is_it)| is_it);
            let is_ours = answer(fits) && fits;
            match fetched {
                Some((fd, _)) if is_ours => self.held.add(task, fd),
                // The last close of a socket can take long: nobody waits for it.
                Some((fd, _)) => os::close(fd),
                None => {}
            }
        })
    }

    /// Until there is nothing left to do.
    fn attend(&mut self, program: c_int, seat: Seat) {
        let mut is_idle = false;
        let mut rounds = 0;
        loop {
            let bell = desk::bell();
            let is_mine = seat.is_mine();
            if is_mine && self.take_all(program) {
                is_idle = false;
                rounds += 1;
                if rounds < ROUNDS && self.held.has_room() && desk::rings_soon(bell) {
                    continue;
                }
            }
            rounds = 0;
            let is_called = || is_mine && desk::has_rung(bell);
            match self.held.look(self.process, is_called) {
                Some(Duration::ZERO) => {}
                Some(pause) if is_mine => desk::wait(bell, pause),
                Some(pause) => os::sleep(pause),
                None if is_mine && !is_idle => {
                    is_idle = true;
                    desk::wait(bell, LINGER);
                    continue;
                }
                None => {
                    seat.leave();
                    // Laid down for this thread, in the moment in which it went.
                    if !self.take_all(program) {
                        return;
                    }
                }
            }
            is_idle = false;
        }
    }

    /// Closes all but the first socket in a table of its own, which is a copy.
    fn keep_one(&mut self) {
        let fd = self.first.fd;
        let number = fd.unsigned_abs();
        let is_alone = (fd == 0 || os::close_range(0, number - 1, 0).is_ok())
            && os::close_range(number + 1, c_uint::MAX, 0).is_ok();
        if is_alone {
            self.held.add(&self.first, fd);
        }
        self.answer(is_alone);
        if is_alone {
            while let Some(pause) = self.held.look(self.process, || false) {
                os::sleep(pause);
            }
        }
    }
}

/// Fetches the socket of `task` from the program's table: a descriptor, and whether it
/// is that file there.
fn fetch(program: c_int, task: &Task) -> Option<(c_int, bool)> {
    let fd = os::descriptor_of(program, task.fd).ok()?;
    Some((fd, os::file_identity(fd) == Some(task.file)))
}
