// SPDX-License-Identifier: MIT OR Apache-2.0
//! The sockets that a drain thread has, and when it looks at each.

use super::tasks::{self, Task};
use super::{ring, sharing};
use crate::sys;
use std::ffi::c_int;
use std::time::Duration;

/// How long a socket is drained whose peer does not read, in nanoseconds; TCP gives such
/// connections up, too (tcp(7), `tcp_orphan_retries`).
const GIVE_UP_AFTER: u64 = 15 * 60 * SECOND;
const SECOND: u64 = 1_000_000_000;

/// The kernel waits for two seconds before it closes a socket that is given up, and the
/// others wait with it: not one after the other.
const BETWEEN_GIVING_UP: u64 = 60 * SECOND;

/// The most sockets that a thread can have; more go to another thread.
const MOST: usize = 2000;

/// The pause between two looks at one socket is at least this for each socket in the set:
/// all of them together use a small part of the processor.
const SHARE: Duration = Duration::from_micros(20);

/// A socket in the thread's own descriptor table. All zero is a valid one.
#[derive(Clone, Copy)]
struct Socket {
    fd: c_int,
    task: Task,
    /// Nanoseconds of [`sys::now`].
    began: u64,
    due: u64,
}

impl Socket {
    fn close(&self) {
        if self.task.shuts {
            let _ = sys::shutdown(self.fd, libc::SHUT_WR);
        }
        sys::close(self.fd);
    }

    /// A shared socket that no child has any more becomes a counted one before the process
    /// ends. How long until this is worth another look.
    fn look_at_sharing(&mut self, process: u32) -> Duration {
        if self.task.is_counted {
            return Duration::MAX;
        }
        if tasks::is_ending(process) && !sharing::has_child(self.task.fd, self.fd) {
            self.task.become_counted(process);
        }
        tasks::LOOK_AT_SHARED
    }
}

/// All zero is an empty one.
pub(super) struct DrainSet {
    length: usize,
    /// No socket is given up before, in nanoseconds.
    gives_up_from: u64,
    sockets: [Socket; MOST],
}

impl DrainSet {
    pub fn has_room(&self) -> bool {
        self.length < MOST
    }

    /// Adds a socket whose number in the thread's table is `fd`, if there is room.
    pub fn add(&mut self, task: &Task, fd: c_int) {
        if let Some(place) = self.sockets.get_mut(self.length) {
            let now = nanoseconds(sys::now());
            *place = Socket {
                fd,
                task: *task,
                began: now,
                due: now,
            };
            self.length += 1;
        }
    }

    /// Looks at each socket that is due, until `is_interrupted`. How long until the next is
    /// due; `None` when there is none at all.
    pub fn look(&mut self, process: u32, is_interrupted: impl Fn() -> bool) -> Option<Duration> {
        let now = nanoseconds(sys::now());
        let shortest = u32::try_from(self.length).unwrap_or(u32::MAX) * SHARE;
        let mut next = None;
        let mut at = 0;
        while let Some(socket) = self.sockets.get_mut(..self.length)?.get_mut(at) {
            if socket.due <= now {
                if is_interrupted() {
                    return Some(Duration::ZERO);
                }
                let so_far = now - socket.began;
                let pause = ring::pause_until_next_look(socket.fd, Duration::from_nanos(so_far));
                let is_given_up = so_far > GIVE_UP_AFTER && now >= self.gives_up_from;
                let Some(pause) = pause.filter(|_| !is_given_up) else {
                    socket.close();
                    let task = socket.task;
                    if is_given_up {
                        self.gives_up_from = now + BETWEEN_GIVING_UP;
                    }
                    self.remove(at);
                    task.end(process);
                    continue;
                };
                let pause = pause.min(socket.look_at_sharing(process)).max(shortest);
                socket.due = now.saturating_add(nanoseconds(pause));
            }
            next = Some(next.map_or(socket.due, |next| socket.due.min(next)));
            at += 1;
        }
        next.map(|next| Duration::from_nanos(next - now))
    }

    /// The last takes the place.
    fn remove(&mut self, at: usize) {
        self.length -= 1;
        if let Some(&last) = self.sockets.get(self.length) {
            if let Some(place) = self.sockets.get_mut(at) {
                *place = last;
            }
        }
    }
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
