// SPDX-License-Identifier: MIT OR Apache-2.0
//! Options that say by which device connections may come: in force whenever they
//! are set.
//!
//! Each case has a network of its own, with the devices `lo` and `dummy7`.

use super::{Entry, BOTH};
use crate::call::{self, get, get_int, must, say, Address, Fd};
use crate::scene::{Family, Scene};
use libc::{SOL_SOCKET, SO_BINDTODEVICE, SO_REUSEPORT};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::process::Command;

const SO_BINDTOIFINDEX: i32 = 62;

pub const CASES: &[Entry] = &[
    ("device: bound to it before bind", BOTH, |scene| {
        each_device(|device| {
            let listener = scene.socket();
            let bound = bind_to(listener, device);
            let port = listen_anywhere(scene, listener);
            format!("{bound}, {}", called(scene, port))
        })
    }),
    ("device: bound to it after bind", BOTH, |scene| {
        each_device(|device| {
            let listener = scene.socket();
            must(call::bind(listener, &scene.any(0)));
            let bound = bind_to(listener, device);
            must(call::listen(listener, 8));
            format!("{bound}, {}", called(scene, port_of(listener)))
        })
    }),
    ("device: bound to it after listen", BOTH, |scene| {
        each_device(|device| {
            let listener = scene.socket();
            let port = listen_anywhere(scene, listener);
            let bound = bind_to(listener, device);
            format!("{bound}, {}", called(scene, port))
        })
    }),
    ("device: SO_BINDTOIFINDEX before bind", BOTH, |scene| {
        each_device(|device| {
            let listener = scene.socket();
            let bound = bind_to_index(listener, device);
            let port = listen_anywhere(scene, listener);
            format!("{bound}, {}", called(scene, port))
        })
    }),
    ("device: SO_BINDTOIFINDEX after bind", BOTH, |scene| {
        each_device(|device| {
            let listener = scene.socket();
            must(call::bind(listener, &scene.any(0)));
            let bound = bind_to_index(listener, device);
            must(call::listen(listener, 8));
            format!("{bound}, {}", called(scene, port_of(listener)))
        })
    }),
    ("device: SO_BINDTOIFINDEX after listen", BOTH, |scene| {
        each_device(|device| {
            let listener = scene.socket();
            let port = listen_anywhere(scene, listener);
            let bound = bind_to_index(listener, device);
            format!("{bound}, {}", called(scene, port))
        })
    }),
    ("device: no longer bound to it", BOTH, |scene| {
        in_own_network(|| {
            let listener = scene.socket();
            bind_to(listener, "dummy7");
            let port = listen_anywhere(scene, listener);
            let before = called(scene, port);
            let released = bind_to(listener, "");
            format!("{before}; {released}, {}", called(scene, port))
        })
    }),
    (
        "device: bound to another one while it listens",
        BOTH,
        |scene| {
            in_own_network(|| {
                let listener = scene.socket();
                bind_to(listener, "dummy7");
                let port = listen_anywhere(scene, listener);
                let bound = bind_to(listener, "lo");
                format!("{bound}, {}", called(scene, port))
            })
        },
    ),
    ("device: one port on two of them", BOTH, |scene| {
        in_own_network(|| {
            let both = [scene.socket(), scene.socket()];
            bind_to(both[0], "dummy7");
            bind_to(both[1], "lo");
            let port = listen_anywhere(scene, both[0]);
            let second = say(call::bind(both[1], &scene.any(port)));
            let listening = say(call::listen(both[1], 8));
            let third = scene.socket();
            bind_to(third, "lo");
            let taken = say(call::bind(third, &scene.any(port)));
            let called = called(scene, port);
            let ready = both.map(|fd| call::event_names(call::poll(fd, libc::POLLIN, 0)));
            format!(
                "{second} {listening}; {taken}; {called}; {}",
                ready.join(" ")
            )
        })
    }),
    ("device: one port on it and on all", BOTH, |scene| {
        in_own_network(|| {
            let both = [scene.socket(), scene.socket()];
            bind_to(both[0], "dummy7");
            let port = listen_anywhere(scene, both[0]);
            let second = say(call::bind(both[1], &scene.any(port)));
            format!("{second}; {}", called(scene, port))
        })
    }),
    (
        "device: what an accepted socket is bound to",
        BOTH,
        |scene| {
            in_own_network(|| {
                let listener = scene.socket();
                bind_to(listener, "lo");
                let port = listen_anywhere(scene, listener);
                let called = called(scene, port);
                let child = must(call::accept(listener, 0));
                let name = |fd| {
                    let name = get(fd, SOL_SOCKET, SO_BINDTODEVICE, 16);
                    format!("{name} {}", get_int(fd, SOL_SOCKET, SO_BINDTOIFINDEX))
                };
                format!("{called}; {}; {}", name(listener), name(child))
            })
        },
    ),
    ("device: connect by it", BOTH, |scene| {
        each_device(|device| {
            let listener = scene.socket();
            let port = listen_anywhere(scene, listener);
            let socket = scene.socket();
            let bound = bind_to(socket, device);
            let name = get(socket, SOL_SOCKET, SO_BINDTODEVICE, 16);
            // A route that leads nowhere answers nothing.
            must(call::set_int(
                socket,
                libc::IPPROTO_TCP,
                libc::TCP_SYNCNT,
                1,
            ));
            let connected = say(call::connect(socket, &loopback(scene, port)));
            format!("{bound}, {name}, {connected}")
        })
    }),
    ("device: one that is not there", BOTH, |scene| {
        in_own_network(|| {
            let socket = scene.socket();
            let by_name = bind_to(socket, "dummy9");
            let by_index = call::set_int(socket, SOL_SOCKET, SO_BINDTOIFINDEX, 99);
            format!("{by_name} {}", say(by_index))
        })
    }),
    ("device: with SO_REUSEPORT", BOTH, |scene| {
        in_own_network(|| {
            let both = [0; 2].map(|_| {
                let socket = scene.socket();
                must(call::set_int(socket, SOL_SOCKET, SO_REUSEPORT, 1));
                socket
            });
            bind_to(both[0], "dummy7");
            let port = listen_anywhere(scene, both[0]);
            let bound = say(call::bind(both[1], &scene.any(port)));
            let listening = say(call::listen(both[1], 8));
            let calls = [0; 4].map(|_| called(scene, port));
            let ready = both.map(|fd| call::event_names(call::poll(fd, libc::POLLIN, 0)));
            format!(
                "{bound} {listening}; {}; {}",
                calls.join(" "),
                ready.join(" ")
            )
        })
    }),
];

/// Plays in a network where nothing else is.
pub fn in_own_network(play: impl FnOnce() -> String) -> String {
    // SAFETY: this process has one thread.
    if unsafe { libc::unshare(libc::CLONE_NEWNET) } != 0 {
        return NOT_HERE.to_owned();
    }
    let commands = [
        "link set lo up",
        "link add dummy7 type dummy",
        "link set dummy7 up",
        "address add 192.0.2.177/24 dev dummy7",
    ];
    if commands.into_iter().all(ip) {
        play()
    } else {
        NOT_HERE.to_owned()
    }
}

/// What a machine says that is not one of the guests.
const NOT_HERE: &str = "not allowed here";

/// Whether ip(8) has done that.
pub fn ip(arguments: &str) -> bool {
    let path = "/usr/sbin:/sbin:/usr/bin:/bin";
    let mut command = Command::new("ip");
    let done = command
        .env("PATH", path)
        .args(arguments.split(' '))
        .output();
    done.is_ok_and(|done| done.status.success())
}

fn each_device(play: impl Fn(&str) -> String) -> String {
    in_own_network(|| {
        ["lo", "dummy7"]
            .map(|device| format!("{device} {}", play(device)))
            .join("; ")
    })
}

fn bind_to(fd: Fd, device: &str) -> String {
    say(call::set(
        fd,
        SOL_SOCKET,
        SO_BINDTODEVICE,
        device.as_bytes(),
    ))
}

fn bind_to_index(fd: Fd, device: &str) -> String {
    let name = std::ffi::CString::new(device).unwrap();
    // SAFETY: a string.
    let index = unsafe { libc::if_nametoindex(name.as_ptr()) };
    say(call::set(
        fd,
        SOL_SOCKET,
        SO_BINDTOIFINDEX,
        &index.to_ne_bytes(),
    ))
}

pub fn port_of(fd: Fd) -> u16 {
    call::name_of(fd).map_or(0, |name| name.port())
}

fn listen_anywhere(scene: &Scene, listener: Fd) -> u16 {
    must(call::bind(listener, &scene.any(0)));
    must(call::listen(listener, 8));
    port_of(listener)
}

fn loopback(scene: &Scene, port: u16) -> Address {
    let ip: IpAddr = match scene.family {
        Family::V4 => Ipv4Addr::LOCALHOST.into(),
        Family::V6 => Ipv6Addr::LOCALHOST.into(),
        Family::Mapped => Ipv4Addr::LOCALHOST.to_ipv6_mapped().into(),
    };
    SocketAddr::from((ip, port)).into()
}

/// What somebody is told who connects by way of `lo`.
fn called(scene: &Scene, port: u16) -> String {
    match call::connect(scene.socket(), &loopback(scene, port)) {
        0 => "connected".to_owned(),
        answer => say(answer),
    }
}
