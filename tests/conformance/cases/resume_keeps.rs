// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a listener keeps that is stopped and listens again.

use super::resume::{listener_at, resume, stop};
use super::{Entry, BOTH};
use crate::call::{self, get, get_int, must, say, Fd};
use crate::cases::{poll, signals};
use crate::scene::{new_socket, Family, Scene};
use libc::{IPPROTO_IP, IPPROTO_IPV6, IPPROTO_TCP, SOL_SOCKET};

pub const CASES: &[Entry] = &[
    ("stopped listener: its options", BOTH, |scene| {
        let listener = with_options(scene);
        let before = options(listener);
        stop(scene, listener);
        let stopped = others(&before, &options(listener));
        resume(scene, listener);
        let resumed = others(&before, &options(listener));
        let (child, _peer) = scene.accepted_by(listener);
        let child = others(&before, &options(child));
        format!("stopped {stopped}; resumed {resumed}; child {child}")
    }),
    ("stopped listener: its flags", BOTH, |scene| {
        let listener = listener_at(scene, &scene.free());
        call::non_blocking(listener, true);
        must(call::fcntl(listener, libc::F_SETFD, libc::FD_CLOEXEC));
        let flags = || {
            let status = call::fcntl(listener, libc::F_GETFL, 0);
            format!("{status:o}/{}", call::fcntl(listener, libc::F_GETFD, 0))
        };
        let states = [stop, resume].map(|change| {
            change(scene, listener);
            flags()
        });
        states.join(" ")
    }),
    ("stopped listener: its epoll registration", BOTH, |scene| {
        let listener = listener_at(scene, &scene.free());
        let epoll = poll::watch(listener, libc::EPOLLIN);
        stop(scene, listener);
        let stopped = poll::happened(epoll, 3000);
        resume(scene, listener);
        let resumed = poll::happened(epoll, 0);
        let _peer = scene.caller(listener);
        format!("{stopped}; {resumed}; {}", poll::happened(epoll, 3000))
    }),
    (
        "stopped listener: its epoll registration, edge",
        BOTH,
        |scene| {
            let listener = listener_at(scene, &scene.free());
            let epoll = poll::watch(listener, libc::EPOLLIN | libc::EPOLLET);
            stop(scene, listener);
            let stopped = [3000, 0].map(|limit| poll::happened(epoll, limit));
            resume(scene, listener);
            let _peer = scene.caller(listener);
            let called = poll::happened(epoll, 3000);
            format!("{}; {called}", stopped.join(" "))
        },
    ),
    ("stopped listener: SIGIO", BOTH, |scene| {
        let listener = listener_at(scene, &scene.free());
        signals::hold(libc::SIGIO);
        signals::asynchronous(listener);
        let stopped = stop(scene, listener);
        resume(scene, listener);
        while signals::next(libc::SIGIO, 0) {}
        let _peer = scene.caller(listener);
        format!("{stopped}; {}", signals::next(libc::SIGIO, 3000))
    }),
    ("stopped listener: IPv6 alone", super::V4, |scene| {
        let listener = new_socket(scene.make, Family::V6, 0);
        must(call::set_int(listener, IPPROTO_IPV6, libc::IPV6_V6ONLY, 1));
        let port = scene.free().ip_and_port().unwrap().port();
        let v6 = Scene {
            family: Family::V6,
            ..*scene
        };
        must(call::bind(listener, &v6.any(port)));
        must(call::listen(listener, 8));
        stop(scene, listener);
        let resumed = resume(scene, listener);
        let alone = get_int(listener, IPPROTO_IPV6, libc::IPV6_V6ONLY);
        let refused = say(call::connect(scene.socket(), &scene.own(port)));
        format!("{resumed}; {alone}; by IPv4 {refused}")
    }),
];

/// Options with values that are not their defaults, as ints.
const OPTIONS: &[(&str, i32, i32, &[i32])] = &[
    ("SO_REUSEADDR", SOL_SOCKET, libc::SO_REUSEADDR, &[1]),
    ("SO_KEEPALIVE", SOL_SOCKET, libc::SO_KEEPALIVE, &[1]),
    ("SO_LINGER", SOL_SOCKET, libc::SO_LINGER, &[1, 7]),
    // Sets a priority, too.
    ("IP_TOS", IPPROTO_IP, libc::IP_TOS, &[16]),
    ("SO_PRIORITY", SOL_SOCKET, libc::SO_PRIORITY, &[5]),
    ("SO_MARK", SOL_SOCKET, libc::SO_MARK, &[9]),
    ("SO_RCVTIMEO", SOL_SOCKET, libc::SO_RCVTIMEO, &[8, 0, 0, 0]),
    ("SO_OOBINLINE", SOL_SOCKET, libc::SO_OOBINLINE, &[1]),
    ("TCP_NODELAY", IPPROTO_TCP, libc::TCP_NODELAY, &[1]),
    (
        "TCP_DEFER_ACCEPT",
        IPPROTO_TCP,
        libc::TCP_DEFER_ACCEPT,
        &[3],
    ),
    ("TCP_KEEPIDLE", IPPROTO_TCP, libc::TCP_KEEPIDLE, &[33]),
    (
        "TCP_USER_TIMEOUT",
        IPPROTO_TCP,
        libc::TCP_USER_TIMEOUT,
        &[4444],
    ),
    ("IP_TTL", IPPROTO_IP, libc::IP_TTL, &[44]),
];

fn with_options(scene: &Scene) -> Fd {
    let listener = scene.socket();
    for (_, level, name, value) in OPTIONS {
        let bytes: Vec<u8> = value.iter().flat_map(|int| int.to_ne_bytes()).collect();
        must(call::set(listener, *level, *name, &bytes));
    }
    must(call::bind(listener, &scene.free()));
    must(call::listen(listener, 8));
    listener
}

fn options(fd: Fd) -> Vec<String> {
    let values = OPTIONS.iter().map(|(_, level, name, value)| {
        let room = u32::try_from(4 * value.len()).unwrap_or(0);
        get(fd, *level, *name, room)
    });
    values.collect()
}

/// Those that are not as before.
fn others(before: &[String], now: &[String]) -> String {
    let pairs = OPTIONS.iter().zip(before.iter().zip(now));
    let others = pairs
        .filter(|(_, (before, now))| before != now)
        .map(|((name, ..), (_, now))| format!("{name} {now}"));
    let others: Vec<_> = others.collect();
    if others.is_empty() {
        return "the same".to_owned();
    }
    others.join(", ")
}
