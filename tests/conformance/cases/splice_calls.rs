// SPDX-License-Identifier: MIT OR Apache-2.0
//! splice(2) out of a socket: how it waits, how it ends, and what it refuses.

use super::splice::{receive_all, splice, with_data, Pipe};
use super::{Entry, BOTH, V4};
use crate::call::{self, must, say, Fd};
use crate::cases::signals;
use crate::elsewhere::{Waiting, LONG};
use crate::peer::Peer;
use crate::scene::Scene;
use libc::{SHUT_RDWR, SOL_SOCKET, SPLICE_F_NONBLOCK};
use std::ffi::c_uint;

pub const CASES: &[Entry] = &[
    ("splice: into a full pipe", BOTH, |scene| {
        let (socket, _peer) = with_data(scene, 10);
        let pipe = Pipe::full();
        let at_once = say(splice(socket, pipe.write, 10, SPLICE_F_NONBLOCK));
        call::non_blocking(pipe.write, true);
        let again = say(splice(socket, pipe.write, 10, 0));
        format!("{at_once} {again}; {}", receive_all(socket, 0, 10))
    }),
    ("splice: waits for room in the pipe", BOTH, |scene| {
        let (socket, _peer) = with_data(scene, 10);
        let pipe = Pipe::full();
        let waiting = Waiting::in_thread(move || say(splice(socket, pipe.write, 10, 0)));
        pipe.empty();
        woken(&waiting)
    }),
    ("splice: no data, without blocking", BOTH, |scene| {
        let (socket, _peer) = scene.connected();
        call::non_blocking(socket, true);
        [0, SPLICE_F_NONBLOCK]
            .map(|flags| say(splice(socket, Pipe::new().write, 10, flags)))
            .join(" ")
    }),
    ("splice: data comes late", BOTH, |scene| {
        [0, SPLICE_F_NONBLOCK]
            .map(|flags| waiting_for(scene, flags, |_, peer| peer.must("send 3")))
            .join(" ")
    }),
    ("splice: the end comes late", BOTH, |scene| {
        let half = waiting_for(scene, 0, |_, peer| peer.must("shutdown 1"));
        let closed = waiting_for(scene, 0, |_, peer| peer.must("close"));
        let shut = waiting_for(scene, 0, |socket, _| {
            must(call::shutdown(socket, SHUT_RDWR));
        });
        format!("{half} {closed} {shut}")
    }),
    ("splice: a reset comes late", BOTH, |scene| {
        waiting_for(scene, 0, |_, peer| peer.must("abort"))
    }),
    ("splice: after the end", BOTH, |scene| {
        let (socket, mut peer) = with_data(scene, 10);
        peer.must("shutdown 1");
        let pipe = Pipe::new();
        [0; 3]
            .map(|_| say(splice(socket, pipe.write, 100, 0)))
            .join(" ")
    }),
    ("splice: after own SHUT_RD", BOTH, |scene| {
        let (socket, _peer) = scene.connected();
        must(call::shutdown(socket, libc::SHUT_RD));
        say(splice(socket, Pipe::new().write, 10, 0))
    }),
    ("splice: not connected", BOTH, |scene| {
        [scene.socket(), scene.listener()]
            .map(|socket| say(splice(socket, Pipe::new().write, 10, 0)))
            .join(" ")
    }),
    ("splice: with offsets", BOTH, |scene| {
        let (socket, _peer) = with_data(scene, 10);
        let pipe = Pipe::new();
        let (mut from, mut to) = (0, 0);
        let none = std::ptr::null_mut();
        let answers = [(&raw mut from, none), (none, &raw mut to)].map(|(from, to)| {
            // SAFETY: a valid offset, and none.
            let moved = unsafe { libc::splice(socket, from, pipe.write, to, 10, 0) };
            say(i64::try_from(moved).unwrap())
        });
        format!("{}; {}", answers.join(" "), receive_all(socket, 0, 10))
    }),
    ("splice: into what is no pipe", BOTH, |scene| {
        let (socket, _peer) = with_data(scene, 10);
        let (other, _other_peer) = scene.connected();
        // SAFETY: a constant name.
        let file = must(unsafe { libc::memfd_create(c"case".as_ptr(), 0) });
        let pipe = Pipe::new();
        let moved = [other, file, -1, pipe.read, socket].map(|to| say(splice(socket, to, 10, 0)));
        format!("{}; {}", moved.join(" "), receive_all(socket, 0, 10))
    }),
    ("splice: from a closed descriptor", V4, |_| {
        say(splice(-1, Pipe::new().write, 10, 0))
    }),
    ("splice: nobody reads the pipe", BOTH, |scene| {
        let (empty, _peer) = scene.connected();
        let (socket, _other_peer) = with_data(scene, 10);
        signals::hold(libc::SIGPIPE);
        let answers = [empty, socket].map(|socket| {
            let pipe = Pipe::new();
            call::close(pipe.read);
            let answer = say(splice(socket, pipe.write, 10, 0));
            format!("{answer}, SIGPIPE {}", signals::next(libc::SIGPIPE, 0))
        });
        format!("{}; {}", answers.join("; "), receive_all(socket, 0, 10))
    }),
    ("splice: nothing, and strange flags", BOTH, |scene| {
        let (socket, _peer) = with_data(scene, 10);
        let pipe = Pipe::new();
        let nothing = [0, 0x10].map(|flags| say(splice(socket, pipe.write, 0, flags)));
        let strange = [0x10, c_uint::MAX].map(|flags| say(splice(socket, pipe.write, 10, flags)));
        let moved = say(splice(socket, pipe.write, 10, 0xd));
        format!("{}; {}; {moved}", nothing.join(" "), strange.join(" "))
    }),
    ("splice: ends after SO_RCVTIMEO", BOTH, |scene| {
        let (socket, _peer) = scene.connected();
        let short = [0_i64.to_ne_bytes(), 50_000_i64.to_ne_bytes()].concat();
        must(call::set(socket, SOL_SOCKET, libc::SO_RCVTIMEO, &short));
        say(splice(socket, Pipe::new().write, 10, 0))
    }),
    ("splice interrupted by a signal", BOTH, |scene| {
        let (socket, _peer) = scene.connected();
        signals::alarm_soon();
        say(splice(socket, Pipe::new().write, 10, 0))
    }),
    (
        "splice goes on after a signal with SA_RESTART",
        BOTH,
        |scene| {
            let (socket, mut peer) = scene.connected();
            signals::when_handled(libc::SA_RESTART, move || peer.must("send 3"));
            say(splice(socket, Pipe::new().write, 10, 0))
        },
    ),
    ("splice: SO_RCVLOWAT", BOTH, |scene| {
        let (socket, mut peer) = scene.connected();
        must(call::set_int(socket, SOL_SOCKET, libc::SO_RCVLOWAT, 8));
        peer.must("send 3");
        say(splice(socket, Pipe::new().write, 10, 0))
    }),
    ("sendfile: from a socket, otherwise", BOTH, |scene| {
        let (socket, _peer) = with_data(scene, 10);
        let (other, _other_peer) = scene.connected();
        let pipe = Pipe::new();
        let (mut offset, none) = (0, std::ptr::null_mut());
        // SAFETY: a constant name, an offset, or none.
        let answers = unsafe {
            let file = must(libc::memfd_create(c"case".as_ptr(), 0));
            [
                (other, none),
                (file, none),
                (pipe.write, &raw mut offset),
                (pipe.read, none),
            ]
            .map(|(to, offset)| {
                let sent = libc::sendfile(to, socket, offset, 10);
                say(i64::try_from(sent).unwrap())
            })
        };
        format!("{}; {}", answers.join(" "), receive_all(socket, 0, 10))
    }),
];

/// What a splice that waits says when something happens to its socket.
fn waiting_for(scene: &Scene, flags: c_uint, happen: fn(Fd, &mut Peer)) -> String {
    let (socket, mut peer) = scene.connected();
    let pipe = Pipe::new();
    let waiting = Waiting::in_thread(move || say(splice(socket, pipe.write, 10, flags)));
    happen(socket, &mut peer);
    woken(&waiting)
}

fn woken(waiting: &Waiting) -> String {
    let woken = waiting.woken(LONG);
    woken.unwrap_or_else(|| "not woken".to_owned())
}
