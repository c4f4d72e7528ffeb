// SPDX-License-Identifier: MIT OR Apache-2.0
//! Receiving.

use super::{Entry, ALL, BOTH};
use crate::call::{self, get_int, must, receive, say, wait_for, Fd};
use libc::{MSG_DONTWAIT, MSG_PEEK, MSG_WAITALL, POLLIN, POLLPRI, POLLRDHUP, SOL_SOCKET, SO_ERROR};

pub const CASES: &[Entry] = &[
    ("receive: not connected", BOTH, |scene| {
        let fresh = say(receive(scene.socket(), &mut [0], 0));
        format!("{fresh} {}", say(receive(scene.listener(), &mut [0], 0)))
    }),
    ("receive: nothing there", BOTH, |scene| {
        let (socket, _peer) = scene.connected();
        let at_once = say(receive(socket, &mut [0], MSG_DONTWAIT));
        call::non_blocking(socket, true);
        format!("{at_once} {}", say(receive(socket, &mut [0], 0)))
    }),
    ("receive: MSG_PEEK, then read", BOTH, |scene| {
        let socket = with_data(scene);
        let peeked = look(socket, 4, MSG_PEEK);
        format!("{peeked} {}", look(socket, 10, MSG_WAITALL))
    }),
    ("receive: MSG_PEEK with MSG_WAITALL", BOTH, |scene| {
        let socket = with_data(scene);
        let peeked = look(socket, 10, MSG_PEEK | MSG_WAITALL);
        format!("{peeked} {}", look(socket, 10, MSG_WAITALL))
    }),
    ("receive: SO_PEEK_OFF", BOTH, |scene| {
        let socket = scene.socket();
        let set = say(call::set_int(socket, SOL_SOCKET, libc::SO_PEEK_OFF, 0));
        let mut peer = scene.connect(socket);
        peer.must("send 10");
        wait_for(socket, POLLIN);
        let peeked = [0; 2].map(|_| look(socket, 4, MSG_PEEK)).join(" ");
        format!("{set}; {peeked}")
    }),
    ("receive: MSG_TRUNC throws away", BOTH, |scene| {
        let socket = with_data(scene);
        let thrown = receive(socket, &mut [0; 4], libc::MSG_TRUNC);
        format!("{thrown} {}", look(socket, 6, MSG_WAITALL))
    }),
    ("receive: MSG_WAITALL in pieces", ALL, |scene| {
        let (socket, mut peer) = scene.connected();
        peer.must("send 4");
        peer.start("send 6");
        look(socket, 10, MSG_WAITALL)
    }),
    ("receive: MSG_WAITALL to the end", BOTH, |scene| {
        let (socket, mut peer) = scene.connected();
        peer.must("send 4");
        peer.must("shutdown 1");
        look(socket, 10, MSG_WAITALL)
    }),
    ("receive: MSG_ERRQUEUE, empty", BOTH, |scene| {
        let (socket, _peer) = scene.connected();
        say(receive(socket, &mut [0], libc::MSG_ERRQUEUE))
    }),
    ("receive: MSG_OOB, nothing urgent", BOTH, |scene| {
        let (socket, _peer) = scene.connected();
        say(receive(socket, &mut [0], libc::MSG_OOB))
    }),
    ("receive: MSG_OOB", BOTH, |scene| {
        let (socket, mut peer) = scene.connected();
        peer.must("send 3");
        peer.must("urgent");
        wait_for(socket, POLLPRI);
        let urgent = look(socket, 1, libc::MSG_OOB);
        format!("{urgent} {}", look(socket, 10, 0))
    }),
    ("receive: SO_OOBINLINE", BOTH, |scene| {
        let (socket, mut peer) = scene.connected();
        must(call::set_int(socket, SOL_SOCKET, libc::SO_OOBINLINE, 1));
        peer.must("send 3");
        peer.must("urgent");
        look(socket, 4, MSG_WAITALL)
    }),
    ("receive: the mark of urgent data", BOTH, |scene| {
        let (socket, mut peer) = scene.connected();
        must(call::set_int(socket, SOL_SOCKET, libc::SO_OOBINLINE, 1));
        peer.must("send 3");
        peer.must("urgent");
        wait_for(socket, POLLPRI);
        let before = call::ioctl_number(socket, 0x8905); // SIOCATMARK
        let data = look(socket, 3, MSG_WAITALL);
        format!("{before} {data} {}", call::ioctl_number(socket, 0x8905))
    }),
    ("receive: SO_RCVLOWAT, blocking", BOTH, |scene| {
        let (socket, mut peer) = scene.connected();
        must(call::set_int(socket, SOL_SOCKET, libc::SO_RCVLOWAT, 8));
        peer.start("send 8");
        look(socket, 10, 0)
    }),
    ("receive: after the peer shut its side", ALL, |scene| {
        let (socket, mut peer) = scene.connected();
        peer.must("send 5");
        peer.must("shutdown 1");
        let data = look(socket, 5, MSG_WAITALL);
        let ends = [0; 2].map(|_| say(receive(socket, &mut [0], 0))).join(" ");
        format!(
            "{data}; {ends}; error {}",
            get_int(socket, SOL_SOCKET, SO_ERROR)
        )
    }),
    (
        "receive: after the peer closed with data unread",
        ALL,
        |scene| {
            let (socket, mut peer) = scene.connected();
            call::send(socket, &[0; 10], 0);
            peer.ask("take 3");
            peer.must("close");
            wait_for(socket, POLLRDHUP);
            end(socket)
        },
    ),
    ("receive: after the peer aborted", ALL, |scene| {
        let (socket, mut peer) = scene.connected();
        peer.must("abort");
        wait_for(socket, POLLRDHUP);
        end(socket)
    }),
    (
        "receive: error after the peer closed with data unread",
        BOTH,
        |scene| {
            let (socket, mut peer) = scene.connected();
            call::send(socket, &[0; 10], 0);
            peer.ask("take 3");
            peer.must("close");
            wait_for(socket, POLLRDHUP);
            get_int(socket, SOL_SOCKET, SO_ERROR)
        },
    ),
    ("receive: blocked while the peer aborts", BOTH, |scene| {
        let (socket, mut peer) = scene.connected();
        peer.start("abort");
        end(socket)
    }),
    ("receive: after own SHUT_RD", BOTH, |scene| {
        let (socket, mut peer) = scene.connected();
        must(call::shutdown(socket, libc::SHUT_RD));
        let empty = say(receive(socket, &mut [0], 0));
        format!("{empty}; peer sends {}", peer.ask("send 5"))
    }),
    ("receive: timestamps", BOTH, |scene| {
        let socket = scene.socket();
        must(call::set_int(socket, SOL_SOCKET, libc::SO_TIMESTAMP, 1));
        let mut peer = scene.connect(socket);
        // The kernel begins to take times a while after it was asked to.
        for _ in 0..100 {
            peer.must("send 5");
            wait_for(socket, POLLIN);
            let message = control_message(socket);
            if message.contains("level") {
                return message;
            }
        }
        "never".to_owned()
    }),
    ("receive: TCP_INQ", BOTH, |scene| {
        let socket = scene.socket();
        must(call::set_int(socket, libc::IPPROTO_TCP, 36, 1));
        let mut peer = scene.connect(socket);
        peer.must("send 5");
        wait_for(socket, POLLIN);
        control_message(socket)
    }),
    ("receive: splice into a pipe", BOTH, |scene| {
        let socket = with_data(scene);
        let (mut ends, none) = ([0; 2], std::ptr::null_mut());
        // SAFETY: room for two descriptors, no offsets.
        let moved = unsafe {
            must(libc::pipe(ends.as_mut_ptr()));
            libc::splice(socket, none, ends[1], none, 10, 0)
        };
        let mut room = [0; 10];
        // SAFETY: room for ten bytes.
        let read = unsafe { libc::read(ends[0], room.as_mut_ptr().cast(), 10) };
        format!(
            "{} {read} {}",
            say(i64::try_from(moved).unwrap()),
            is_pattern(&room)
        )
    }),
];

/// A connection on which ten bytes have arrived.
fn with_data(scene: &crate::scene::Scene) -> Fd {
    let (socket, mut peer) = scene.connected();
    peer.must("send 10");
    let mut room = [0; 10];
    receive(socket, &mut room, MSG_PEEK | MSG_WAITALL);
    // The peer stays until the case ends.
    std::mem::forget(peer);
    socket
}

fn is_pattern(bytes: &[u8]) -> bool {
    bytes
        .iter()
        .enumerate()
        .all(|(place, &byte)| byte == crate::peer::pattern(place))
}

/// The positions of the bytes received: they are those of the pattern, which
/// does not repeat within so few.
fn look(socket: Fd, most: usize, flags: i32) -> String {
    let mut room = vec![0; most];
    let received = receive(socket, &mut room, flags);
    let Ok(length) = usize::try_from(received) else {
        return say(-1);
    };
    let place = |byte: &u8| (0..64).position(|at| crate::peer::pattern(at) == *byte);
    let places = room[..length]
        .iter()
        .map(|byte| place(byte).map_or("?".to_owned(), |at| at.to_string()));
    format!("[{}]", places.collect::<Vec<_>>().join(","))
}

/// How a connection ends for its reader.
fn end(socket: Fd) -> String {
    let first = say(receive(socket, &mut [0], 0));
    let second = say(receive(socket, &mut [0], 0));
    format!(
        "{first} {second}; error {}",
        get_int(socket, SOL_SOCKET, SO_ERROR)
    )
}

/// Level and type of the control message that comes with some data.
fn control_message(socket: Fd) -> String {
    let (mut data, mut room) = ([0_u8; 5], [0_u64; 16]);
    // SAFETY: one buffer for data and one for control messages, both valid.
    unsafe {
        let mut piece = libc::iovec {
            iov_base: data.as_mut_ptr().cast(),
            iov_len: data.len(),
        };
        let mut message: libc::msghdr = std::mem::zeroed();
        message.msg_iov = &raw mut piece;
        message.msg_iovlen = 1;
        message.msg_control = room.as_mut_ptr().cast();
        message.msg_controllen = size_of_val(&room);
        let received = libc::recvmsg(socket, &raw mut message, 0);
        let first = libc::CMSG_FIRSTHDR(&raw const message);
        if first.is_null() {
            return format!("{received}, no control message");
        }
        format!(
            "{received}, level {} type {}",
            (*first).cmsg_level,
            (*first).cmsg_type
        )
    }
}
