// SPDX-License-Identifier: MIT OR Apache-2.0
//! A listener that is stopped by `connect` with AF_UNSPEC and listens again, as
//! proxies do to pause.

use super::{connect, Entry, ALL, BOTH};
use crate::call::{self, get_int, must, say, Address, Fd};
use crate::scene::Scene;
use libc::SOL_SOCKET;

pub const CASES: &[Entry] = &[
    ("stopped listener: its address", ALL, |scene| {
        let own = scene.free();
        let listener = listener_at(scene, &own);
        let names = [stop, resume].map(|change| {
            let answer = change(scene, listener);
            let is_same = call::name_of(listener) == own.ip_and_port();
            format!("{answer}, same address {is_same}")
        });
        let (child, mut peer) = scene.accepted_by(listener);
        let trip = connect::trip(child, &mut peer);
        format!("{}; {trip}", names.join("; "))
    }),
    ("stopped listener: the wildcard address", ALL, |scene| {
        let port = scene.free().ip_and_port().unwrap().port();
        let listener = listener_at(scene, &scene.any(port));
        let names = [stop, resume].map(|change| {
            let answer = change(scene, listener);
            let is_same = call::name_of(listener) == scene.any(port).ip_and_port();
            format!("{answer}, same address {is_same}")
        });
        let (child, mut peer) = scene.accepted_by(listener);
        let trip = connect::trip(child, &mut peer);
        format!("{}; {trip}", names.join("; "))
    }),
    (
        "stopped listener: a port of the kernel's choice",
        ALL,
        |scene| {
            let listener = scene.listener();
            let before = call::name_of(listener);
            let stopped = stop(scene, listener);
            let resumed = resume(scene, listener);
            let is_another = call::name_of(listener) != before;
            let (child, mut peer) = scene.accepted_by(listener);
            let trip = connect::trip(child, &mut peer);
            format!("{stopped}; {resumed}, another port {is_another}; {trip}")
        },
    ),
    ("stopped listener refuses", ALL, |scene| {
        let own = scene.free();
        let listener = listener_at(scene, &own);
        let stopped = stop(scene, listener);
        let refused = say(call::connect(scene.socket(), &own));
        let resumed = resume(scene, listener);
        let connected = say(call::connect(scene.socket(), &own));
        format!("{stopped}; {refused}; {resumed}; {connected}")
    }),
    ("stopped listener: its state", BOTH, |scene| {
        let listener = listener_at(scene, &scene.free());
        let state = || {
            let listening = get_int(listener, SOL_SOCKET, libc::SO_ACCEPTCONN);
            let error = get_int(listener, SOL_SOCKET, libc::SO_ERROR);
            let peer = call::peer_of(listener).err().map(call::error_name);
            format!("listening {listening}, error {error}, {peer:?}")
        };
        stop(scene, listener);
        let stopped = state();
        call::non_blocking(listener, true);
        let accepted = say(call::accept(listener, 0));
        resume(scene, listener);
        format!(
            "{stopped}; accept {accepted}; {}; {}",
            state(),
            say(call::accept(listener, 0))
        )
    }),
    (
        "stopped listener: who waited to be accepted",
        BOTH,
        |scene| {
            let listener = listener_at(scene, &scene.free());
            let (child, mut peer) = scene.accepted_by(listener);
            let mut waiting = scene.caller(listener);
            call::wait_for(listener, libc::POLLIN);
            stop(scene, listener);
            let end = waiting.ask("drain");
            resume(scene, listener);
            call::non_blocking(listener, true);
            let accepted = say(call::accept(listener, 0));
            let trip = connect::trip(child, &mut peer);
            format!("{end}; accept {accepted}; {trip}")
        },
    ),
    ("stopped listener: twice", BOTH, |scene| {
        let own = scene.free();
        let listener = listener_at(scene, &own);
        let answers =
            [stop, stop, resume, resume, stop, resume].map(|change| change(scene, listener));
        let is_same = call::name_of(listener) == own.ip_and_port();
        let (child, mut peer) = scene.accepted_by(listener);
        let trip = connect::trip(child, &mut peer);
        format!("{}; same address {is_same}; {trip}", answers.join(" "))
    }),
    (
        "stopped listener: nobody else gets its port",
        BOTH,
        |scene| {
            let own = scene.free();
            let listener = listener_at(scene, &own);
            stop(scene, listener);
            let other = scene.socket();
            let taken = say(call::bind(other, &own));
            format!("{taken}; {}", resume(scene, listener))
        },
    ),
    (
        "stopped listener: another listens meanwhile",
        BOTH,
        |scene| {
            let own = scene.free();
            let listener = reusing(scene, libc::SO_REUSEADDR);
            must(call::bind(listener, &own));
            must(call::listen(listener, 8));
            stop(scene, listener);
            let other = reusing(scene, libc::SO_REUSEADDR);
            let taken = say(call::bind(other, &own));
            let listens = say(call::listen(other, 8));
            let resumed = resume(scene, listener);
            let listening = get_int(listener, SOL_SOCKET, libc::SO_ACCEPTCONN);
            let (child, mut peer) = scene.accepted_by(other);
            let trip = connect::trip(child, &mut peer);
            call::close(other);
            let again = resume(scene, listener);
            let is_same = call::name_of(listener) == own.ip_and_port();
            format!("{taken} {listens}; {resumed}, listening {listening}; {trip}; {again}, same address {is_same}")
        },
    ),
    (
        "stopped listener: one of two with SO_REUSEPORT",
        BOTH,
        |scene| {
            let own = scene.free();
            let both = [0; 2].map(|_| {
                let listener = reusing(scene, libc::SO_REUSEPORT);
                must(call::bind(listener, &own));
                must(call::listen(listener, 8));
                listener
            });
            let stopped = stop(scene, both[0]);
            let (_child, _peer) = scene.accepted_by(both[1]);
            let resumed = resume(scene, both[0]);
            call::close(both[1]);
            let (child, mut peer) = scene.accepted_by(both[0]);
            let trip = connect::trip(child, &mut peer);
            format!("{stopped}; {resumed}; {trip}")
        },
    ),
    (
        "stopped listener: its port is free when it is closed",
        BOTH,
        |scene| {
            let own = scene.free();
            let listener = listener_at(scene, &own);
            stop(scene, listener);
            call::close(listener);
            say(call::bind(scene.socket(), &own))
        },
    ),
    (
        "stopped listener: connects from its address",
        BOTH,
        |scene| {
            let own = scene.free();
            let socket = listener_at(scene, &own);
            stop(scene, socket);
            let mut peer = scene.connect(socket);
            let is_same = call::name_of(socket) == own.ip_and_port();
            format!(
                "same address {is_same}; {}",
                connect::trip(socket, &mut peer)
            )
        },
    ),
    ("stopped listener: bound once more", BOTH, |scene| {
        let socket = listener_at(scene, &scene.free());
        stop(scene, socket);
        say(call::bind(socket, &scene.any(0)))
    }),
    ("stopped listener: a duplicate resumes it", BOTH, |scene| {
        let own = scene.free();
        let listener = listener_at(scene, &own);
        let other = call::dup(listener);
        let stopped = stop(scene, listener);
        let resumed = resume(scene, other);
        call::close(listener);
        let (child, mut peer) = scene.accepted_by(other);
        format!("{stopped}; {resumed}; {}", connect::trip(child, &mut peer))
    }),
    (
        "stopped listener: a child stops and resumes it",
        BOTH,
        |scene| {
            let listener = listener_at(scene, &scene.free());
            let child = super::sharing::in_child(|| {
                let answers = [stop(scene, listener), resume(scene, listener)];
                i32::from(answers != ["0", "0"])
            });
            let listening = get_int(listener, SOL_SOCKET, libc::SO_ACCEPTCONN);
            if listening != "1" {
                return format!("{child}; listening {listening}");
            }
            let (accepted, mut peer) = scene.accepted_by(listener);
            format!(
                "{child}; listening {listening}; {}",
                connect::trip(accepted, &mut peer)
            )
        },
    ),
];

pub fn listener_at(scene: &Scene, own: &Address) -> Fd {
    let listener = scene.socket();
    must(call::bind(listener, own));
    must(call::listen(listener, 8));
    listener
}

fn reusing(scene: &Scene, option: i32) -> Fd {
    let socket = scene.socket();
    must(call::set_int(socket, SOL_SOCKET, option, 1));
    socket
}

pub fn stop(scene: &Scene, listener: Fd) -> String {
    let nothing = scene.any(0).with_family(libc::AF_UNSPEC);
    say(call::connect(listener, &nothing))
}

pub fn resume(_: &Scene, listener: Fd) -> String {
    say(call::listen(listener, 8))
}
