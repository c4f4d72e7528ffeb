// SPDX-License-Identifier: MIT OR Apache-2.0
//! Options asked for in odd ways, several options together, and options that
//! do something.

use super::{Entry, ALL, BOTH, V4};
use crate::call::{self, get, get_int, must, say, set, set_int, set_null, Fd};
use libc::{IPPROTO_IP, IPPROTO_TCP, SOL_SOCKET};

pub const CASES: &[Entry] = &[
    ("SOL_SOCKET options with short values", BOTH, |scene| {
        each_length(scene.socket(), SOL_SOCKET, libc::SO_KEEPALIVE)
    }),
    ("TCP_NODELAY with short values", BOTH, |scene| {
        each_length(scene.socket(), IPPROTO_TCP, libc::TCP_NODELAY)
    }),
    ("TCP_FASTOPEN with short values", BOTH, |scene| {
        each_length(scene.socket(), IPPROTO_TCP, libc::TCP_FASTOPEN)
    }),
    ("TCP_ULP of no length", BOTH, |scene| {
        say(set(scene.socket(), IPPROTO_TCP, libc::TCP_ULP, b""))
    }),
    ("short values when connected", BOTH, |scene| {
        let (socket, _peer) = scene.connected();
        let levels = [
            (IPPROTO_TCP, libc::TCP_NODELAY),
            (IPPROTO_TCP, libc::TCP_FASTOPEN),
            (SOL_SOCKET, libc::SO_KEEPALIVE),
        ];
        levels
            .map(|(level, name)| each_length(socket, level, name))
            .join("; ")
    }),
    ("short IP options", V4, |scene| {
        [
            libc::IP_TOS,
            libc::IP_TTL,
            libc::IP_RECVTOS,
            libc::IP_OPTIONS,
            999,
        ]
        .map(|name| each_length(scene.socket(), IPPROTO_IP, name))
        .join("; ")
    }),
    ("values that are NULL", BOTH, |scene| {
        let socket = scene.socket();
        let calls = [
            (SOL_SOCKET, libc::SO_KEEPALIVE, 4),
            (IPPROTO_TCP, libc::TCP_NODELAY, 4),
            (IPPROTO_TCP, libc::TCP_NODELAY, 1),
            (IPPROTO_TCP, libc::TCP_CONGESTION, 3),
            (IPPROTO_TCP, libc::TCP_CONGESTION, 8),
            (IPPROTO_TCP, libc::TCP_FASTOPEN, 4),
            (IPPROTO_TCP, libc::TCP_FASTOPEN, 0),
            (IPPROTO_TCP, libc::TCP_ULP, 3),
        ];
        calls
            .map(|(level, name, length)| say(set_null(socket, level, name, length)))
            .join(" ")
    }),
    ("IP options that are NULL", V4, |scene| {
        let socket = scene.socket();
        let calls = [
            (libc::IP_TOS, 0),
            (libc::IP_TOS, 1),
            (libc::IP_TOS, 4),
            (libc::IP_OPTIONS, 0),
            (libc::IP_OPTIONS, 2),
            (libc::IP_OPTIONS, 4),
            (libc::IP_MULTICAST_LOOP, 0),
            (libc::IP_MULTICAST_LOOP, 4),
        ];
        calls
            .map(|(name, length)| say(set_null(socket, IPPROTO_IP, name, length)))
            .join(" ")
    }),
    ("lengths without end", BOTH, |scene| {
        let socket = scene.socket();
        let value = 1_i32.to_ne_bytes();
        let calls = [
            (SOL_SOCKET, libc::SO_KEEPALIVE),
            (IPPROTO_TCP, libc::TCP_NODELAY),
            (IPPROTO_TCP, libc::TCP_FASTOPEN),
        ];
        calls
            .map(|(level, name)| {
                // SAFETY: the kernel refuses lengths that are negative as an int.
                say(unsafe {
                    libc::setsockopt(socket, level, name, value.as_ptr().cast(), u32::MAX)
                })
            })
            .join(" ")
    }),
    ("reading into small and large buffers", BOTH, |scene| {
        let socket = scene.socket();
        let options = [
            (SOL_SOCKET, libc::SO_KEEPALIVE),
            (SOL_SOCKET, libc::SO_LINGER),
            (SOL_SOCKET, libc::SO_RCVTIMEO),
            (SOL_SOCKET, libc::SO_ERROR),
            (IPPROTO_TCP, libc::TCP_NODELAY),
            (IPPROTO_TCP, libc::TCP_CONGESTION),
            (IPPROTO_TCP, libc::TCP_ULP),
        ];
        options
            .map(|(level, name)| {
                [0, 1, 3, 4, 8, 64]
                    .map(|room| get(socket, level, name, room))
                    .join(" ")
            })
            .join("; ")
    }),
    ("reading IP options", V4, |scene| {
        let socket = scene.socket();
        [libc::IP_TOS, libc::IP_TTL, libc::IP_OPTIONS, libc::IP_MTU]
            .map(|name| {
                [0, 1, 4, 8]
                    .map(|room| get(socket, IPPROTO_IP, name, room))
                    .join(" ")
            })
            .join("; ")
    }),
    ("levels that do not exist", BOTH, |scene| {
        let socket = scene.socket();
        [7, 17, 132, 999]
            .map(|level| {
                format!(
                    "{} {}",
                    say(set_int(socket, level, 99, 1)),
                    get_int(socket, level, 99)
                )
            })
            .join("; ")
    }),
    ("IPv6 options on an IPv4 socket", V4, |scene| {
        let socket = scene.socket();
        [libc::IPV6_V6ONLY, libc::IPV6_MTU_DISCOVER, 30, 33, 34]
            .map(|name| say(set_int(socket, libc::IPPROTO_IPV6, name, 1)))
            .join(" ")
    }),
    ("many options, then TCP_FASTOPEN", BOTH, |scene| {
        let socket = scene.socket();
        let options = set_many(socket);
        let fastopen = say(set_int(socket, IPPROTO_TCP, libc::TCP_FASTOPEN, 5));
        format!("{options}; {fastopen}; {}", read_many(socket))
    }),
    ("many options, then connect", BOTH, |scene| {
        let socket = scene.socket();
        let options = set_many(socket);
        let _peer = scene.connect(socket);
        format!("{options}; {}", read_many(socket))
    }),
    ("many options, then connect(AF_UNSPEC)", BOTH, |scene| {
        let socket = scene.socket();
        let options = set_many(socket);
        let cleared = say(call::connect(socket, &scene.any(0).with_family(0)));
        format!("{options}; {cleared}; {}", read_many(socket))
    }),
    ("many options, connect, connect(AF_UNSPEC)", BOTH, |scene| {
        let socket = scene.socket();
        let options = set_many(socket);
        let _peer = scene.connect(socket);
        let cleared = say(call::connect(socket, &scene.any(0).with_family(0)));
        format!("{options}; {cleared}; {}", read_many(socket))
    }),
    ("many options on a listener, and its child", BOTH, |scene| {
        let listener = scene.socket();
        must(call::bind(listener, &scene.any(0)));
        let options = set_many(listener);
        must(call::listen(listener, 8));
        let (child, _peer) = scene.accepted_by(listener);
        format!(
            "{options}; {}; child {}",
            read_many(listener),
            read_many(child)
        )
    }),
    ("TCP_INFO state", ALL, super::identity::states),
    (
        "TCP_FASTOPEN on a listener that is then called",
        BOTH,
        |scene| {
            let listener = scene.listener();
            let set = say(set_int(listener, IPPROTO_TCP, libc::TCP_FASTOPEN, 5));
            let (child, mut peer) = scene.accepted_by(listener);
            let sent = peer.ask("send 10");
            let got = call::receive(child, &mut [0; 10], libc::MSG_WAITALL);
            format!("{set}; {sent}; {got}")
        },
    ),
    ("TCP_FASTOPEN_CONNECT, connect, send", BOTH, |scene| {
        let socket = scene.socket();
        let set = say(set_int(socket, IPPROTO_TCP, 30, 1));
        let (mut peer, address) = scene.listening_peer();
        let connected = say(call::connect(socket, &address));
        let sent = say(call::send(socket, &[0], 0));
        format!(
            "{set}; {connected}; {sent}; {}; {}",
            peer.ask("accept"),
            peer.ask("take 1")
        )
    }),
    ("kernel TLS set up on a connection", BOTH, |scene| {
        let (socket, _peer) = scene.connected();
        let ulp = say(set(socket, IPPROTO_TCP, libc::TCP_ULP, b"tls"));
        let twice = say(set(socket, IPPROTO_TCP, libc::TCP_ULP, b"tls"));
        format!(
            "{ulp}; {twice}; {}",
            get(socket, IPPROTO_TCP, libc::TCP_ULP, 16)
        )
    }),
    ("TCP_CORK holds back, uncork sends", BOTH, |scene| {
        let (socket, mut peer) = scene.connected();
        let corked = say(set_int(socket, IPPROTO_TCP, libc::TCP_CORK, 1));
        let sent = say(call::send(socket, &[crate::peer::pattern(0)], 0));
        let uncorked = say(set_int(socket, IPPROTO_TCP, libc::TCP_CORK, 0));
        format!("{corked} {sent} {uncorked} {}", peer.ask("take 1"))
    }),
    ("SO_RCVTIMEO ends a wait", BOTH, |scene| {
        let (socket, _peer) = scene.connected();
        let short = [0_i64.to_ne_bytes(), 50_000_i64.to_ne_bytes()].concat();
        must(set(socket, SOL_SOCKET, libc::SO_RCVTIMEO, &short));
        say(call::receive(socket, &mut [0], 0))
    }),
    ("SO_SNDTIMEO ends a wait", BOTH, |scene| {
        let (socket, _peer) = scene.connected();
        let short = [0_i64.to_ne_bytes(), 50_000_i64.to_ne_bytes()].concat();
        must(set(socket, SOL_SOCKET, libc::SO_SNDTIMEO, &short));
        let block = [0; 65536];
        let last = (0..1000)
            .map(|_| call::send(socket, &block, 0))
            .find(|&sent| sent < 0);
        last.map_or("never".to_owned(), say)
    }),
];

/// Sets an option with the first bytes of an int, for each length.
fn each_length(fd: Fd, level: i32, name: i32) -> String {
    let value = 1_i32.to_ne_bytes();
    let answers = [0, 1, 2, 3, 4].map(|length| {
        let answer = say(set(fd, level, name, &value[..length]));
        format!("{answer}/{}", get_int(fd, level, name))
    });
    answers.join(" ")
}

const MANY: [(i32, i32); 9] = [
    (SOL_SOCKET, libc::SO_REUSEADDR),
    (SOL_SOCKET, libc::SO_KEEPALIVE),
    (SOL_SOCKET, libc::SO_OOBINLINE),
    (SOL_SOCKET, libc::SO_PRIORITY),
    (SOL_SOCKET, libc::SO_RCVLOWAT),
    (SOL_SOCKET, libc::SO_MARK),
    (IPPROTO_TCP, libc::TCP_NODELAY),
    (IPPROTO_TCP, libc::TCP_KEEPIDLE),
    (IPPROTO_TCP, libc::TCP_USER_TIMEOUT),
];

fn set_many(fd: Fd) -> String {
    let answers = MANY.map(|(level, name)| say(set_int(fd, level, name, 1)));
    let linger = [1_i32.to_ne_bytes(), 9_i32.to_ne_bytes()].concat();
    let timeout = [9_i64.to_ne_bytes(), 0_i64.to_ne_bytes()].concat();
    let wide = [
        say(set(fd, SOL_SOCKET, libc::SO_LINGER, &linger)),
        say(set(fd, SOL_SOCKET, libc::SO_RCVTIMEO, &timeout)),
        say(set(fd, SOL_SOCKET, libc::SO_SNDTIMEO, &timeout)),
        say(set_int(fd, SOL_SOCKET, libc::SO_SNDBUF, 30_000)),
        say(set_int(fd, SOL_SOCKET, libc::SO_RCVBUF, 30_000)),
    ];
    format!("{} {}", answers.join(" "), wide.join(" "))
}

fn read_many(fd: Fd) -> String {
    let values = MANY.map(|(level, name)| get_int(fd, level, name));
    let wide = [
        get(fd, SOL_SOCKET, libc::SO_LINGER, 8),
        get(fd, SOL_SOCKET, libc::SO_RCVTIMEO, 16),
        get(fd, SOL_SOCKET, libc::SO_SNDTIMEO, 16),
        get_int(fd, SOL_SOCKET, libc::SO_SNDBUF),
        get_int(fd, SOL_SOCKET, libc::SO_RCVBUF),
    ];
    format!("{} {}", values.join(" "), wide.join(" "))
}
