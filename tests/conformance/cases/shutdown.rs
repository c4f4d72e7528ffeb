// SPDX-License-Identifier: MIT OR Apache-2.0
//! `shutdown`, and `getpeername` after it.

use super::{Entry, ALL, BOTH};
use crate::call::{self, error_name, get_int, must, say, wait_for, Fd};
use crate::elsewhere::elsewhere;
use crate::peer::Peer;
use libc::{POLLIN, SHUT_RD, SHUT_RDWR, SHUT_WR, SOL_SOCKET, SO_ACCEPTCONN};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

pub const CASES: &[Entry] = &[
    ("shutdown: not connected", BOTH, |scene| {
        [SHUT_RD, SHUT_WR, SHUT_RDWR]
            .map(|how| say(call::shutdown(scene.socket(), how)))
            .join(" ")
    }),
    ("shutdown: strange ways", BOTH, |scene| {
        let (socket, _peer) = scene.connected();
        [-1, 3, 99]
            .map(|how| say(call::shutdown(socket, how)))
            .join(" ")
    }),
    ("shutdown: connected", BOTH, |scene| {
        [SHUT_RD, SHUT_WR, SHUT_RDWR]
            .map(|how| {
                let (socket, _peer) = scene.connected();
                [0; 2].map(|_| say(call::shutdown(socket, how))).join(" ")
            })
            .join("; ")
    }),
    ("shutdown: what was sent before arrives", ALL, |scene| {
        let (socket, mut peer) = scene.connected();
        let sent = super::send::send_pattern(socket, 1000);
        let shut = say(call::shutdown(socket, SHUT_WR));
        format!("{sent}; {shut}; {}", peer.ask("drain"))
    }),
    ("shutdown: what was corked before arrives", ALL, |scene| {
        let (socket, mut peer) = scene.connected();
        must(call::set_int(socket, libc::IPPROTO_TCP, libc::TCP_CORK, 1));
        let sent = super::send::send_pattern(socket, 1000);
        let shut = say(call::shutdown(socket, SHUT_WR));
        format!("{sent}; {shut}; {}", peer.ask("drain"))
    }),
    (
        "shutdown: a full queue arrives at a slow reader",
        BOTH,
        |scene| {
            let (socket, mut peer) = scene.connected();
            let sent = super::poll::fill(socket);
            let shut = say(call::shutdown(socket, SHUT_WR));
            let taken = peer.ask("drain");
            format!("{shut}; all: {}", taken.starts_with(&format!("{sent} ")))
        },
    ),
    ("shutdown: peer answers afterwards", ALL, |scene| {
        let (socket, mut peer) = scene.connected();
        must(call::shutdown(socket, SHUT_WR));
        let end = peer.ask("drain");
        let sent = peer.ask("send 10");
        format!(
            "{end}; {sent}; {}",
            say(call::receive(socket, &mut [0; 10], libc::MSG_WAITALL))
        )
    }),
    (
        "shutdown: SHUT_RDWR ends the peer's reading",
        BOTH,
        |scene| {
            let (socket, mut peer) = scene.connected();
            let shut = say(call::shutdown(socket, SHUT_RDWR));
            format!("{shut}; {}", peer.ask("drain"))
        },
    ),
    ("shutdown wakes a reader", BOTH, |scene| {
        let (socket, _peer) = scene.connected();
        let reader = elsewhere(move || say(call::receive(socket, &mut [0], 0)));
        let shut = say(call::shutdown(socket, SHUT_RDWR));
        format!("{shut}; {}", reader.join().unwrap())
    }),
    ("shutdown with data unsent wakes a reader", BOTH, |scene| {
        let (socket, mut peer) = scene.connected();
        // More than the peer's ring holds, less than both rings where there are two.
        super::poll::fill_up_to(socket, 100_000);
        let reader = elsewhere(move || say(call::receive(socket, &mut [0], 0)));
        woken(socket, &mut peer, reader)
    }),
    ("shutdown with a full queue wakes a reader", BOTH, |scene| {
        let (socket, mut peer) = scene.connected();
        super::poll::fill(socket);
        let reader = elsewhere(move || say(call::receive(socket, &mut [0], 0)));
        woken(socket, &mut peer, reader)
    }),
    ("shutdown with a full queue wakes a writer", BOTH, |scene| {
        let (socket, mut peer) = scene.connected();
        super::poll::fill(socket);
        let writer = elsewhere(move || {
            // TCP may have a place for the first ones.
            call::send(socket, &[0; 65_536], libc::MSG_NOSIGNAL);
            "ended".to_owned()
        });
        woken(socket, &mut peer, writer)
    }),
    ("shutdown with a full queue wakes poll", BOTH, |scene| {
        let (socket, mut peer) = scene.connected();
        super::poll::fill(socket);
        let waiter = elsewhere(move || call::event_names(wait_for(socket, POLLIN)));
        woken(socket, &mut peer, waiter)
    }),
    ("shutdown of a listener", ALL, |scene| {
        let listener = scene.listener();
        let port = call::name_of(listener).unwrap().port();
        let shut = say(call::shutdown(listener, SHUT_RDWR));
        let listening = get_int(listener, SOL_SOCKET, SO_ACCEPTCONN);
        call::non_blocking(listener, true);
        let accepted = say(call::accept(listener, 0));
        let calls = say(call::connect(scene.socket(), &scene.own(port)));
        format!("{shut}; listening {listening}; accept {accepted}; connect {calls}")
    }),
    ("shutdown of a listener wakes accept", ALL, |scene| {
        let listener = scene.listener();
        let acceptor = elsewhere(move || say(call::accept(listener, 0)));
        let shut = say(call::shutdown(listener, SHUT_RDWR));
        format!("{shut}; {}", acceptor.join().unwrap())
    }),
    (
        "shutdown of a listener wakes accept, SHUT_RD",
        BOTH,
        |scene| {
            let listener = scene.listener();
            let acceptor = elsewhere(move || say(call::accept(listener, 0)));
            let shut = say(call::shutdown(listener, SHUT_RD));
            format!("{shut}; {}", acceptor.join().unwrap())
        },
    ),
    ("shutdown of a listener, SHUT_WR", BOTH, |scene| {
        let listener = scene.listener();
        let shut = say(call::shutdown(listener, SHUT_WR));
        format!(
            "{shut}; listening {}",
            get_int(listener, SOL_SOCKET, SO_ACCEPTCONN)
        )
    }),
    ("shutdown of a listener wakes poll", BOTH, |scene| {
        let listener = scene.listener();
        let shut = say(call::shutdown(listener, SHUT_RDWR));
        wait_for(listener, POLLIN);
        format!("{shut}; {}", call::events(listener))
    }),
    ("shutdown of a listener, then listen again", BOTH, |scene| {
        let listener = scene.listener();
        let shut = say(call::shutdown(listener, SHUT_RDWR));
        let again = say(call::listen(listener, 8));
        let (_child, _peer) = scene.accepted_by(listener);
        format!("{shut}; {again}; accepted")
    }),
    ("peer name: new and listening sockets", BOTH, |scene| {
        format!(
            "{} {}",
            peer_name(scene.socket()),
            peer_name(scene.listener())
        )
    }),
    ("peer name: after own SHUT_WR", BOTH, |scene| {
        let (socket, _peer) = scene.connected();
        must(call::shutdown(socket, SHUT_WR));
        peer_name(socket)
    }),
    ("peer name: after the peer closed", BOTH, |scene| {
        let (socket, mut peer) = scene.connected();
        peer.must("close");
        wait_for(socket, libc::POLLRDHUP);
        peer_name(socket)
    }),
    ("peer name: after both sides shut", BOTH, |scene| {
        let (socket, mut peer) = scene.connected();
        must(call::shutdown(socket, SHUT_WR));
        peer.must("shutdown 1");
        wait_for(socket, libc::POLLHUP);
        peer_name(socket)
    }),
];

/// Shuts `socket` down; what that tells those who are `waiting`, if it is before the
/// peer reads.
fn woken(socket: Fd, peer: &mut Peer, waiting: JoinHandle<String>) -> String {
    let shut = say(call::shutdown(socket, SHUT_RDWR));
    let until = Instant::now() + Duration::from_secs(3);
    while !waiting.is_finished() && Instant::now() < until {
        std::thread::sleep(Duration::from_millis(10));
    }
    let is_woken = waiting.is_finished();
    peer.ask("drain");
    match waiting.join() {
        Ok(told) if is_woken => format!("{shut}; at once {told}"),
        _ => format!("{shut}; not at once"),
    }
}

fn peer_name(fd: Fd) -> String {
    call::peer_of(fd).map_or_else(error_name, |_| "named".to_owned())
}
