// SPDX-License-Identifier: MIT OR Apache-2.0
//! `connect` once more, to learn how one without blocking has ended, while the
//! peer does something.

use super::{connect, Entry, BOTH};
use crate::call::{self, get_int, must, say, Address, Fd};
use crate::cases::poll;
use crate::peer::Peer;
use crate::scene::Scene;
use libc::{MSG_DONTWAIT, POLLOUT, POLLRDHUP, SOL_SOCKET, SO_ERROR};

pub const CASES: &[Entry] = &[
    ("connect once more: the peer stays", BOTH, |scene| {
        let (socket, address, mut peer) = begun(scene);
        let again = three_times(socket, &address);
        call::non_blocking(socket, false);
        format!("{again}; {}", connect::trip(socket, &mut peer))
    }),
    ("connect once more: the peer speaks", BOTH, |scene| {
        after(scene, &["send 9"])
    }),
    (
        "connect once more: the peer speaks and half-closes",
        BOTH,
        |scene| after(scene, &["send 9", "shutdown 1"]),
    ),
    (
        "connect once more: the peer speaks and shuts down",
        BOTH,
        |scene| after(scene, &["send 9", "shutdown 2"]),
    ),
    (
        "connect once more: the peer speaks and closes",
        BOTH,
        |scene| after(scene, &["send 9", "close"]),
    ),
    ("connect once more: the peer closes", BOTH, |scene| {
        after(scene, &["close"])
    }),
    ("connect once more: the peer resets", BOTH, |scene| {
        let (socket, address, mut peer) = begun(scene);
        peer.must("abort");
        call::poll(socket, POLLRDHUP, 3000);
        let first = say(call::connect(socket, &address));
        format!("{first}; error {}", get_int(socket, SOL_SOCKET, SO_ERROR))
    }),
    ("connect once more: SO_ERROR first", BOTH, |scene| {
        let (socket, address, mut peer) = begun(scene);
        peer.must("close");
        call::poll(socket, POLLRDHUP, 3000);
        let error = get_int(socket, SOL_SOCKET, SO_ERROR);
        format!("{error}; {}", three_times(socket, &address))
    }),
    ("connect once more: by a duplicate", BOTH, |scene| {
        let (socket, address, mut peer) = begun(scene);
        peer.must("close");
        call::poll(socket, POLLRDHUP, 3000);
        let other = call::dup(socket);
        let first = say(call::connect(other, &address));
        format!("{first}; {}", three_times(socket, &address))
    }),
    ("connect once more: in a child", BOTH, |scene| {
        let (socket, address, mut peer) = begun(scene);
        peer.must("close");
        call::poll(socket, POLLRDHUP, 3000);
        let child = super::sharing::in_child(|| call::connect(socket, &address).min(1));
        format!("{child}; {}", three_times(socket, &address))
    }),
    ("connect once more: to another address", BOTH, |scene| {
        let (socket, _, mut peer) = begun(scene);
        peer.must("close");
        call::poll(socket, POLLRDHUP, 3000);
        let (_other, elsewhere) = scene.listening_peer();
        three_times(socket, &elsewhere)
    }),
    ("connect once more: after own SHUT_WR", BOTH, |scene| {
        let (socket, address, _peer) = begun(scene);
        must(call::shutdown(socket, libc::SHUT_WR));
        three_times(socket, &address)
    }),
    ("connect once more: an accepted socket", BOTH, |scene| {
        let (socket, mut peer) = scene.accepted();
        let (_other, elsewhere) = scene.listening_peer();
        let first = say(call::connect(socket, &elsewhere));
        peer.must("close");
        call::poll(socket, POLLRDHUP, 3000);
        format!("{first}; {}", three_times(socket, &elsewhere))
    }),
    (
        "connect once more: the peer closed, blocking",
        BOTH,
        |scene| {
            let (mut peer, address) = scene.listening_peer();
            let socket = scene.socket();
            must(call::connect(socket, &address));
            peer.must("accept");
            peer.must("close");
            call::poll(socket, POLLRDHUP, 3000);
            three_times(socket, &address)
        },
    ),
    ("refused at once: epoll for writing", BOTH, |scene| {
        refused(scene, libc::EPOLLOUT)
    }),
    ("refused at once: epoll for reading", BOTH, |scene| {
        refused(scene, libc::EPOLLIN)
    }),
    ("refused at once: epoll for all, edge", BOTH, |scene| {
        let all = libc::EPOLLIN | libc::EPOLLOUT | libc::EPOLLRDHUP | libc::EPOLLET;
        refused(scene, all)
    }),
    ("refused at once: epoll for nothing", BOTH, |scene| {
        refused(scene, 0)
    }),
    ("refused at once: epoll, oneshot", BOTH, |scene| {
        refused(scene, libc::EPOLLOUT | libc::EPOLLONESHOT)
    }),
    ("refused at once: poll and select", BOTH, |scene| {
        let socket = scene.non_blocking_socket();
        call::connect(socket, &scene.refusing());
        let said = call::poll(socket, POLLOUT, 3000);
        let selected = call::selected(socket);
        format!("{}; select {selected}", call::event_names(said))
    }),
];

/// A connect without blocking that the peer has accepted, and that is known to be
/// through.
fn begun(scene: &Scene) -> (Fd, Address, Peer) {
    let (mut peer, address) = scene.listening_peer();
    let socket = scene.non_blocking_socket();
    call::connect(socket, &address);
    call::wait_for(socket, POLLOUT);
    peer.must("accept");
    (socket, address, peer)
}

fn three_times(socket: Fd, address: &Address) -> String {
    [0; 3]
        .map(|_| say(call::connect(socket, address)))
        .join(" ")
}

/// Connects again when the peer has done this, and then reads.
fn after(scene: &Scene, orders: &[&str]) -> String {
    let (socket, address, mut peer) = begun(scene);
    for order in orders {
        peer.must(order);
    }
    let last = if orders.len() > 1 || orders == ["close"] {
        POLLRDHUP
    } else {
        libc::POLLIN
    };
    call::poll(socket, last, 3000);
    let again = three_times(socket, &address);
    let received = [0; 2].map(|_| say(call::receive(socket, &mut [0; 20], MSG_DONTWAIT)));
    format!("{again}; {}", received.join(" "))
}

/// What epoll says of a connect that is refused.
fn refused(scene: &Scene, events: i32) -> String {
    let socket = scene.non_blocking_socket();
    call::connect(socket, &scene.refusing());
    let epoll = poll::watch(socket, events);
    let said = poll::happened(epoll, 3000);
    format!("{said}; error {}", get_int(socket, SOL_SOCKET, SO_ERROR))
}
