// SPDX-License-Identifier: MIT OR Apache-2.0
//! What poll and epoll say in each state.

use super::{Entry, ALL, BOTH};
use crate::call::{self, event_names, events, must, wait_for, Fd};
use libc::{POLLIN, POLLOUT, POLLPRI, POLLRDHUP};
use std::ffi::c_int;

pub const CASES: &[Entry] = &[
    ("poll: new socket", BOTH, |scene| events(scene.socket())),
    ("poll: bound socket", BOTH, |scene| {
        let socket = scene.socket();
        must(call::bind(socket, &scene.any(0)));
        events(socket)
    }),
    ("poll: listener", BOTH, |scene| events(scene.listener())),
    ("poll: listener with a connection", ALL, |scene| {
        let listener = scene.listener();
        let _peer = scene.caller(listener);
        wait_for(listener, POLLIN);
        events(listener)
    }),
    ("poll: connected", ALL, |scene| events(scene.connected().0)),
    ("poll: accepted", ALL, |scene| events(scene.accepted().0)),
    ("poll: data", ALL, |scene| {
        let (socket, mut peer) = scene.connected();
        peer.must("send 3");
        wait_for(socket, POLLIN);
        events(socket)
    }),
    (
        "poll: data on an accepted socket, sent late",
        ALL,
        |scene| {
            let (socket, mut peer) = scene.accepted();
            let before = events(socket);
            peer.start("send 3");
            wait_for(socket, POLLIN);
            format!("{before}; {}", events(socket))
        },
    ),
    ("poll: urgent data", BOTH, |scene| {
        let (socket, mut peer) = scene.connected();
        peer.must("urgent");
        wait_for(socket, POLLPRI);
        events(socket)
    }),
    ("poll: peer shut its side", ALL, |scene| {
        let (socket, mut peer) = scene.connected();
        peer.must("shutdown 1");
        wait_for(socket, POLLRDHUP);
        events(socket)
    }),
    ("poll: peer closed", ALL, |scene| {
        let (socket, mut peer) = scene.connected();
        peer.must("close");
        wait_for(socket, POLLRDHUP);
        events(socket)
    }),
    (
        "poll: peer closed with data of ours unread",
        BOTH,
        |scene| {
            let (socket, mut peer) = scene.connected();
            call::send(socket, &[0; 10], 0);
            peer.ask("take 3");
            peer.must("close");
            wait_for(socket, POLLRDHUP);
            events(socket)
        },
    ),
    ("poll: peer aborted", BOTH, |scene| {
        let (socket, mut peer) = scene.connected();
        peer.must("abort");
        wait_for(socket, POLLRDHUP);
        events(socket)
    }),
    ("poll: own side shut", BOTH, |scene| {
        let (socket, _peer) = scene.connected();
        must(call::shutdown(socket, libc::SHUT_WR));
        events(socket)
    }),
    ("poll: own reading side shut", BOTH, |scene| {
        let (socket, _peer) = scene.connected();
        must(call::shutdown(socket, libc::SHUT_RD));
        events(socket)
    }),
    ("poll: both sides shut", BOTH, |scene| {
        let (socket, mut peer) = scene.connected();
        must(call::shutdown(socket, libc::SHUT_WR));
        peer.must("shutdown 1");
        wait_for(socket, POLLRDHUP);
        events(socket)
    }),
    ("poll: full", BOTH, |scene| {
        let (socket, _peer) = scene.connected();
        fill(socket);
        events(socket)
    }),
    ("poll: full, then read", BOTH, |scene| {
        let (socket, mut peer) = scene.connected();
        let sent = fill(socket);
        peer.start(&format!("take {sent}"));
        wait_for(socket, POLLOUT);
        let events = events(socket);
        let taken = peer.answer().parse() == Ok(sent);
        format!("{events}; all taken: {taken}")
    }),
    ("poll: less than SO_RCVLOWAT", BOTH, |scene| {
        let (socket, mut peer) = scene.connected();
        must(call::set_int(
            socket,
            libc::SOL_SOCKET,
            libc::SO_RCVLOWAT,
            10,
        ));
        peer.must("send 3");
        let early = event_names(call::poll(socket, POLLIN, 200));
        peer.must("send 7");
        wait_for(socket, POLLIN);
        format!("{early}; {}", events(socket))
    }),
    ("epoll: registered before listen", ALL, |scene| {
        let listener = scene.socket();
        must(call::bind(listener, &scene.any(0)));
        let epoll = watch(listener, libc::EPOLLIN);
        let before = happened(epoll, 0);
        must(call::listen(listener, 8));
        let _peer = scene.caller(listener);
        let event = loop {
            let event = happened(epoll, -1);
            if event.contains("IN") {
                break event;
            }
        };
        format!("{before}; {event}")
    }),
    (
        "epoll: accepted socket, edge-triggered, data sent late",
        ALL,
        |scene| {
            let (socket, mut peer) = scene.accepted();
            let epoll = watch(socket, libc::EPOLLIN | libc::EPOLLRDHUP | libc::EPOLLET);
            let before = happened(epoll, 0);
            peer.start("send 3");
            let data = happened(epoll, -1);
            peer.answer();
            peer.must("shutdown 1");
            format!("{before}; {data}; {}", happened(epoll, -1))
        },
    ),
    (
        "epoll: duplicate stays registered after close",
        BOTH,
        |scene| {
            let (socket, mut peer) = scene.connected();
            let epoll = watch(socket, libc::EPOLLIN);
            let other = call::dup(socket);
            call::close(socket);
            peer.must("send 3");
            let event = happened(epoll, -1);
            format!(
                "{event}; {}",
                call::receive(other, &mut [0; 3], libc::MSG_WAITALL)
            )
        },
    ),
    ("select: connected without blocking", BOTH, |scene| {
        let (mut peer, address) = scene.listening_peer();
        let socket = scene.non_blocking_socket();
        call::connect(socket, &address);
        peer.must("accept");
        // SAFETY: a set on the stack, and a descriptor that fits into it.
        let ready = unsafe {
            let mut set: libc::fd_set = std::mem::zeroed();
            libc::FD_SET(socket, &raw mut set);
            let none = std::ptr::null_mut();
            libc::select(socket + 1, none, &raw mut set, none, std::ptr::null_mut())
        };
        format!(
            "{ready}; {}",
            call::get_int(socket, libc::SOL_SOCKET, libc::SO_ERROR)
        )
    }),
];

/// Sends until it would block, also after queues on the way have filled up;
/// the number of bytes.
pub fn fill(socket: Fd) -> usize {
    fill_up_to(socket, usize::MAX)
}

/// The same with `most` bytes at most.
pub fn fill_up_to(socket: Fd, most: usize) -> usize {
    queue_stays_as_it_is(socket);
    let mut total = 0;
    while total < most {
        let block = crate::peer::pattern_from(total, 16384.min(most - total));
        let sent = call::send(socket, block, libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL);
        if let Ok(sent) = usize::try_from(sent) {
            total += sent;
            continue;
        }
        assert_eq!(call::errno(), libc::EAGAIN);
        if stays_full(socket, |limit| call::poll(socket, POLLOUT, limit) != 0) {
            break;
        }
    }
    total
}

/// Else TCP's queue grows now and then while nobody reads. SMC's rings are there, and
/// stay as they are.
pub fn queue_stays_as_it_is(socket: Fd) {
    must(call::set_int(
        socket,
        libc::SOL_SOCKET,
        libc::SO_SNDBUF,
        65536,
    ));
}

/// Whether the queues of `socket` are full until the peer reads. What is under way
/// to the peer makes room when it has arrived, and so may a receiver that is asked
/// after 200 ms whether it has some; SMC always has something under way. `has_room`
/// says whether there is room within so many milliseconds.
pub fn stays_full(socket: Fd, has_room: impl Fn(c_int) -> bool) -> bool {
    const SIOCOUTQNSD: u64 = 0x894b;
    let mut quiet = 0;
    for _ in 0..10 {
        let [queued, unsent] =
            [libc::TIOCOUTQ, SIOCOUTQNSD].map(|request| call::ioctl_number(socket, request));
        if has_room(100) {
            return false;
        }
        quiet = if queued == unsent { quiet + 1 } else { 0 };
        if quiet == 4 {
            break;
        }
    }
    true
}

/// A new epoll instance that watches `socket`.
pub fn watch(socket: Fd, events: c_int) -> Fd {
    // SAFETY: takes a number.
    let epoll = must(unsafe { libc::epoll_create1(0) });
    #[allow(clippy::cast_sign_loss, reason = "a set of bits")]
    let mut event = libc::epoll_event {
        events: events as u32,
        u64: 0,
    };
    // SAFETY: a valid event.
    must(unsafe { libc::epoll_ctl(epoll, libc::EPOLL_CTL_ADD, socket, &raw mut event) });
    epoll
}

/// The next event within `milliseconds` (-1: for ever).
pub fn happened(epoll: Fd, milliseconds: c_int) -> String {
    let mut event = libc::epoll_event { events: 0, u64: 0 };
    // SAFETY: room for one event.
    let count = unsafe { libc::epoll_wait(epoll, &raw mut event, 1, milliseconds) };
    if count == 0 {
        return "nothing".to_owned();
    }
    let events = event.events;
    event_names(i16::try_from(events & 0x7fff).unwrap_or(0))
}
