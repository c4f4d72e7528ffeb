// SPDX-License-Identifier: MIT OR Apache-2.0
//! Several listeners on one port, and the filters that choose among them.

use super::{Entry, ALL, BOTH};
use crate::call::{self, get_int, must, say, Fd};
use crate::scene::Scene;
use libc::{SOL_SOCKET, SO_REUSEPORT};

pub const CASES: &[Entry] = &[
    ("two listeners share a port", ALL, |scene| {
        let (first, second) = sharers(scene);
        let listening = say(call::listen(second, 8));
        let mut accepted = 0;
        for _ in 0..6 {
            let _caller = scene.caller(first);
            let ready = [first, second].map(|fd| call::poll(fd, libc::POLLIN, 0));
            let mut waits = ready;
            while waits == [0, 0] {
                let mut entries = [first, second].map(|fd| libc::pollfd {
                    fd,
                    events: libc::POLLIN,
                    revents: 0,
                });
                // SAFETY: two valid entries.
                unsafe { libc::poll(entries.as_mut_ptr(), 2, -1) };
                waits = entries.map(|entry| entry.revents);
            }
            let from = if waits[0] == 0 { second } else { first };
            must(call::accept(from, 0));
            accepted += 1;
        }
        format!("listen {listening}; accepted {accepted}")
    }),
    ("SO_REUSEPORT on the second only", BOTH, |scene| {
        let listener = scene.listener();
        let port = call::name_of(listener).unwrap().port();
        let second = scene.socket();
        let set = say(call::set_int(second, SOL_SOCKET, SO_REUSEPORT, 1));
        format!("{set}; bind {}", say(call::bind(second, &scene.any(port))))
    }),
    ("SO_REUSEPORT after bind", BOTH, |scene| {
        let first = scene.socket();
        must(call::bind(first, &scene.any(0)));
        let port = call::name_of(first).unwrap().port();
        let set = say(call::set_int(first, SOL_SOCKET, SO_REUSEPORT, 1));
        let is = get_int(first, SOL_SOCKET, SO_REUSEPORT);
        let second = scene.socket();
        call::set_int(second, SOL_SOCKET, SO_REUSEPORT, 1);
        let bound = say(call::bind(second, &scene.any(port)));
        let listening = say(call::listen(first, 8));
        format!("{set}; is {is}; second bind {bound}; first listen {listening}")
    }),
    ("SO_REUSEPORT, then zero", BOTH, |scene| {
        let socket = scene.socket();
        let on = say(call::set_int(socket, SOL_SOCKET, SO_REUSEPORT, 1));
        let off = say(call::set_int(socket, SOL_SOCKET, SO_REUSEPORT, 0));
        format!("{on} {off} {}", get_int(socket, SOL_SOCKET, SO_REUSEPORT))
    }),
    ("SO_REUSEPORT keeps what was set before", BOTH, |scene| {
        let socket = scene.socket();
        call::set_int(socket, SOL_SOCKET, libc::SO_KEEPALIVE, 1);
        call::set_int(socket, libc::IPPROTO_TCP, libc::TCP_NODELAY, 1);
        call::set_int(socket, SOL_SOCKET, libc::SO_SNDBUF, 30_000);
        let set = say(call::set_int(socket, SOL_SOCKET, SO_REUSEPORT, 1));
        let kept = [
            get_int(socket, SOL_SOCKET, libc::SO_KEEPALIVE),
            get_int(socket, libc::IPPROTO_TCP, libc::TCP_NODELAY),
            get_int(socket, SOL_SOCKET, libc::SO_SNDBUF),
        ];
        format!("{set}; {}", kept.join(" "))
    }),
    ("reuseport program without a group", BOTH, |scene| {
        attach(scene.socket(), libc::SO_ATTACH_REUSEPORT_CBPF)
    }),
    ("reuseport program before bind", BOTH, |scene| {
        let socket = scene.socket();
        call::set_int(socket, SOL_SOCKET, SO_REUSEPORT, 1);
        attach(socket, libc::SO_ATTACH_REUSEPORT_CBPF)
    }),
    (
        "reuseport program chooses the second listener",
        BOTH,
        |scene| {
            let (first, second) = sharers(scene);
            must(call::listen(second, 8));
            // "Return 1": the second of the group.
            let attached = attach(first, libc::SO_ATTACH_REUSEPORT_CBPF);
            if attached != "0" {
                return attached;
            }
            let _callers = [scene.caller(first), scene.caller(first)];
            must(call::accept(second, 0));
            must(call::accept(second, 0));
            format!("{attached}; first {}", call::events(first))
        },
    ),
    ("reuseport program detached", BOTH, |scene| {
        let (first, _) = sharers(scene);
        let attached = attach(first, libc::SO_ATTACH_REUSEPORT_CBPF);
        let detached = say(call::set_int(first, SOL_SOCKET, 68, 0));
        format!("{attached} {detached}")
    }),
    ("socket filter: attach, lock, detach", BOTH, |scene| {
        let socket = scene.socket();
        let attached = attach(socket, libc::SO_ATTACH_FILTER);
        let length = call::get(socket, SOL_SOCKET, libc::SO_ATTACH_FILTER, 0);
        let locked = say(call::set_int(socket, SOL_SOCKET, libc::SO_LOCK_FILTER, 1));
        let detached = say(call::set_int(socket, SOL_SOCKET, libc::SO_DETACH_FILTER, 0));
        format!("{attached}; {length}; {locked}; {detached}")
    }),
    (
        "socket filter on a listener cuts what its children receive",
        BOTH,
        |scene| {
            let listener = scene.listener();
            let attached = attach(listener, libc::SO_ATTACH_FILTER);
            // "Keep 1 byte": shorter than any header, so every SYN is dropped.
            let caller = scene.non_blocking_socket();
            let port = call::name_of(listener).unwrap().port();
            let calls = say(call::connect(caller, &scene.own(port)));
            let there = call::event_names(call::poll(listener, libc::POLLIN, 300));
            format!("{attached}; {calls}; listener {there}")
        },
    ),
    ("detach a filter that is not there", BOTH, |scene| {
        let socket = scene.socket();
        say(call::set_int(socket, SOL_SOCKET, libc::SO_DETACH_FILTER, 0))
    }),
];

/// Two sockets bound to one port with SO_REUSEPORT; the first listens.
fn sharers(scene: &Scene) -> (Fd, Fd) {
    let (first, second) = (scene.socket(), scene.socket());
    must(call::set_int(first, SOL_SOCKET, SO_REUSEPORT, 1));
    must(call::bind(first, &scene.any(0)));
    must(call::listen(first, 8));
    let port = call::name_of(first).unwrap().port();
    must(call::set_int(second, SOL_SOCKET, SO_REUSEPORT, 1));
    must(call::bind(second, &scene.any(port)));
    (first, second)
}

/// Attaches the program "return 1".
fn attach(fd: Fd, option: i32) -> String {
    let mut program = [libc::sock_filter {
        code: 0x06,
        jt: 0,
        jf: 0,
        k: 1,
    }];
    let programs = libc::sock_fprog {
        len: 1,
        filter: program.as_mut_ptr(),
    };
    let value = (&raw const programs).cast();
    let length = call::length_of::<libc::sock_fprog>();
    // SAFETY: a valid program, for the time of the call.
    say(unsafe { libc::setsockopt(fd, SOL_SOCKET, option, value, length) })
}
