// SPDX-License-Identifier: MIT OR Apache-2.0
//! Each call that sends, when it takes a part: there is an edge when the peer has
//! read, as epoll(7) promises.

use super::splice::{self, Pipe};
use super::{poll, Entry, V4};
use crate::call::{self, must, Fd};
use crate::peer::{plenty, Peer};
use crate::scene::Scene;
use libc::{iovec, EPOLLET, EPOLLOUT, MSG_NOSIGNAL};
use std::ffi::c_void;

/// Offers this much, and says how much was taken, or -1.
type Offer = fn(Fd, &[u8]) -> isize;

pub const CASES: &[Entry] = &[
    ("edge after a short send", V4, |scene| {
        edge_after(scene, |fd, bytes| {
            let (bytes, length) = parts(bytes);
            // SAFETY: so many valid bytes.
            unsafe { libc::send(fd, bytes, length, MSG_NOSIGNAL) }
        })
    }),
    ("edge after a short sendto", V4, |scene| {
        edge_after(scene, |fd, bytes| {
            let (bytes, length) = parts(bytes);
            // SAFETY: so many valid bytes; no address.
            unsafe { libc::sendto(fd, bytes, length, MSG_NOSIGNAL, std::ptr::null(), 0) }
        })
    }),
    ("edge after a short write", V4, |scene| {
        edge_after(scene, |fd, bytes| {
            let (bytes, length) = parts(bytes);
            // SAFETY: so many valid bytes.
            unsafe { libc::write(fd, bytes, length) }
        })
    }),
    ("edge after a short writev", V4, |scene| {
        edge_after(scene, |fd, bytes| {
            let pieces = pieces(bytes);
            // SAFETY: valid pieces.
            unsafe { libc::writev(fd, pieces.as_ptr(), PIECES) }
        })
    }),
    ("edge after a short pwritev2", V4, |scene| {
        edge_after(scene, |fd, bytes| {
            let pieces = pieces(bytes);
            // SAFETY: valid pieces.
            unsafe { libc::pwritev2(fd, pieces.as_ptr(), PIECES, -1, 0) }
        })
    }),
    ("edge after a short sendmsg", V4, |scene| {
        edge_after(scene, |fd, bytes| {
            let mut pieces = pieces(bytes);
            let message = message(&mut pieces);
            // SAFETY: a valid message.
            unsafe { libc::sendmsg(fd, &raw const message.msg_hdr, MSG_NOSIGNAL) }
        })
    }),
    ("edge after a short sendmmsg, one message", V4, |scene| {
        edge_after(scene, |fd, bytes| {
            send_messages(fd, &mut [message(&mut pieces(bytes))])
        })
    }),
    ("edge after a short sendmmsg, many messages", V4, |scene| {
        edge_after(scene, |fd, bytes| {
            let mut pieces = pieces(bytes);
            let mut messages: Vec<_> = pieces.chunks_mut(1).map(message).collect();
            send_messages(fd, &mut messages)
        })
    }),
    ("edge after a short sendfile", V4, |scene| {
        edge_after(scene, |fd, bytes| {
            let (bytes, length) = parts(bytes);
            let mut offset = 0;
            // SAFETY: a constant name, so many valid bytes, a valid offset.
            unsafe {
                let file = must(libc::memfd_create(c"case".as_ptr(), 0));
                assert!(libc::write(file, bytes, length) > 0);
                let sent = libc::sendfile(fd, file, &raw mut offset, length);
                let error = call::errno();
                call::close(file);
                *libc::__errno_location() = error;
                sent
            }
        })
    }),
    ("edge after a short splice", V4, |scene| {
        edge_after(scene, |fd, bytes| {
            let pipe = Pipe::of_size(1 << 20);
            assert_eq!(pipe.put(&bytes[..1 << 20]), 1 << 20);
            let sent = splice::splice(pipe.read, fd, 1 << 20, 0);
            // What is left in the pipe is offered again by another one.
            isize::try_from(sent).unwrap()
        })
    }),
];

/// So much is offered each time, or a megabyte by way of a pipe.
const BIG: usize = 8 << 20;
const PIECES: i32 = 16;

fn parts(bytes: &[u8]) -> (*const c_void, usize) {
    (bytes.as_ptr().cast(), bytes.len())
}

fn pieces(bytes: &[u8]) -> Vec<iovec> {
    let pieces = bytes.chunks(bytes.len() / PIECES as usize);
    let pieces = pieces.map(|piece| iovec {
        iov_base: piece.as_ptr().cast_mut().cast(),
        iov_len: piece.len(),
    });
    pieces.collect()
}

fn message(pieces: &mut [iovec]) -> libc::mmsghdr {
    // SAFETY: plain data; all zeroes is a value.
    let mut message: libc::mmsghdr = unsafe { std::mem::zeroed() };
    message.msg_hdr.msg_iov = pieces.as_mut_ptr();
    message.msg_hdr.msg_iovlen = pieces.len();
    message
}

/// How many bytes `sendmmsg` has sent.
fn send_messages(fd: Fd, messages: &mut [libc::mmsghdr]) -> isize {
    let count = u32::try_from(messages.len()).unwrap();
    // SAFETY: so many valid messages.
    let sent = unsafe { libc::sendmmsg(fd, messages.as_mut_ptr(), count, MSG_NOSIGNAL) };
    let Ok(sent) = usize::try_from(sent) else {
        return -1;
    };
    let bytes: u32 = messages[..sent].iter().map(|message| message.msg_len).sum();
    isize::try_from(bytes).unwrap()
}

/// What epoll says, which was asked for edges before, when the peer has read all that
/// was taken.
fn edge_after(scene: &Scene, offer: Offer) -> String {
    let (socket, mut peer): (_, Peer) = scene.connected();
    call::non_blocking(socket, true);
    poll::queue_stays_as_it_is(socket);
    let epoll = poll::watch(socket, EPOLLOUT | EPOLLET);
    let first = poll::happened(epoll, 1000);
    let mut total = 0;
    let mut was_short = false;
    loop {
        let bytes = &plenty()[total % 65536..][..BIG];
        let taken = usize::try_from(offer(socket, bytes)).unwrap_or(0);
        was_short |= 0 < taken && taken < 1 << 20;
        total += taken;
        let has_room = |limit| poll::happened(epoll, limit) != "nothing";
        if poll::stays_full(socket, has_room) {
            break;
        }
    }
    peer.start(&format!("take {total}"));
    let edge = poll::happened(epoll, 7000);
    let is_all = peer.answer() == total.to_string();
    format!("{first}; short {was_short}; {edge}; all read: {is_all}")
}
