// SPDX-License-Identifier: MIT OR Apache-2.0
//! `connect` that takes its time: while it is under way, interrupted, given up.

use super::{Entry, ALL, BOTH};
use crate::call::{self, get_int, must, say, Fd};
use crate::scene::Scene;
use libc::{SOL_SOCKET, SO_ERROR};

pub const CASES: &[Entry] = &[
    ("connecting: connect again", BOTH, |scene| {
        let (socket, deaf) = (scene.non_blocking_socket(), scene.deaf());
        [0; 3]
            .map(|_| say(call::connect(socket, &deaf.address)))
            .join(" ")
    }),
    ("connecting: poll", BOTH, |scene| {
        call::events(pending(scene))
    }),
    ("connecting: send and receive", BOTH, |scene| {
        let socket = pending(scene);
        let sent = say(call::send(socket, &[0], libc::MSG_NOSIGNAL));
        format!("{sent} {}", say(call::receive(socket, &mut [0], 0)))
    }),
    ("connecting: names", BOTH, |scene| {
        let socket = pending(scene);
        let named = call::name_of(socket).is_some_and(|name| name.port() != 0);
        let peer = call::peer_of(socket).err().map_or(0, |error| error);
        format!("{named} {}", call::error_name(peer))
    }),
    ("connecting: listen and bind", BOTH, |scene| {
        let socket = pending(scene);
        let listening = say(call::listen(socket, 1));
        format!("{listening} {}", say(call::bind(socket, &scene.any(0))))
    }),
    ("connecting: error", BOTH, |scene| {
        get_int(pending(scene), SOL_SOCKET, SO_ERROR)
    }),
    ("connecting: shutdown", BOTH, |scene| {
        let socket = pending(scene);
        let answer = say(call::shutdown(socket, libc::SHUT_RDWR));
        format!("{answer}; {}", call::events(socket))
    }),
    (
        "connecting: connect to nothing, then elsewhere",
        BOTH,
        |scene| {
            let socket = pending(scene);
            let cleared = say(call::connect(socket, &scene.any(0).with_family(0)));
            call::non_blocking(socket, false);
            let (_peer, address) = scene.listening_peer();
            format!("{cleared}; {}", say(call::connect(socket, &address)))
        },
    ),
    ("connecting: options", BOTH, |scene| {
        let socket = pending(scene);
        let options = [
            (SOL_SOCKET, libc::SO_KEEPALIVE),
            (libc::IPPROTO_TCP, libc::TCP_NODELAY),
            (libc::IPPROTO_TCP, libc::TCP_FASTOPEN),
            (libc::IPPROTO_TCP, 34),
        ];
        options
            .map(|(level, name)| {
                let set = say(call::set_int(socket, level, name, 1));
                format!("{set}/{}", get_int(socket, level, name))
            })
            .join(" ")
    }),
    ("connecting, then answered", BOTH, |scene| {
        let (socket, deaf) = (scene.non_blocking_socket(), scene.deaf());
        let answer = say(call::connect(socket, &deaf.address));
        deaf.listen();
        call::wait_for(socket, libc::POLLOUT);
        let again = say(call::connect(socket, &deaf.address));
        format!(
            "{answer}; {}; {again}",
            get_int(socket, SOL_SOCKET, SO_ERROR)
        )
    }),
    ("connecting, given up by TCP_USER_TIMEOUT", BOTH, |scene| {
        let (socket, deaf) = (scene.non_blocking_socket(), scene.deaf());
        must(call::set_int(
            socket,
            libc::IPPROTO_TCP,
            libc::TCP_USER_TIMEOUT,
            100,
        ));
        let answer = say(call::connect(socket, &deaf.address));
        call::wait_for(socket, libc::POLLOUT);
        let (selected, events) = (call::selected(socket), call::events(socket));
        format!(
            "{answer}; select {selected}; {events}; {}",
            get_int(socket, SOL_SOCKET, SO_ERROR)
        )
    }),
    (
        "connecting, given up by TCP_USER_TIMEOUT, blocking",
        BOTH,
        |scene| {
            let (socket, deaf) = (scene.socket(), scene.deaf());
            must(call::set_int(
                socket,
                libc::IPPROTO_TCP,
                libc::TCP_USER_TIMEOUT,
                100,
            ));
            let answer = say(call::connect(socket, &deaf.address));
            let (_peer, address) = scene.listening_peer();
            format!("{answer}; then {}", say(call::connect(socket, &address)))
        },
    ),
    ("connecting, bounded by SO_SNDTIMEO", BOTH, |scene| {
        let (socket, deaf) = (scene.socket(), scene.deaf());
        bound(socket);
        let answer = say(call::connect(socket, &deaf.address));
        let again = say(call::connect(socket, &deaf.address));
        deaf.listen();
        call::wait_for(socket, libc::POLLOUT);
        format!(
            "{answer}; {again}; {}",
            get_int(socket, SOL_SOCKET, SO_ERROR)
        )
    }),
    (
        "connecting without blocking, with SO_SNDTIMEO",
        BOTH,
        |scene| {
            let (socket, deaf) = (scene.non_blocking_socket(), scene.deaf());
            bound(socket);
            let answer = say(call::connect(socket, &deaf.address));
            let early = call::event_names(call::poll(socket, libc::POLLOUT, 300));
            deaf.listen();
            call::wait_for(socket, libc::POLLOUT);
            format!(
                "{answer}; {early}; {}",
                get_int(socket, SOL_SOCKET, SO_ERROR)
            )
        },
    ),
    (
        "connecting, interrupted by a signal, goes on",
        ALL,
        |scene| {
            let (socket, deaf) = (scene.socket(), scene.deaf());
            interrupt(0);
            let answer = say(call::connect(socket, &deaf.address));
            let again = interrupted_again(socket, &deaf.address);
            deaf.listen();
            call::wait_for(socket, libc::POLLOUT);
            let child = deaf.accept();
            call::send(child, &[7], 0);
            let got = call::receive(socket, &mut [0], 0);
            format!(
                "{answer}; {again}; {}; received {got}",
                get_int(socket, SOL_SOCKET, SO_ERROR)
            )
        },
    ),
    ("connecting, a signal with SA_RESTART", BOTH, |scene| {
        let (socket, deaf) = (scene.socket(), scene.deaf());
        must(call::set_int(
            socket,
            libc::IPPROTO_TCP,
            libc::TCP_USER_TIMEOUT,
            600,
        ));
        interrupt(libc::SA_RESTART);
        say(call::connect(socket, &deaf.address))
    }),
    ("connecting: close", BOTH, |scene| {
        let (socket, deaf) = (scene.non_blocking_socket(), scene.deaf());
        call::connect(socket, &deaf.address);
        say(call::close(socket))
    }),
    (
        "connecting: epoll, edge-triggered, registered before",
        ALL,
        |scene| {
            let socket = scene.non_blocking_socket();
            let epoll = super::poll::watch(socket, libc::EPOLLIN | libc::EPOLLOUT | libc::EPOLLET);
            let before = super::poll::happened(epoll, 0);
            let (mut peer, address) = scene.listening_peer();
            call::connect(socket, &address);
            let connected = loop {
                let event = super::poll::happened(epoll, -1);
                if event.contains("OUT") && !event.contains("HUP") {
                    break event;
                }
            };
            peer.must("accept");
            peer.must("send 5");
            let event = super::poll::happened(epoll, -1);
            format!("{before}; {connected}; {event}")
        },
    ),
];

/// A connect that stays under way for as long as the case lasts.
fn pending(scene: &Scene) -> Fd {
    let (socket, deaf) = (scene.non_blocking_socket(), scene.deaf());
    let answer = say(call::connect(socket, &deaf.address));
    assert_eq!(answer, "EINPROGRESS");
    socket
}

fn bound(socket: Fd) {
    let short = [0_i64.to_ne_bytes(), 100_000_i64.to_ne_bytes()].concat();
    must(call::set(socket, SOL_SOCKET, libc::SO_SNDTIMEO, &short));
}

/// Has a signal with a handler sent to this process after 100 ms, and every
/// 100 ms from then on unless `flags` are SA_RESTART.
pub fn interrupt(flags: i32) {
    extern "C" fn nothing(_: i32) {}
    // SAFETY: a handler that does nothing; the structures are valid.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = nothing as *const () as usize;
        action.sa_flags = flags;
        must(libc::sigaction(
            libc::SIGALRM,
            &raw const action,
            std::ptr::null_mut(),
        ));
    }
    tick(flags != libc::SA_RESTART);
}

/// Has SIGALRM sent after 100 ms, and every 100 ms if that `repeats`.
pub fn tick(repeats: bool) {
    let tick = libc::timeval {
        tv_sec: 0,
        tv_usec: 100_000,
    };
    // SAFETY: valid structures.
    unsafe {
        let mut timer: libc::itimerval = std::mem::zeroed();
        timer.it_value = tick;
        if repeats {
            timer.it_interval = tick;
        }
        must(libc::setitimer(
            libc::ITIMER_REAL,
            &raw const timer,
            std::ptr::null_mut(),
        ));
    }
}

/// What connect says after EINTR, with the signals stopped and no blocking.
fn interrupted_again(socket: Fd, address: &call::Address) -> String {
    // SAFETY: an all-zero timer stops it.
    unsafe {
        let none: libc::itimerval = std::mem::zeroed();
        must(libc::setitimer(
            libc::ITIMER_REAL,
            &raw const none,
            std::ptr::null_mut(),
        ));
    }
    call::non_blocking(socket, true);
    let again = say(call::connect(socket, address));
    call::non_blocking(socket, false);
    again
}
