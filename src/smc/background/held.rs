// SPDX-License-Identifier: MIT OR Apache-2.0
//! The sockets that a thread holds, and when it looks at each.

use super::{ended, Task};
use crate::smc::{drain, os};
use std::ffi::c_int;
use std::time::Duration;

/// How long a socket is drained whose peer does not read; TCP gives such connections
/// up, too (tcp(7), `tcp_orphan_retries`).
const PATIENCE: u64 = 15 * 60 * SECOND;
const SECOND: u64 = 1_000_000_000;

/// The kernel waits for two seconds before it lets go of such a socket, and the others
/// with it: not one after the other.
const BETWEEN: u64 = 60 * SECOND;

/// So many a thread can hold; more are another's.
const MOST: usize = 2000;

/// The pause between two looks at one socket is at least so long for each socket that
/// is held: all of them together keep the processor busy for a small part of the time.
const SHARE: Duration = Duration::from_micros(20);

/// A socket in the thread's own descriptor table. Zero bytes are a valid one.
#[derive(Clone, Copy)]
struct Held {
    fd: c_int,
    is_to_be_shut: bool,
    /// Nanoseconds of [`os::now`].
    begun: u64,
    due: u64,
}

impl Held {
    fn end(&self) {
        if self.is_to_be_shut {
            let _ = os::shutdown(self.fd, libc::SHUT_WR);
        }
        os::close(self.fd);
    }
}

/// Zero bytes are an empty one.
pub struct Table {
    length: usize,
    /// Until when no socket is given up.
    waits_until: u64,
    places: [Held; MOST],
}

impl Table {
    pub fn has_room(&self) -> bool {
        self.length < MOST
    }

    /// Adds a socket whose number in the thread's table is `fd`, if there is room.
    pub fn add(&mut self, task: &Task, fd: c_int) {
        if let Some(place) = self.places.get_mut(self.length) {
            let now = nanoseconds(os::now());
            *place = Held {
                fd,
                is_to_be_shut: task.is_to_be_shut,
                begun: now,
                due: now,
            };
            self.length += 1;
        }
    }

    /// Looks at each socket that is due, until `is_called`; how long until the next
    /// is, `None` when there is none at all.
    pub fn look(&mut self, process: u32, is_called: impl Fn() -> bool) -> Option<Duration> {
        let now = nanoseconds(os::now());
        let shortest = u32::try_from(self.length).unwrap_or(u32::MAX) * SHARE;
        let mut next = None;
        let mut at = 0;
        while let Some(held) = self.places.get_mut(..self.length)?.get_mut(at) {
            if held.due <= now {
                if is_called() {
                    return Some(Duration::ZERO);
                }
                let so_far = now - held.begun;
                let pause = drain::look(held.fd, Duration::from_nanos(so_far));
                let is_given_up = so_far > PATIENCE && now >= self.waits_until;
                let Some(pause) = pause.filter(|_| !is_given_up) else {
                    held.end();
                    if is_given_up {
                        self.waits_until = now + BETWEEN;
                    }
                    self.remove(at);
                    ended(process);
                    continue;
                };
                held.due = now.saturating_add(nanoseconds(pause.max(shortest)));
            }
            next = Some(next.map_or(held.due, |next| held.due.min(next)));
            at += 1;
        }
        next.map(|next| Duration::from_nanos(next - now))
    }

    /// The last takes the place.
    fn remove(&mut self, at: usize) {
        self.length -= 1;
        if let Some(&last) = self.places.get(self.length) {
            if let Some(place) = self.places.get_mut(at) {
                *place = last;
            }
        }
    }
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
