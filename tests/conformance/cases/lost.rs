// SPDX-License-Identifier: MIT OR Apache-2.0
//! A connection is lost while it is full: what epoll says of it, whatever became of
//! its number.

use super::edges::{add, LONG};
use super::{poll, sharing, Entry, BOTH, V4};
use crate::call::{self, must, say, Fd};
use crate::scene::Scene;
use libc::{EPOLLET, EPOLLOUT, EPOLLRDHUP, MSG_NOSIGNAL};

pub const CASES: &[Entry] = &[
    ("full, peer closes: the number is closed", BOTH, |scene| {
        lost(scene, |socket| {
            let other = call::dup(socket);
            call::close(socket);
            other
        })
    }),
    (
        "full, peer closes: the number is another file's",
        BOTH,
        |scene| {
            lost(scene, |socket| {
                let other = call::dup(socket);
                // SAFETY: takes numbers; the case owns both.
                must(unsafe { libc::dup2(2, socket) });
                other
            })
        },
    ),
    (
        "full, peer closes: the number is another connection's",
        BOTH,
        |scene| {
            lost(scene, |socket| {
                let other = call::dup(socket);
                let (connection, peer) = scene.connected();
                // Until the case ends.
                std::mem::forget(peer);
                // SAFETY: takes numbers; the case owns both.
                must(unsafe { libc::dup2(connection, socket) });
                other
            })
        },
    ),
    (
        "full, peer closes: one of two with the same data",
        BOTH,
        |scene| {
            let (other, _other_peer) = scene.connected();
            let (socket, mut peer) = scene.connected();
            let epoll = poll::watch(socket, EPOLLOUT | EPOLLET);
            add(epoll, other, EPOLLOUT | EPOLLET);
            poll::fill(socket);
            while poll::happened(epoll, 0) != "nothing" {}
            peer.must("close");
            let told = [LONG, 0].map(|limit| poll::happened(epoll, limit));
            told.join(" ")
        },
    ),
    ("full, peer closes: a child waits", BOTH, |scene| {
        let (socket, mut peer) = scene.connected();
        let epoll = poll::watch(socket, EPOLLOUT | EPOLLET);
        poll::fill(socket);
        while poll::happened(epoll, 0) != "nothing" {}
        peer.must("close");
        sharing::in_child(|| i32::from(poll::happened(epoll, LONG) != "OUT+ERR+HUP"))
    }),
    (
        "full, peer closes: epoll_pwait and epoll_pwait2",
        V4,
        |scene| {
            let waits: [fn(Fd, &mut libc::epoll_event) -> i32; 2] = [
                |epoll, event| {
                    let signals = std::ptr::null();
                    // SAFETY: room for an event.
                    unsafe { libc::epoll_pwait(epoll, event, 1, LONG, signals) }
                },
                |epoll, event| {
                    let limit = libc::timespec {
                        tv_sec: 7,
                        tv_nsec: 0,
                    };
                    let signals = std::ptr::null();
                    // SAFETY: room for an event, a valid limit.
                    unsafe { libc::epoll_pwait2(epoll, event, 1, &raw const limit, signals) }
                },
            ];
            let told = waits.map(|wait| {
                let (socket, mut peer) = scene.connected();
                let epoll = poll::watch(socket, EPOLLOUT | EPOLLET);
                poll::fill(socket);
                while poll::happened(epoll, 0) != "nothing" {}
                peer.must("close");
                let mut event = libc::epoll_event { events: 0, u64: 0 };
                let count = wait(epoll, &mut event);
                let events = event.events;
                let names = call::event_names(i16::try_from(events & 0x7fff).unwrap());
                format!("{} {names}", say(count))
            });
            told.join("; ")
        },
    ),
    ("full, peer closes: many events at once", V4, |scene| {
        // SAFETY: takes a number.
        let epoll = must(unsafe { libc::epoll_create1(0) });
        let mut peers = Vec::new();
        for _ in 0..4 {
            let (socket, peer) = scene.connected();
            poll::fill(socket);
            add(epoll, socket, EPOLLOUT | EPOLLRDHUP);
            peers.push(peer);
        }
        for peer in &mut peers {
            peer.must("close");
        }
        let mut events = [libc::epoll_event { events: 0, u64: 0 }; 8];
        for _ in 0..100 {
            // SAFETY: room for eight events.
            let count = unsafe { libc::epoll_wait(epoll, events.as_mut_ptr(), 8, 100) };
            if count == 4 {
                break;
            }
        }
        let names = events[..4].iter().map(|event| {
            let events = event.events;
            call::event_names(i16::try_from(events & 0x7fff).unwrap())
        });
        names.collect::<Vec<_>>().join(" ")
    }),
];

/// What epoll says of a full connection whose peer has closed, when its number has
/// changed after it was registered.
fn lost(scene: &Scene, change: impl FnOnce(Fd) -> Fd) -> String {
    let (socket, mut peer) = scene.connected();
    let epoll = poll::watch(socket, EPOLLOUT | EPOLLET);
    poll::happened(epoll, LONG);
    let other = change(socket);
    poll::fill(other);
    while poll::happened(epoll, 0) != "nothing" {}
    peer.must("close");
    let told = poll::happened(epoll, LONG);
    let sent = [0; 2].map(|_| say(call::send(other, &[0], MSG_NOSIGNAL)));
    format!("{told}; send {}", sent.join(" "))
}
