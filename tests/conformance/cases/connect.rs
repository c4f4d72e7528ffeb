// SPDX-License-Identifier: MIT OR Apache-2.0
//! `connect` that ends at once, one way or the other.

use super::{Entry, ALL, BOTH, V4};
use crate::call::{self, error_name, get_int, must, say, Fd};
use crate::scene::Scene;
use libc::{SOL_SOCKET, SO_ERROR};

pub const CASES: &[Entry] = &[
    ("connect", ALL, |scene| {
        let (mut peer, address) = scene.listening_peer();
        let socket = scene.socket();
        let answer = say(call::connect(socket, &address));
        let accepted = peer.ask("accept");
        let same = call::peer_of(socket) == Ok(address.ip_and_port());
        format!(
            "{answer}; accept {accepted}; its name: {same}; {}",
            trip(socket, &mut peer)
        )
    }),
    ("connect twice", BOTH, |scene| {
        let (mut peer, address) = scene.listening_peer();
        let socket = scene.socket();
        must(call::connect(socket, &address));
        peer.must("accept");
        let again = say(call::connect(socket, &address));
        format!("{again}; {}", trip(socket, &mut peer))
    }),
    ("connect without blocking", ALL, |scene| {
        let (mut peer, address) = scene.listening_peer();
        let socket = scene.non_blocking_socket();
        let answer = say(call::connect(socket, &address));
        call::wait_for(socket, libc::POLLOUT);
        let error = get_int(socket, SOL_SOCKET, SO_ERROR);
        let again = [0; 2]
            .map(|_| say(call::connect(socket, &address)))
            .join(" ");
        peer.must("accept");
        call::non_blocking(socket, false);
        format!(
            "{answer}; {error}; again {again}; {}",
            trip(socket, &mut peer)
        )
    }),
    ("connect, refused", ALL, |scene| {
        let socket = scene.socket();
        let answer = say(call::connect(socket, &scene.refusing()));
        format!(
            "{answer}; error {}; {}",
            get_int(socket, SOL_SOCKET, SO_ERROR),
            call::events(socket)
        )
    }),
    ("connect, refused, then again", BOTH, |scene| {
        let socket = scene.socket();
        let refused = say(call::connect(socket, &scene.refusing()));
        let (mut peer, address) = scene.listening_peer();
        let answer = call::connect(socket, &address);
        let said = say(answer);
        if answer == -1 {
            return format!("{refused}; {said}");
        }
        peer.must("accept");
        format!("{refused}; {said}; {}", trip(socket, &mut peer))
    }),
    (
        "connect from a bound address, refused, then again",
        ALL,
        |scene| {
            let (own, socket) = (scene.free(), scene.socket());
            must(call::bind(socket, &own));
            let refused = say(call::connect(socket, &scene.refusing()));
            let mut peer = scene.connect(socket);
            let is_from_there = call::name_of(socket) == own.ip_and_port();
            format!(
                "{refused}; from there {is_from_there}; {}",
                trip(socket, &mut peer)
            )
        },
    ),
    ("connect without blocking, refused", ALL, |scene| {
        let socket = scene.non_blocking_socket();
        let answer = say(call::connect(socket, &scene.refusing()));
        call::wait_for(socket, libc::POLLOUT);
        let selected = call::selected(socket);
        let errors = [0; 2]
            .map(|_| get_int(socket, SOL_SOCKET, SO_ERROR))
            .join(" ");
        format!(
            "{answer}; select {selected}; errors {errors}; {}",
            call::events(socket)
        )
    }),
    (
        "connect without blocking, refused, told by connect",
        BOTH,
        |scene| {
            let socket = scene.non_blocking_socket();
            let nowhere = scene.refusing();
            call::connect(socket, &nowhere);
            call::wait_for(socket, libc::POLLOUT);
            say(call::connect(socket, &nowhere))
        },
    ),
    (
        "connect without blocking, refused, then again",
        ALL,
        |scene| {
            let socket = scene.non_blocking_socket();
            call::connect(socket, &scene.refusing());
            call::wait_for(socket, libc::POLLOUT);
            let error = get_int(socket, SOL_SOCKET, SO_ERROR);
            let (mut peer, address) = scene.listening_peer();
            call::non_blocking(socket, false);
            for _ in 0..3 {
                if call::connect(socket, &address) == 0 {
                    peer.must("accept");
                    return format!("{error}; can connect again; {}", trip(socket, &mut peer));
                }
            }
            format!("{error}; {} for ever", error_name(call::errno()))
        },
    ),
    ("connect without a route", V4, |scene| {
        let nowhere: std::net::SocketAddr = "224.0.0.1:9".parse().unwrap();
        let blocking = say(call::connect(scene.socket(), &nowhere.into()));
        let other = scene.non_blocking_socket();
        let answer = say(call::connect(other, &nowhere.into()));
        let error = get_int(other, SOL_SOCKET, SO_ERROR);
        format!("{blocking}; {answer}; {error}; {}", call::events(other))
    }),
    ("connect to nothing, unconnected", ALL, |scene| {
        let socket = scene.socket();
        let cleared = say(call::connect(socket, &scene.any(0).with_family(0)));
        let mut peer = scene.connect(socket);
        format!("{cleared}; {}", trip(socket, &mut peer))
    }),
    ("connect to nothing, connected, then again", ALL, |scene| {
        let (socket, mut first) = scene.connected();
        let cleared = say(call::connect(socket, &scene.any(0).with_family(0)));
        let end = first.ask("drain");
        let state = format!(
            "{:?} {}",
            call::peer_of(socket).err().map(error_name),
            call::events(socket)
        );
        let mut second = scene.connect(socket);
        format!(
            "{cleared}; peer {end}; {state}; {}",
            trip(socket, &mut second)
        )
    }),
    (
        "connect to nothing, connected, then listen",
        BOTH,
        |scene| {
            let socket = scene.socket();
            must(call::bind(socket, &scene.any(0)));
            let _peer = scene.connect(socket);
            let cleared = say(call::connect(socket, &scene.any(0).with_family(0)));
            format!("{cleared}; {}", say(call::listen(socket, 1)))
        },
    ),
    ("connect to nothing on a listener", BOTH, |scene| {
        let listener = scene.listener();
        let cleared = say(call::connect(listener, &scene.any(0).with_family(0)));
        format!(
            "{cleared}; listening {}",
            get_int(listener, SOL_SOCKET, libc::SO_ACCEPTCONN)
        )
    }),
    ("connect to nothing after a refusal", BOTH, |scene| {
        let socket = scene.non_blocking_socket();
        call::connect(socket, &scene.refusing());
        call::wait_for(socket, libc::POLLOUT);
        let cleared = say(call::connect(socket, &scene.any(0).with_family(0)));
        call::non_blocking(socket, false);
        let (_peer, address) = scene.listening_peer();
        format!("{cleared}; {}", say(call::connect(socket, &address)))
    }),
    ("connect to strange addresses", BOTH, |scene| {
        strange(scene, scene.socket())
    }),
    ("connect to strange addresses, connected", BOTH, |scene| {
        let (socket, _peer) = scene.connected();
        strange(scene, socket)
    }),
    ("connect to strange addresses, listening", BOTH, |scene| {
        strange(scene, scene.listener())
    }),
    ("connect an IPv4 socket to an IPv6 address", V4, |scene| {
        let v6: std::net::SocketAddr = "[::1]:9".parse().unwrap();
        say(call::connect(scene.socket(), &v6.into()))
    }),
    ("connect a listener", BOTH, |scene| {
        let listener = scene.listener();
        let (_peer, address) = scene.listening_peer();
        let answer = say(call::connect(listener, &address));
        format!(
            "{answer}; listening {}",
            get_int(listener, SOL_SOCKET, libc::SO_ACCEPTCONN)
        )
    }),
    ("connect to the wildcard address", ALL, |scene| {
        let listener = scene.listener();
        let port = call::name_of(listener).unwrap().port();
        let socket = scene.non_blocking_socket();
        call::connect(socket, &scene.any(port));
        let child = must(call::accept(listener, 0));
        call::wait_for(socket, libc::POLLOUT);
        let error = get_int(socket, SOL_SOCKET, SO_ERROR);
        call::non_blocking(socket, false);
        call::send(child, &[1, 2, 3], 0);
        let got = call::receive(socket, &mut [0; 3], libc::MSG_WAITALL);
        format!("{error}; received {got}")
    }),
    ("connect a closed descriptor, a pipe, a file", V4, |scene| {
        let address = scene.refusing();
        let mut ends = [0; 2];
        // SAFETY: room for two descriptors.
        must(unsafe { libc::pipe(ends.as_mut_ptr()) });
        [-1, 999, ends[0], 0]
            .map(|fd| say(call::connect(fd, &address)))
            .join(" ")
    }),
];

/// Ten bytes each way.
pub fn trip(socket: Fd, peer: &mut crate::peer::Peer) -> String {
    let bytes: Vec<u8> = (0..10).map(crate::peer::pattern).collect();
    let sent = say(call::send(socket, &bytes, 0));
    let taken = peer.ask("take 10");
    let answered = peer.ask("send 10");
    let mut back = [0; 10];
    let received = call::receive(socket, &mut back, libc::MSG_WAITALL);
    let intact = back == bytes[..];
    format!("sent {sent}, taken {taken}, answered {answered}, received {received} {intact}")
}

fn strange(scene: &Scene, socket: Fd) -> String {
    let there = scene.refusing();
    let addresses = [
        there.with_family(libc::AF_UNIX),
        there.with_family(43),
        there.with_family(9999),
        there.with_length(0),
        there.with_length(1),
        there.with_length(2),
        there.with_length(8),
        there.with_length(15),
        there.with_length(200),
        there.with_family(libc::AF_UNIX).with_length(2),
    ];
    let answers = addresses.map(|address| say(call::connect(socket, &address)));
    let null = [0, 2, 16].map(|length| say(call::connect_to_null(socket, length)));
    format!("{}; NULL {}", answers.join(" "), null.join(" "))
}
