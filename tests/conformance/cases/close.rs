// SPDX-License-Identifier: MIT OR Apache-2.0
//! What arrives of what was written, and how the end looks to the peer, for
//! each way of ending a connection.

use super::{Entry, ALL, BOTH};
use crate::call::{self, must, say, Fd};
use crate::peer::Peer;
use crate::scene::Scene;
use libc::{IPPROTO_TCP, SOL_SOCKET, SO_LINGER, TCP_CORK};
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;

pub const CASES: &[Entry] = &[
    ("close: peer sees the end", ALL, |scene| {
        let (socket, mut peer) = scene.connected();
        format!("{}; {}", say(call::close(socket)), peer.ask("drain"))
    }),
    ("close: an accepted socket", ALL, |scene| {
        let (socket, mut peer) = scene.accepted();
        super::send::send_pattern(socket, 1000);
        format!("{}; {}", say(call::close(socket)), peer.ask("drain"))
    }),
    ("close: what was written arrives", ALL, |scene| {
        let (socket, mut peer) = scene.connected();
        super::send::send_pattern(socket, 1000);
        call::close(socket);
        peer.ask("drain")
    }),
    ("close: what was corked arrives", ALL, |scene| {
        let (socket, mut peer) = scene.connected();
        cork(socket);
        super::send::send_pattern(socket, 1000);
        call::close(socket);
        peer.ask("drain")
    }),
    (
        "close: a full queue arrives at a slow reader",
        BOTH,
        |scene| {
            let (socket, mut peer) = scene.connected();
            let sent = super::poll::fill(socket);
            call::close(socket);
            all_of(sent, &peer.ask("drain"))
        },
    ),
    (
        "close: a full queue, SO_LINGER of 1 s, fast reader",
        BOTH,
        |scene| {
            let (socket, mut peer) = scene.connected();
            linger(socket, 1, 30);
            let sent = super::poll::fill(socket);
            peer.start("drain");
            call::close(socket);
            all_of(sent, &peer.answer())
        },
    ),
    ("close: SO_LINGER of zero", ALL, |scene| {
        let (socket, mut peer) = scene.connected();
        linger(socket, 1, 0);
        call::close(socket);
        peer.ask("drain")
    }),
    ("close: SO_LINGER with a time", BOTH, |scene| {
        let (socket, mut peer) = scene.connected();
        linger(socket, 1, 5);
        super::send::send_pattern(socket, 1000);
        call::close(socket);
        peer.ask("drain")
    }),
    ("close: with data unread", ALL, |scene| {
        let (socket, mut peer) = scene.connected();
        peer.must("send 10");
        call::receive(socket, &mut [0], 0);
        call::close(socket);
        peer.ask("drain")
    }),
    ("close: twice", BOTH, |scene| {
        let (socket, _peer) = scene.connected();
        [0; 2].map(|_| say(call::close(socket))).join(" ")
    }),
    ("close: the last of two duplicates ends it", BOTH, |scene| {
        let (socket, mut peer) = scene.connected();
        let other = call::dup(socket);
        call::close(socket);
        super::send::send_pattern(other, 1000);
        call::close(other);
        peer.ask("drain")
    }),
    ("dup2 over a connection ends it", BOTH, |scene| {
        let (socket, mut peer) = scene.connected();
        super::send::send_pattern(socket, 1000);
        // SAFETY: takes numbers; the case owns both.
        let answer = say(unsafe { libc::dup2(2, socket) } - socket);
        format!("{answer}; {}", peer.ask("drain"))
    }),
    ("close_range over a connection ends it", BOTH, |scene| {
        let (socket, mut peer) = scene.connected();
        super::send::send_pattern(socket, 1000);
        let number = u32::try_from(socket).unwrap();
        // SAFETY: takes numbers; the case owns the descriptor.
        let answer = unsafe { libc::close_range(number, number, 0) };
        format!("{}; {}", say(answer), peer.ask("drain"))
    }),
    ("_exit: many small writes arrive", ALL, |scene| {
        ended_by(scene, 20, 7400, |socket| {
            small_writes(socket);
            // SAFETY: ends the process.
            unsafe { libc::_exit(0) }
        })
    }),
    ("_exit: what was corked arrives", ALL, |scene| {
        ended_by(scene, 20, 1000, |socket| {
            cork(socket);
            super::send::send_pattern(socket, 1000);
            // SAFETY: ends the process.
            unsafe { libc::_exit(0) }
        })
    }),
    (
        "_exit: what was sent with MSG_MORE arrives",
        BOTH,
        |scene| {
            ended_by(scene, 20, 1000, |socket| {
                let bytes: Vec<_> = (0..1000).map(crate::peer::pattern).collect();
                call::send(socket, &bytes, libc::MSG_MORE);
                // SAFETY: ends the process.
                unsafe { libc::_exit(0) }
            })
        },
    ),
    ("exit: what was corked arrives", BOTH, |scene| {
        ended_by(scene, 20, 1000, |socket| {
            cork(socket);
            super::send::send_pattern(socket, 1000);
            std::process::exit(0)
        })
    }),
    ("exec: what was corked arrives", BOTH, |scene| {
        ended_by(scene, 3, 1000, |socket| {
            call::fcntl(socket, libc::F_SETFD, libc::FD_CLOEXEC);
            cork(socket);
            super::send::send_pattern(socket, 1000);
            let name = c"/bin/true".as_ptr();
            let arguments = [name, std::ptr::null()];
            // SAFETY: a NULL-terminated list of strings.
            unsafe {
                libc::execv(name, arguments.as_ptr());
                libc::_exit(1)
            }
        })
    }),
    ("SIGKILL: what was corked arrives", BOTH, |scene| {
        ended_by(scene, 20, 1000, |socket| {
            cork(socket);
            super::send::send_pattern(socket, 1000);
            // SAFETY: ends the process.
            unsafe {
                libc::raise(libc::SIGKILL);
                libc::_exit(1)
            }
        })
    }),
    (
        "_exit: a full queue arrives at a slow reader",
        BOTH,
        |scene| {
            each_time(5, || {
                let (socket, mut peer) = scene.connected();
                let sent = super::poll::fill(socket);
                let (mut told, mut tell) = UnixStream::pair().unwrap();
                // SAFETY: this process has one thread.
                let child = must(unsafe { libc::fork() });
                if child == 0 {
                    // Until it is the only owner.
                    let _ = told.read(&mut [0]);
                    // SAFETY: ends the process.
                    unsafe { libc::_exit(0) }
                }
                call::close(socket);
                tell.write_all(&[0]).unwrap();
                let drained = peer.ask("drain");
                // SAFETY: our child.
                unsafe { libc::waitpid(child, std::ptr::null_mut(), 0) };
                drained == format!("{sent} then end")
            })
        },
    ),
];

fn cork(socket: Fd) {
    must(call::set_int(socket, IPPROTO_TCP, TCP_CORK, 1));
}

fn linger(socket: Fd, on: i32, seconds: i32) {
    let value = [on.to_ne_bytes(), seconds.to_ne_bytes()].concat();
    must(call::set(socket, SOL_SOCKET, SO_LINGER, &value));
}

fn small_writes(socket: Fd) {
    let bytes: Vec<_> = (0..7400).map(crate::peer::pattern).collect();
    for piece in bytes.chunks(37) {
        call::send(socket, piece, 0);
    }
}

fn all_of(sent: usize, drained: &str) -> String {
    match drained.strip_prefix(&format!("{sent} ")) {
        Some(end) => format!("all {end}"),
        None => format!(
            "not all, {}",
            drained.split_once(' ').map_or("", |(_, end)| end)
        ),
    }
}

/// What the peer gets from processes that have the only descriptor of a
/// connection, send `sent` bytes and end in `last` way.
fn ended_by(scene: &Scene, times: u32, sent: usize, last: fn(Fd)) -> String {
    each_time(times, || {
        let (mut peer, address): (Peer, _) = scene.listening_peer();
        // SAFETY: this process has one thread.
        let child = must(unsafe { libc::fork() });
        if child == 0 {
            let socket = scene.socket();
            must(call::connect(socket, &address));
            last(socket);
        }
        peer.must("accept");
        let drained = peer.ask("drain");
        // SAFETY: our child.
        unsafe { libc::waitpid(child, std::ptr::null_mut(), 0) };
        drained == format!("{sent} then end")
    })
}

/// Many times, because whether data is lost is a race.
fn each_time(times: u32, arrives: impl Fn() -> bool) -> String {
    if (0..times).all(|_| arrives()) {
        "all arrives".to_owned()
    } else {
        "not all arrives each time".to_owned()
    }
}
