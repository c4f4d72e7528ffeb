// SPDX-License-Identifier: MIT OR Apache-2.0
//! The pipe that splice(2) writes to: whether it has room, and how much.

use crate::sys::{self, Errno};
use libc::{EAGAIN, EBADF, EINTR, EINVAL, EPIPE, O_NONBLOCK, POLLERR, POLLOUT};
use std::ffi::c_int;
use std::time::Duration;

/// A pipe has room for whole pages (`fs/pipe.c`); on some processors they are larger,
/// and then there is more room than is used here.
const PAGE: usize = 4096;

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
        let flags = sys::fcntl(fd, libc::F_GETFL, 0)?;
        if flags & libc::O_PATH != 0 || flags & libc::O_ACCMODE == libc::O_RDONLY {
            return Err(Errno(EBADF));
        }
        let size = sys::fcntl(fd, libc::F_GETPIPE_SZ, 0).map_err(|_| Errno(EINVAL))?;
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
            if sys::poll_waiting(self.fd, POLLOUT, 0)? & POLLERR != 0 {
                sys::raise(libc::SIGPIPE);
                return Err(Errno(EPIPE));
            }
            if !self.may_wait {
                return Err(Errno(EAGAIN));
            }
            match sys::poll_waiting(self.fd, POLLOUT, -1) {
                Err(Errno(EINTR)) if sys::restarts_after_signals() => {}
                outcome => drop(outcome?),
            }
        }
        Ok(())
    }

    /// Whether something can be written now.
    pub fn has_room(&mut self) -> bool {
        if self.room == 0 {
            let seen = sys::wait_for(self.fd, POLLOUT, Duration::ZERO).unwrap_or(0);
            self.room = match sys::readable(self.fd) {
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
            match sys::write(self.fd, rest) {
                Ok(written) => rest = rest.get(written..).unwrap_or_default(),
                Err(Errno(EINTR)) => {}
                // Another writer has come first.
                Err(Errno(EAGAIN)) => {
                    let _ = sys::wait_for(self.fd, POLLOUT, Duration::from_secs(1));
                }
                Err(error) => return Err(error),
            }
        }
        Ok(data.len())
    }
}
