// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a socket says it is.

use super::{Entry, ALL, BOTH};
use crate::call::{self, get_int, must, say, Fd};
use crate::scene::Scene;
use libc::{SOL_SOCKET, SO_ACCEPTCONN, SO_DOMAIN, SO_PROTOCOL, SO_TYPE};

pub const CASES: &[Entry] = &[
    ("identity of a new socket", ALL, |scene| {
        identity(scene.socket())
    }),
    ("identity when bound", ALL, |scene| {
        let socket = scene.socket();
        must(call::bind(socket, &scene.any(0)));
        identity(socket)
    }),
    ("identity of a listener", ALL, |scene| {
        identity(scene.listener())
    }),
    ("identity when connected", ALL, |scene| {
        identity(scene.connected().0)
    }),
    ("identity when accepted", ALL, |scene| {
        identity(scene.accepted().0)
    }),
    ("identity after a refused connect", BOTH, |scene| {
        let socket = scene.socket();
        let refused = say(call::connect(socket, &scene.refusing()));
        format!("{refused}; {}", identity(socket))
    }),
    ("identity while connecting", BOTH, |scene| {
        let (socket, deaf) = (scene.non_blocking_socket(), scene.deaf());
        let pending = say(call::connect(socket, &deaf.address));
        format!("{pending}; {}", identity(socket))
    }),
    ("identity of a duplicate", BOTH, |scene| {
        identity(call::dup(scene.connected().0))
    }),
    ("identity in small and large buffers", BOTH, |scene| {
        let socket = scene.socket();
        let rooms = [0, 1, 2, 3, 4, 5, 8, 100];
        let answers = [SO_DOMAIN, SO_PROTOCOL, SO_TYPE].map(|name| {
            rooms
                .map(|room| call::get(socket, SOL_SOCKET, name, room))
                .join(" ")
        });
        answers.join("; ")
    }),
    ("identity of a descriptor that is none", BOTH, |scene| {
        let socket = scene.socket();
        call::close(socket);
        identity(socket)
    }),
    ("identity of a pipe", BOTH, |_| {
        let mut ends = [0; 2];
        // SAFETY: room for two descriptors.
        must(unsafe { libc::pipe(ends.as_mut_ptr()) });
        identity(ends[0])
    }),
    ("identity of other kinds of sockets", BOTH, |scene| {
        let family = scene.family.number();
        let kinds = [
            (family, libc::SOCK_DGRAM, 0),
            (family, libc::SOCK_STREAM, 17),
            (family, 99, 0),
            (libc::AF_UNIX, libc::SOCK_STREAM, 0),
            (libc::AF_UNIX, libc::SOCK_DGRAM, 0),
        ];
        let said =
            kinds.map(
                |(family, kind, protocol)| match call::socket(family, kind, protocol) {
                    -1 => say(-1),
                    fd => identity(fd),
                },
            );
        said.join("; ")
    }),
    ("flags of a new socket", BOTH, |scene| {
        let flags = [0, libc::SOCK_NONBLOCK, libc::SOCK_CLOEXEC];
        let said = flags.map(|flag| {
            let fd = crate::scene::new_socket(scene.make, scene.family, flag);
            let status = call::fcntl(fd, libc::F_GETFL, 0);
            format!("{status:o}/{}", call::fcntl(fd, libc::F_GETFD, 0))
        });
        said.join(" ")
    }),
];

fn identity(fd: Fd) -> String {
    let names = [
        ("domain", SO_DOMAIN),
        ("protocol", SO_PROTOCOL),
        ("type", SO_TYPE),
        ("listening", SO_ACCEPTCONN),
    ];
    let said = names.map(|(name, option)| format!("{name} {}", get_int(fd, SOL_SOCKET, option)));
    said.join(" ")
}

/// The TCP state that `TCP_INFO` begins with.
pub fn tcp_state(fd: Fd) -> String {
    match call::get(fd, libc::IPPROTO_TCP, libc::TCP_INFO, 1).as_str() {
        "x01" => "ESTABLISHED".to_owned(),
        "x02" => "SYN_SENT".to_owned(),
        "x07" => "CLOSE".to_owned(),
        "x08" => "CLOSE_WAIT".to_owned(),
        "x0a" => "LISTEN".to_owned(),
        other => other.to_owned(),
    }
}

/// The states of TCP that a program can see.
pub fn states(scene: &Scene) -> String {
    let (pending, deaf) = (scene.non_blocking_socket(), scene.deaf());
    call::connect(pending, &deaf.address);
    let (connected, _peer) = scene.connected();
    [scene.socket(), scene.listener(), pending, connected]
        .map(tcp_state)
        .join(" ")
}
