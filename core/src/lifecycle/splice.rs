// SPDX-License-Identifier: MIT OR Apache-2.0
//! splice(2) out of an SMC socket, and sendfile(2) into a pipe, which is the same.
//!
//! The kernel puts the pages of the receive ring into the pipe
//! (`net/smc/smc_rx.c`, `smc_rx_splice`): what the pipe holds changes when the ring
//! is used again, by this connection or, after its close, by another one, and a
//! splice that blocks can hold the pipe's lock while it waits for room that only the
//! pipe's reader makes. So the data is copied here.
//!
//! Nothing that was received may be lost: no more is taken from the socket than the
//! pipe has room for, and what was taken is written even if another writer has taken
//! that room meanwhile.

use super::pipe::Pipe;
use crate::sys::{self, Errno};
use crate::{identity, process};
use libc::{EAGAIN, EINVAL, MSG_DONTWAIT, O_NONBLOCK};
use std::ffi::{c_int, c_uint};
use std::mem::MaybeUninit;

/// `include/linux/splice.h`, `SPLICE_F_ALL`: move, nonblock, more, gift.
const ALL_FLAGS: c_uint = 0xf;

/// On the stack of a thread of the program.
const PIECE: usize = 16 * 1024;

type Buffer = [MaybeUninit<u8>; PIECE];

/// Whether what comes out of `fd` has to be copied.
#[inline]
pub fn is_source(fd: c_int) -> bool {
    process::is_active() && identity::is_smc(fd)
}

/// Whether pipe `fd` is empty.
pub fn is_pipe_empty(fd: c_int) -> bool {
    sys::readable(fd) == Ok(0)
}

/// Whether there is nothing after `offset` in file `fd`, or after its own position.
pub fn is_file_at_end(fd: c_int, offset: Option<i64>) -> bool {
    let offset = offset.map_or_else(|| sys::position(fd), Ok);
    let (Ok(offset), Some(size)) = (offset, sys::file_size(fd)) else {
        return false;
    };
    offset >= size
}

/// `splice(socket, NULL, to, NULL, length, flags)` for an SMC socket: how many bytes
/// were moved, or -1 and errno.
#[cold]
pub fn copy(socket: c_int, to: c_int, length: usize, flags: c_uint) -> isize {
    let before = Errno::current();
    let moved = if length == 0 {
        Ok(0)
    } else if flags & !ALL_FLAGS != 0 {
        Err(Errno(EINVAL))
    } else {
        let may_wait = flags & libc::SPLICE_F_NONBLOCK == 0;
        Pipe::open(to, may_wait).and_then(|pipe| move_data(socket, pipe, length))
    };
    match moved {
        Ok(moved) => {
            before.set();
            isize::try_from(moved).unwrap_or(isize::MAX)
        }
        Err(error) => {
            error.set();
            -1
        }
    }
}

fn move_data(socket: c_int, mut pipe: Pipe, length: usize) -> Result<usize, Errno> {
    let mut buffer: Buffer = [MaybeUninit::uninit(); PIECE];
    let mut moved = 0;
    pipe.wait_for_room()?;
    loop {
        let most = pipe.room().min(length - moved).min(PIECE);
        let piece = buffer.get_mut(..most).unwrap_or_default();
        let received = match sys::receive(socket, piece, MSG_DONTWAIT) {
            Err(Errno(EAGAIN)) if moved == 0 && does_block(socket) => wait_for_data(socket, piece)?,
            outcome => outcome?,
        };
        match pipe.write(received) {
            Err(error) if moved == 0 => return Err(error),
            outcome => moved += outcome.unwrap_or(0),
        }
        // An error of the socket is for the call that moves nothing.
        let goes_on = received.len() == most
            && moved < length
            && pipe.has_room()
            && sys::readable(socket).is_ok_and(|bytes| bytes > 0);
        if !goes_on {
            return Ok(moved);
        }
    }
}

fn does_block(socket: c_int) -> bool {
    sys::fcntl(socket, libc::F_GETFL, 0).is_ok_and(|flags| flags & O_NONBLOCK == 0)
}

/// Waits in recv(2), which heeds `SO_RCVTIMEO` and goes on after a signal where
/// splice(2) would. One byte is asked for: more would wait for `SO_RCVLOWAT`, which
/// splice(2) does not heed.
fn wait_for_data(socket: c_int, buffer: &mut [MaybeUninit<u8>]) -> Result<&[u8], Errno> {
    let (first, rest) = buffer.split_at_mut(1);
    if sys::receive_waiting(socket, first)? == 0 {
        return Ok(&[]);
    }
    let further = sys::receive(socket, rest, MSG_DONTWAIT).map_or(0, <[u8]>::len);
    Ok(sys::received_part(buffer, 1 + further))
}
