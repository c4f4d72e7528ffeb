// SPDX-License-Identifier: MIT OR Apache-2.0
//! The pipe that splice(2) writes to: whether it has room, and how much.

use super::os::{self, Errno};
use libc::{EAGAIN, EBADF, EINTR, EINVAL, EPIPE, O_NONBLOCK, POLLERR, POLLOUT};
use std::ffi::c_int;
use std::time::Duration;

/// A pipe has room for whole pages (`fs/pipe.c`); on some processors they are larger,
/// and then there is more room than is used here.
const PAGE: usize = 4096;

extern "C-unwind" {
    /// A thread that waits in it can be cancelled.
    fn poll(polled: *mut libc::pollfd, count: libc::nfds_t, milliseconds: c_int) -> c_int;
}

/// The writing end of a pipe.
pub struct Pipe {
    fd: c_int,
    may_wait: bool,
    size: usize,
    /// So many bytes can be written, unless another writer comes first.
    room: usize,
}

impl Pipe {
    /// `may_wait`: for room, unless the pipe has `O_NONBLOCK`.
    ///
    /// # Errors
    /// Those of splice(2).
    pub fn open(fd: c_int, may_wait: bool) -> Result<Self, Errno> {
        let flags = os::fcntl(fd, libc::F_GETFL, 0)?;
        if flags & libc::O_PATH != 0 || flags & libc::O_ACCMODE == libc::O_RDONLY {
            return Err(Errno(EBADF));
        }
        let size = os::fcntl(fd, libc::F_GETPIPE_SZ, 0).map_err(|_| Errno(EINVAL))?;
        Ok(Self {
            fd,
            may_wait: may_wait && flags & O_NONBLOCK == 0,
            size: usize::try_from(size).unwrap_or(PAGE),
            room: 0,
        })
    }

    /// Until there is room for a page at least.
    ///
    /// # Errors
    /// EPIPE (and SIGPIPE) when nobody reads, EAGAIN when it would have to wait, EINTR.
    pub fn wait_for_room(&mut self) -> Result<(), Errno> {
        while !self.has_room() {
            if self.seen(0)? & POLLERR != 0 {
                os::raise(libc::SIGPIPE);
                return Err(Errno(EPIPE));
            }
            if !self.may_wait {
                return Err(Errno(EAGAIN));
            }
            match self.seen(-1) {
                Err(Errno(EINTR)) if os::restarts_after_signals() => {}
                outcome => drop(outcome?),
            }
        }
        Ok(())
    }

    /// What poll(2) sees of it within a time (-1: for ever).
    fn seen(&self, milliseconds: c_int) -> Result<i16, Errno> {
        let mut polled = libc::pollfd {
            fd: self.fd,
            events: POLLOUT,
            revents: 0,
        };
        // SAFETY: one entry.
        if unsafe { poll(&raw mut polled, 1, milliseconds) } == -1 {
            return Err(Errno::current());
        }
        Ok(polled.revents)
    }

    /// Whether something can be written now.
    pub fn has_room(&mut self) -> bool {
        if self.room == 0 {
            let seen = os::wait_for(self.fd, POLLOUT, Duration::ZERO).unwrap_or(0);
            self.room = match os::readable(self.fd) {
                _ if seen & (POLLOUT | POLLERR) != POLLOUT => 0,
                Ok(0) => self.size,
                _ => PAGE,
            };
        }
        self.room > 0
    }

    /// How much can be written, as far as is known; see [`Pipe::has_room`].
    pub fn room(&self) -> usize {
        self.room
    }

    /// Writes all of `data`, which is not longer than the room there was.
    ///
    /// # Errors
    /// EPIPE: nobody reads any more.
    pub fn write(&mut self, data: &[u8]) -> Result<usize, Errno> {
        // Each write may begin a page.
        self.room = self.room.saturating_sub(data.len().next_multiple_of(PAGE));
        let mut rest = data;
        while !rest.is_empty() {
            match os::write(self.fd, rest) {
                Ok(written) => rest = rest.get(written..).unwrap_or_default(),
                Err(Errno(EINTR)) => {}
                // Another writer has come first.
                Err(Errno(EAGAIN)) => {
                    let _ = os::wait_for(self.fd, POLLOUT, Duration::from_secs(1));
                }
                Err(error) => return Err(error),
            }
        }
        Ok(data.len())
    }
}
