// SPDX-License-Identifier: MIT OR Apache-2.0
//! Edges, one after the other, and several who wait.

use super::{poll, Entry, BOTH};
use crate::call::{self, must, say, Fd};
use crate::peer::{pattern_from, plenty};
use libc::{EPOLLET, EPOLLEXCLUSIVE, EPOLLIN, EPOLLONESHOT, EPOLLOUT, EPOLLRDHUP, MSG_NOSIGNAL};

/// As mio registers sockets.
const ALL_EDGES: i32 = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;

/// How long an event may take that must come, in milliseconds.
pub const LONG: i32 = 7000;

pub const CASES: &[Entry] = &[
    ("edges: more comes while some is unread", BOTH, |scene| {
        let (socket, mut peer) = scene.connected();
        let epoll = poll::watch(socket, EPOLLIN | EPOLLET);
        let told = [0; 3].map(|_| {
            peer.must("send 3");
            let event = poll::happened(epoll, LONG);
            let received = call::receive(socket, &mut [0], 0);
            format!("{event} {received} {}", poll::happened(epoll, 0))
        });
        told.join("; ")
    }),
    ("edges: registered anew", BOTH, |scene| {
        let (socket, mut peer) = scene.connected();
        let epoll = poll::watch(socket, ALL_EDGES);
        let first = poll::happened(epoll, LONG);
        peer.must("send 3");
        let data = poll::happened(epoll, LONG);
        modify(epoll, socket, ALL_EDGES);
        let anew = poll::happened(epoll, LONG);
        format!("{first}; {data}; {anew}; {}", poll::happened(epoll, 0))
    }),
    ("edges: oneshot, armed anew", BOTH, |scene| {
        let (socket, mut peer) = scene.connected();
        let epoll = poll::watch(socket, EPOLLIN | EPOLLONESHOT);
        peer.must("send 3");
        let first = [LONG, 0].map(|limit| poll::happened(epoll, limit));
        peer.must("send 3");
        let unarmed = poll::happened(epoll, 0);
        modify(epoll, socket, EPOLLIN | EPOLLONESHOT);
        let armed = [LONG, 0].map(|limit| poll::happened(epoll, limit));
        format!("{}; {unarmed}; {}", first.join(" "), armed.join(" "))
    }),
    ("edges: room, three times", BOTH, |scene| {
        let (socket, mut peer) = scene.connected();
        call::non_blocking(socket, true);
        poll::queue_stays_as_it_is(socket);
        let epoll = poll::watch(socket, EPOLLOUT | EPOLLET);
        let mut told = vec![poll::happened(epoll, LONG)];
        let mut total = 0;
        for _ in 0..3 {
            let before = total;
            loop {
                let sent = call::send(socket, pattern_from(total, 16384), MSG_NOSIGNAL);
                let has_room = |limit| poll::happened(epoll, limit) != "nothing";
                match usize::try_from(sent) {
                    Ok(sent) => total += sent,
                    Err(_) if poll::stays_full(socket, has_room) => break,
                    Err(_) => {}
                }
            }
            let sent = total - before;
            peer.start(&format!("take {sent}"));
            let edge = poll::happened(epoll, LONG);
            told.push(format!("{edge}, all {}", peer.answer() == sent.to_string()));
        }
        told.join("; ")
    }),
    ("edges: a stream is written", BOTH, |scene| {
        let (socket, mut peer) = scene.connected();
        peer.start(&format!("take {BULK}"));
        let written = write_all(socket, BULK);
        format!("{written}; {}", peer.answer())
    }),
    (
        "edges: a stream is written by an accepted socket",
        BOTH,
        |scene| {
            let (socket, mut peer) = scene.accepted();
            peer.start(&format!("take {BULK}"));
            let written = write_all(socket, BULK);
            format!("{written}; {}", peer.answer())
        },
    ),
    ("edges: a stream is read", BOTH, |scene| {
        let (socket, mut peer) = scene.connected();
        peer.start(&format!("send {BULK}"));
        let read = read_all(socket, BULK);
        format!("{read}; {}", peer.answer())
    }),
    ("edges: a stream is written, then its end", BOTH, |scene| {
        let (socket, mut peer) = scene.connected();
        peer.start("drain");
        let written = write_all(socket, BULK);
        must(call::shutdown(socket, libc::SHUT_WR));
        format!("{written}; {}", peer.answer())
    }),
    ("epoll: two of them are told", BOTH, |scene| {
        let (socket, mut peer) = scene.connected();
        let both = [0; 2].map(|_| poll::watch(socket, EPOLLIN | EPOLLET));
        peer.must("send 3");
        let data = both.map(|epoll| poll::happened(epoll, LONG));
        peer.must("close");
        let end = both.map(|epoll| poll::happened(epoll, LONG));
        format!("{}; {}", data.join(" "), end.join(" "))
    }),
    ("epoll: one in another", BOTH, |scene| {
        let (socket, mut peer) = scene.connected();
        let inner = poll::watch(socket, ALL_EDGES);
        let outer = poll::watch(inner, EPOLLIN);
        let first = [outer, inner].map(|epoll| poll::happened(epoll, LONG));
        let between = poll::happened(outer, 0);
        peer.must("send 3");
        let data = [outer, inner].map(|epoll| poll::happened(epoll, LONG));
        format!("{}; {between}; {}", first.join(" "), data.join(" "))
    }),
    ("epoll: exclusive, two wait for a caller", BOTH, |scene| {
        let listener = scene.listener();
        call::non_blocking(listener, true);
        let both = [0; 2].map(|_| poll::watch(listener, EPOLLIN | EPOLLEXCLUSIVE));
        let _caller = scene.caller(listener);
        // Else the first may be waiting when it comes, and be the only one told.
        call::wait_for(listener, libc::POLLIN);
        let told = both.map(|epoll| poll::happened(epoll, LONG));
        let accepted = [0; 2].map(|_| say(call::accept(listener, 0).min(0)));
        format!("{}; {}", told.join(" "), accepted.join(" "))
    }),
];

/// More than rings and queues hold.
const BULK: usize = 4_000_000;

pub fn add(epoll: Fd, socket: Fd, events: i32) {
    control(epoll, libc::EPOLL_CTL_ADD, socket, events);
}

fn modify(epoll: Fd, socket: Fd, events: i32) {
    control(epoll, libc::EPOLL_CTL_MOD, socket, events);
}

fn control(epoll: Fd, operation: i32, socket: Fd, events: i32) {
    let mut event = libc::epoll_event {
        events: u32::from_ne_bytes(events.to_ne_bytes()),
        u64: 0,
    };
    // SAFETY: a valid event.
    must(unsafe { libc::epoll_ctl(epoll, operation, socket, &raw mut event) });
}

/// Writes so many bytes as a program does that is told by edges, and takes a short send
/// for a sign that it must wait.
fn write_all(socket: Fd, length: usize) -> String {
    call::non_blocking(socket, true);
    let epoll = poll::watch(socket, ALL_EDGES);
    let mut sent = 0;
    while sent < length {
        if !poll::happened(epoll, LONG).contains("OUT") {
            return format!("stalls after {sent}");
        }
        while sent < length {
            let start = sent % 65536;
            let offered = &plenty()[start..][..length - sent];
            match usize::try_from(call::send(socket, offered, MSG_NOSIGNAL)) {
                Ok(more) if more == offered.len() => sent += more,
                Ok(more) => {
                    sent += more;
                    break;
                }
                Err(_) if call::errno() == libc::EAGAIN => break,
                Err(_) => return say(-1),
            }
        }
    }
    format!("{sent} written")
}

/// Reads so many bytes as such a program does.
fn read_all(socket: Fd, length: usize) -> String {
    call::non_blocking(socket, true);
    let epoll = poll::watch(socket, ALL_EDGES);
    let mut room = vec![0; 65536];
    let mut got = 0;
    while got < length {
        if poll::happened(epoll, LONG) == "nothing" {
            return format!("stalls after {got}");
        }
        loop {
            let most = room.len().min(length - got);
            match usize::try_from(call::receive(socket, &mut room[..most], 0)) {
                Ok(0) => break,
                Ok(more) if room[..more] != *pattern_from(got, more) => {
                    return format!("damaged after {got}");
                }
                Ok(more) => got += more,
                Err(_) if call::errno() == libc::EAGAIN => break,
                Err(_) => return say(-1),
            }
        }
    }
    format!("{got} read")
}
