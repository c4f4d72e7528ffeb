// SPDX-License-Identifier: MIT OR Apache-2.0
//! `listen` and `accept`.

use super::{connect, Entry, ALL, BOTH};
use crate::call::{self, get_int, must, say, wait_for};
use libc::{POLLIN, SOL_SOCKET};

pub const CASES: &[Entry] = &[
    ("accept", ALL, |scene| {
        let listener = scene.listener();
        let mut peer = scene.caller(listener);
        let (child, from) = call::accept_with_address(listener);
        let from = from.ip_and_port();
        let same = call::peer_of(child) == Ok(from);
        let own = call::name_of(child).unwrap();
        let port = own.port() == call::name_of(listener).unwrap().port();
        let ip = from.unwrap().ip() == own.ip() || scene.peer_is_elsewhere();
        format!(
            "from {same} {port} {ip}; {}",
            connect::trip(child, &mut peer)
        )
    }),
    ("accept flags", BOTH, |scene| {
        let listener = scene.listener();
        let flags = [0, libc::SOCK_NONBLOCK, libc::SOCK_CLOEXEC];
        let said = flags.map(|flag| {
            let _peer = scene.caller(listener);
            let child = must(call::accept(listener, flag));
            let status = call::fcntl(child, libc::F_GETFL, 0);
            format!("{status:o}/{}", call::fcntl(child, libc::F_GETFD, 0))
        });
        said.join(" ")
    }),
    ("accept with a strange flag", BOTH, |scene| {
        say(call::accept(scene.listener(), 1))
    }),
    (
        "accept: the listener's O_NONBLOCK is not inherited",
        BOTH,
        |scene| {
            let listener = scene.listener();
            call::non_blocking(listener, true);
            let empty = say(call::accept(listener, 0));
            let _peer = scene.caller(listener);
            wait_for(listener, POLLIN);
            let child = must(call::accept(listener, 0));
            format!("{empty}; {:o}", call::fcntl(child, libc::F_GETFL, 0))
        },
    ),
    ("accept on sockets that do not listen", BOTH, |scene| {
        let fresh = say(call::accept(scene.socket(), 0));
        let connected = say(call::accept(scene.connected().0, 0));
        format!("{fresh} {connected} {}", say(call::accept(-1, 0)))
    }),
    ("accept ends after SO_RCVTIMEO", BOTH, |scene| {
        let listener = scene.listener();
        let short = [0_i64.to_ne_bytes(), 50_000_i64.to_ne_bytes()].concat();
        must(call::set(listener, SOL_SOCKET, libc::SO_RCVTIMEO, &short));
        say(call::accept(listener, 0))
    }),
    ("accept after the peer sent and closed", ALL, |scene| {
        let listener = scene.listener();
        let mut peer = scene.caller(listener);
        peer.must("send 10");
        peer.must("close");
        let (child, from) = call::accept_with_address(listener);
        let mut room = [0; 20];
        let first = say(call::receive(child, &mut room, libc::MSG_WAITALL));
        format!(
            "{}; {first}; {}",
            from.ip_and_port().is_some(),
            say(call::receive(child, &mut room, 0))
        )
    }),
    ("accept after the peer closed", BOTH, |scene| {
        let listener = scene.listener();
        let mut peer = scene.caller(listener);
        peer.must("close");
        let (child, _) = call::accept_with_address(listener);
        format!(
            "{}; {}",
            say(child.min(0)),
            say(call::receive(child, &mut [0], 0))
        )
    }),
    ("accepted socket: data sent late, blocking", ALL, |scene| {
        let (child, mut peer) = scene.accepted();
        peer.start("send 10");
        say(call::receive(child, &mut [0; 10], libc::MSG_WAITALL))
    }),
    ("accepted socket: end seen late, blocking", ALL, |scene| {
        let (child, mut peer) = scene.accepted();
        peer.start("close");
        say(call::receive(child, &mut [0; 10], 0))
    }),
    ("accepted socket: full, then read", BOTH, |scene| {
        let (child, mut peer) = scene.accepted();
        let sent = super::poll::fill(child);
        peer.start(&format!("take {sent}"));
        wait_for(child, libc::POLLOUT);
        format!("{}", peer.answer().parse() == Ok(sent))
    }),
    ("accepted socket: options of its own", BOTH, |scene| {
        let (child, _peer) = scene.accepted();
        let options = [
            (SOL_SOCKET, libc::SO_KEEPALIVE),
            (SOL_SOCKET, libc::SO_REUSEADDR),
            (libc::IPPROTO_TCP, libc::TCP_NODELAY),
            (libc::IPPROTO_TCP, libc::TCP_KEEPIDLE),
        ];
        options
            .map(|(level, name)| {
                let before = get_int(child, level, name);
                let set = say(call::set_int(child, level, name, 1));
                format!("{before}/{set}/{}", get_int(child, level, name))
            })
            .join(" ")
    }),
    ("accept with TCP_DEFER_ACCEPT, data there", BOTH, |scene| {
        let listener = scene.listener();
        let set = say(call::set_int(
            listener,
            libc::IPPROTO_TCP,
            libc::TCP_DEFER_ACCEPT,
            5,
        ));
        let mut peer = scene.caller(listener);
        peer.must("send 10");
        let child = must(call::accept(listener, 0));
        format!(
            "{set}; {}",
            say(call::receive(child, &mut [0; 10], libc::MSG_WAITALL))
        )
    }),
    ("listen without bind", BOTH, |scene| {
        let socket = scene.socket();
        let answer = say(call::listen(socket, 1));
        format!(
            "{answer}; port: {}",
            call::name_of(socket).is_some_and(|name| name.port() != 0)
        )
    }),
    ("listen again with another backlog", ALL, |scene| {
        let listener = scene.listener();
        let answer = say(call::listen(listener, 64));
        let (child, mut peer) = scene.accepted_by(listener);
        format!("{answer}; {}", connect::trip(child, &mut peer))
    }),
    ("listen with odd backlogs", BOTH, |scene| {
        [-1, 0, i32::MAX, i32::MIN]
            .map(|backlog| say(call::listen(scene.socket(), backlog)))
            .join(" ")
    }),
    ("listen when connected", BOTH, |scene| {
        say(call::listen(scene.connected().0, 1))
    }),
    ("listen on what is no socket", BOTH, |_| {
        let mut ends = [0; 2];
        // SAFETY: room for two descriptors.
        must(unsafe { libc::pipe(ends.as_mut_ptr()) });
        [-1, 999, ends[0]]
            .map(|fd| say(call::listen(fd, 1)))
            .join(" ")
    }),
    ("listen after a refused connect", BOTH, |scene| {
        let socket = scene.socket();
        must(call::bind(socket, &scene.any(0)));
        call::connect(socket, &scene.refusing());
        let answer = say(call::listen(socket, 1));
        if answer != "0" {
            return answer;
        }
        let (child, mut peer) = scene.accepted_by(socket);
        format!("{answer}; {}", connect::trip(child, &mut peer))
    }),
    (
        "listen on a wildcard IPv6 address takes IPv4 too",
        super::V4,
        |scene| {
            let v6 = crate::scene::new_socket(scene.make, crate::scene::Family::V6, 0);
            must(call::listen(v6, 8));
            let (child, mut peer) = scene.accepted_by(v6);
            let mapped = call::peer_of(child)
                .ok()
                .flatten()
                .is_some_and(|name| name.is_ipv6());
            format!("{mapped}; {}", connect::trip(child, &mut peer))
        },
    ),
    (
        "closed listener refuses, its children live on",
        ALL,
        |scene| {
            let listener = scene.listener();
            let port = call::name_of(listener).unwrap().port();
            let (child, mut peer) = scene.accepted_by(listener);
            call::close(listener);
            let refused = say(call::connect(scene.socket(), &scene.own(port)));
            format!("{refused}; {}", connect::trip(child, &mut peer))
        },
    ),
    ("closed listener ends what waits in it", BOTH, |scene| {
        let listener = scene.listener();
        let mut peer = scene.caller(listener);
        // Until then it is the kernel that has it, and ends it in one of two ways.
        wait_for(listener, POLLIN);
        call::close(listener);
        peer.ask("drain")
    }),
];
