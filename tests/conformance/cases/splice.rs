// SPDX-License-Identifier: MIT OR Apache-2.0
//! splice(2) out of a socket: what the pipe gets is what was sent, whatever
//! happens to the socket afterwards.

use super::{Entry, BOTH};
use crate::call::{self, must, say, Fd};
use crate::cases::connect;
use crate::peer::{pattern_from, Peer};
use crate::scene::Scene;
use libc::{MSG_PEEK, MSG_WAITALL};
use std::ffi::{c_int, c_uint};

pub const CASES: &[Entry] = &[
    ("splice: then the socket is closed", BOTH, |scene| {
        let (socket, _peer) = with_data(scene, 1000);
        let pipe = Pipe::new();
        let moved = say(splice(socket, pipe.write, 65536, 0));
        call::close(socket);
        let (other, _other_peer) = with_data(scene, 3000);
        let used_again = receive_all(other, 0, 3000);
        format!("{moved}; {used_again}; {}", pipe.take(0, 1000))
    }),
    ("splice: then more comes", BOTH, |scene| {
        let (socket, mut peer) = with_data(scene, 1000);
        let pipe = Pipe::new();
        let moved = say(splice(socket, pipe.write, 1000, 0));
        // Several times around a ring.
        peer.start("send 1000000");
        let received = receive_all(socket, 1000, 1_000_000);
        format!("{moved}; {received}; {}", pipe.take(0, 1000))
    }),
    ("splice: two connections into one pipe", BOTH, |scene| {
        let pipe = Pipe::new();
        let moved = [500, 700].map(|length| {
            let (socket, _peer) = with_data(scene, length);
            let moved = say(splice(socket, pipe.write, 65536, 0));
            call::close(socket);
            moved
        });
        let taken = [500, 700].map(|length| pipe.take(0, length));
        format!("{}; {}", moved.join(" "), taken.join(" "))
    }),
    ("splice: to the end, in pieces of any size", BOTH, |scene| {
        relay(scene, 300_000, &[1, 7, 4096, 100_000], 1 << 16)
    }),
    ("splice: to the end, through 4 KiB", BOTH, |scene| {
        relay(scene, 300_000, &[1 << 20], 4096)
    }),
    ("splice: to the end, through 1 MiB", BOTH, |scene| {
        relay(scene, 3_000_000, &[1 << 20], 1 << 20)
    }),
    ("splice: from socket to socket", BOTH, |scene| {
        let (from, mut sender) = scene.connected();
        let (to, mut receiver) = scene.connected();
        sender.start("send 1000000");
        receiver.start("take 1000000");
        let pipe = Pipe::new();
        let mut total = 0;
        while total < 1_000_000 {
            let moved = usize::try_from(splice(from, pipe.write, 1 << 20, 0)).unwrap();
            assert_ne!(moved, 0, "the end, after {total}");
            let mut sent = 0;
            while sent < moved {
                let more = splice(pipe.read, to, moved - sent, 0);
                sent += usize::try_from(more).unwrap();
            }
            total += moved;
        }
        format!("{total}; {}; {}", sender.answer(), receiver.answer())
    }),
    ("splice: what tee copies", BOTH, |scene| {
        let (socket, _peer) = with_data(scene, 1000);
        let (pipe, copy) = (Pipe::new(), Pipe::new());
        let moved = say(splice(socket, pipe.write, 1000, 0));
        // SAFETY: takes numbers.
        let copied = unsafe { libc::tee(pipe.read, copy.write, 1000, 0) };
        call::close(socket);
        let copied = say(i64::try_from(copied).unwrap());
        format!(
            "{moved} {copied}; {}; {}",
            pipe.take(0, 1000),
            copy.take(0, 1000)
        )
    }),
    ("splice: what was peeked at comes again", BOTH, |scene| {
        let (socket, _peer) = with_data(scene, 10);
        let pipe = Pipe::new();
        let moved = say(splice(socket, pipe.write, 4, 0));
        let peeked = call::receive(socket, &mut [0; 10], MSG_PEEK);
        let rest = say(splice(socket, pipe.write, 10, 0));
        format!("{moved} {peeked} {rest}; {}", pipe.take(0, 10))
    }),
    ("splice: then the connection goes on", BOTH, |scene| {
        let (socket, mut peer) = scene.connected();
        let trip = connect::trip(socket, &mut peer);
        peer.must("send 10");
        let pipe = Pipe::new();
        let moved = say(splice(socket, pipe.write, 10, 0));
        let taken = pipe.take(10, 10);
        peer.must("send 10");
        let received = call::receive(socket, &mut [0; 10], MSG_WAITALL);
        format!("{trip}; {moved}; {taken}; {received}")
    }),
    ("sendfile: from a socket into a pipe", BOTH, |scene| {
        let (socket, _peer) = with_data(scene, 1000);
        let pipe = Pipe::new();
        let none = std::ptr::null_mut();
        // SAFETY: no offset.
        let sent = unsafe { libc::sendfile(pipe.write, socket, none, 1000) };
        let sent = say(i64::try_from(sent).unwrap());
        call::close(socket);
        if sent != "1000" {
            return sent;
        }
        format!("{sent}; {}", pipe.take(0, 1000))
    }),
];

pub struct Pipe {
    pub read: Fd,
    pub write: Fd,
}

impl Pipe {
    pub fn new() -> Self {
        let mut ends = [0; 2];
        // SAFETY: room for two descriptors.
        must(unsafe { libc::pipe(ends.as_mut_ptr()) });
        Self {
            read: ends[0],
            write: ends[1],
        }
    }

    pub fn of_size(size: c_int) -> Self {
        let pipe = Self::new();
        must(call::fcntl(pipe.write, libc::F_SETPIPE_SZ, size));
        pipe
    }

    pub fn full() -> Self {
        let pipe = Self::of_size(4096);
        assert_eq!(pipe.put(&[0; 4096]), 4096);
        pipe
    }

    pub fn put(&self, bytes: &[u8]) -> isize {
        // SAFETY: the bytes are valid for their length.
        unsafe { libc::write(self.write, bytes.as_ptr().cast(), bytes.len()) }
    }

    pub fn empty(&self) {
        let mut room = [0; 4096];
        // SAFETY: room for so many bytes.
        unsafe { libc::read(self.read, room.as_mut_ptr().cast(), room.len()) };
    }

    /// Reads `length` bytes: whether they are those of the pattern at `position`.
    fn take(&self, position: usize, length: usize) -> String {
        let mut taken = vec![0; length];
        let mut got = 0;
        while got < length {
            let room = &mut taken[got..];
            // SAFETY: room for so many bytes.
            let read = unsafe { libc::read(self.read, room.as_mut_ptr().cast(), room.len()) };
            match usize::try_from(read) {
                Ok(more) if more > 0 => got += more,
                _ => return format!("{got} only"),
            }
        }
        if taken == pattern_from(position, length) {
            format!("{got} intact")
        } else {
            format!("{got} damaged")
        }
    }
}

pub fn splice(from: Fd, to: Fd, length: usize, flags: c_uint) -> i64 {
    let none = std::ptr::null_mut();
    // SAFETY: no offsets.
    let moved = unsafe { libc::splice(from, none, to, none, length, flags) };
    i64::try_from(moved).unwrap_or(-1)
}

/// A connection on which so many bytes have arrived.
pub fn with_data(scene: &Scene, length: usize) -> (Fd, Peer) {
    let (socket, mut peer) = scene.connected();
    peer.must(&format!("send {length}"));
    let mut room = vec![0; length];
    call::receive(socket, &mut room, MSG_PEEK | MSG_WAITALL);
    (socket, peer)
}

/// Receives `length` bytes: whether they are those of the pattern at `position`.
pub fn receive_all(socket: Fd, position: usize, length: usize) -> String {
    let mut room = vec![0; length];
    let mut got = 0;
    while got < length {
        match usize::try_from(call::receive(socket, &mut room[got..], 0)) {
            Ok(more) if more > 0 => got += more,
            _ => return format!("received {got} only"),
        }
    }
    let is_intact = room == pattern_from(position, length);
    format!("received {got}{}", if is_intact { "" } else { " damaged" })
}

/// Moves `length` bytes through a pipe, in pieces of these sizes in turn.
fn relay(scene: &Scene, length: usize, pieces: &[usize], room: c_int) -> String {
    let (socket, mut peer) = scene.connected();
    let pipe = Pipe::of_size(room);
    peer.start(&format!("send {length}"));
    let mut sizes = pieces.iter().cycle();
    let mut total = 0;
    while total < length {
        let size = *sizes.next().unwrap();
        let moved = usize::try_from(splice(socket, pipe.write, size, 0)).unwrap();
        let taken = pipe.take(total, moved);
        if moved == 0 || taken != format!("{moved} intact") {
            return format!("at {total}: {moved}, {taken}");
        }
        total += moved;
    }
    peer.answer();
    peer.must("shutdown 1");
    format!(
        "{total} intact, then {}",
        say(splice(socket, pipe.write, 10, 0))
    )
}
