// SPDX-License-Identifier: MIT OR Apache-2.0
//! `bind` and `getsockname`.

use super::{Entry, ALL, BOTH, V4};
use crate::call::{self, must, say, Fd};

pub const CASES: &[Entry] = &[
    ("bind and its name", ALL, |scene| {
        let socket = scene.socket();
        let answer = say(call::bind(socket, &scene.own(0)));
        format!("{answer}; {}", named(socket))
    }),
    ("name before bind", ALL, |scene| named(scene.socket())),
    ("name when connected", ALL, |scene| {
        named(scene.connected().0)
    }),
    ("bind twice", BOTH, |scene| {
        let socket = scene.socket();
        must(call::bind(socket, &scene.any(0)));
        say(call::bind(socket, &scene.any(0)))
    }),
    ("bind to a used port", ALL, |scene| {
        let listener = scene.listener();
        let port = call::name_of(listener).unwrap().port();
        say(call::bind(scene.socket(), &scene.any(port)))
    }),
    ("bind to a used port with SO_REUSEADDR", BOTH, |scene| {
        let listener = scene.listener();
        let port = call::name_of(listener).unwrap().port();
        let second = scene.socket();
        must(call::set_int(
            second,
            libc::SOL_SOCKET,
            libc::SO_REUSEADDR,
            1,
        ));
        say(call::bind(second, &scene.any(port)))
    }),
    (
        "bind to the port of a connection that was closed here",
        BOTH,
        |scene| {
            let listener = scene.socket();
            must(call::set_int(
                listener,
                libc::SOL_SOCKET,
                libc::SO_REUSEADDR,
                1,
            ));
            must(call::bind(listener, &scene.any(0)));
            must(call::listen(listener, 1));
            let port = call::name_of(listener).unwrap().port();
            let (child, mut peer) = scene.accepted_by(listener);
            call::close(child);
            peer.ask("drain");
            call::close(listener);
            let second = scene.socket();
            must(call::set_int(
                second,
                libc::SOL_SOCKET,
                libc::SO_REUSEADDR,
                1,
            ));
            say(call::bind(second, &scene.any(port)))
        },
    ),
    ("bind when connected", BOTH, |scene| {
        let (socket, _peer) = scene.connected();
        say(call::bind(socket, &scene.any(0)))
    }),
    ("bind to another machine's address", V4, |scene| {
        let elsewhere: std::net::SocketAddr = "192.0.2.77:0".parse().unwrap();
        say(call::bind(scene.socket(), &elsewhere.into()))
    }),
    ("bind to strange addresses", BOTH, |scene| {
        let any = scene.any(0);
        let strange = [
            any.with_family(libc::AF_UNIX),
            any.with_family(libc::AF_UNSPEC),
            any.with_family(43),
            any.with_length(0),
            any.with_length(2),
            any.with_length(8),
            any.with_length(200),
        ];
        let answers = strange.map(|address| say(call::bind(scene.socket(), &address)));
        answers.join(" ")
    }),
    ("bind an IPv6 socket to an IPv4 address", V4, |scene| {
        let v6 = crate::scene::new_socket(scene.make, crate::scene::Family::V6, 0);
        say(call::bind(v6, &scene.own(0)))
    }),
    ("connect from a bound port", ALL, |scene| {
        let socket = scene.socket();
        must(call::bind(socket, &scene.any(0)));
        let before = call::name_of(socket).unwrap().port();
        let _peer = scene.connect(socket);
        let after = call::name_of(socket).unwrap().port();
        format!("same port: {}", before == after)
    }),
];

/// The local address without what is different each time.
fn named(fd: Fd) -> String {
    match call::name_of(fd) {
        Some(name) => format!("{} with a port: {}", name.ip(), name.port() != 0),
        None => say(-1),
    }
}
