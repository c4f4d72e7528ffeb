// SPDX-License-Identifier: MIT OR Apache-2.0
//! Sending while urgent data has not been read yet.

use super::{Entry, BOTH};
use crate::call::{self, event_names, must, say};
use crate::peer::pattern_from;
use libc::{MSG_DONTWAIT, MSG_OOB, POLLOUT};

pub const CASES: &[Entry] = &[
    ("urgent data unread, then more", BOTH, |scene| {
        let (socket, mut peer) = scene.connected();
        peer.must("set 1 10 1"); // SO_OOBINLINE
        let urgent = say(call::send(socket, pattern_from(0, 5), MSG_OOB));
        let more = say(call::send(socket, pattern_from(5, 5), MSG_DONTWAIT));
        format!("{urgent}; {more}; {}", peer.ask("take 10"))
    }),
    ("urgent data unread, then more, blocking", BOTH, |scene| {
        let (socket, mut peer) = scene.connected();
        peer.must("set 1 10 1");
        let urgent = say(call::send(socket, pattern_from(0, 5), MSG_OOB));
        // Nobody reads until this has returned.
        let more = say(call::send(socket, pattern_from(5, 5), 0));
        format!("{urgent}; {more}; {}", peer.ask("take 10"))
    }),
    ("urgent data unread, then more of it", BOTH, |scene| {
        let (socket, mut peer) = scene.connected();
        peer.must("set 1 10 1");
        let sent = [0, 1, 2].map(|at| {
            let byte = pattern_from(at, 1);
            say(call::send(socket, byte, MSG_OOB | MSG_DONTWAIT))
        });
        format!("{}; {}", sent.join(" "), peer.ask("take 3"))
    }),
    ("urgent data unread: room", BOTH, |scene| {
        let (socket, _peer) = scene.connected();
        call::send(socket, &[0; 5], MSG_OOB);
        event_names(call::poll(socket, POLLOUT, 200))
    }),
    ("urgent data unread, then shutdown", BOTH, |scene| {
        let (socket, mut peer) = scene.connected();
        peer.must("set 1 10 1");
        let urgent = say(call::send(socket, pattern_from(0, 5), MSG_OOB));
        must(call::shutdown(socket, libc::SHUT_WR));
        format!("{urgent}; {}", peer.ask("drain"))
    }),
    ("urgent data unread, then close", BOTH, |scene| {
        let (socket, mut peer) = scene.connected();
        peer.must("set 1 10 1");
        let urgent = say(call::send(socket, pattern_from(0, 5), MSG_OOB));
        let more = say(call::send(socket, pattern_from(5, 5), MSG_DONTWAIT));
        call::close(socket);
        format!("{urgent}; {more}; {}", peer.ask("drain"))
    }),
];
