// SPDX-License-Identifier: MIT OR Apache-2.0
//! Options that say to which addresses a socket may be bound, and which connections
//! a listener takes.

use super::devices::{in_own_network, ip, port_of};
use super::{Entry, BOTH, V4};
use crate::call::{self, get_int, must, say, Address};
use crate::scene::{new_socket, Family, Scene};
use libc::{IPPROTO_IP, IPPROTO_IPV6, SOL_SOCKET, SO_REUSEADDR};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

const IPV6_FREEBIND: i32 = 78;

pub const CASES: &[Entry] = &[
    ("IP_FREEBIND", BOTH, |scene| {
        in_own_network(|| {
            let (level, name) = match scene.family {
                Family::V4 => (IPPROTO_IP, libc::IP_FREEBIND),
                _ => (IPPROTO_IPV6, IPV6_FREEBIND),
            };
            at_foreign_address(scene, level, name)
        })
    }),
    ("IP_TRANSPARENT", BOTH, |scene| {
        in_own_network(|| {
            let (level, name) = match scene.family {
                Family::V4 => (IPPROTO_IP, libc::IP_TRANSPARENT),
                _ => (IPPROTO_IPV6, libc::IPV6_TRANSPARENT),
            };
            at_foreign_address(scene, level, name)
        })
    }),
    ("IPV6_V6ONLY before and after bind", V4, |scene| {
        let v6 = Scene {
            family: Family::V6,
            ..*scene
        };
        let each = [(1, -1), (0, -1), (-1, 1), (-1, 0)].map(|(before, after)| {
            let listener = v6.socket();
            let set = |value| match value {
                -1 => String::new(),
                _ => say(call::set_int(
                    listener,
                    IPPROTO_IPV6,
                    libc::IPV6_V6ONLY,
                    value,
                )),
            };
            let early = set(before);
            let port = port_of_both(scene);
            must(call::bind(listener, &v6.any(port)));
            let late = set(after);
            let v4 = scene.socket();
            let shared = say(call::bind(v4, &scene.any(port)));
            call::close(v4);
            must(call::listen(listener, 8));
            let by_v4 = say(call::connect(scene.socket(), &scene.own(port)));
            format!("{early}{late}: IPv4 binds {shared}, connects {by_v4}")
        });
        each.join("; ")
    }),
    ("IPV6_V6ONLY: IPv4 and IPv6 on one port", V4, |scene| {
        let v6 = new_socket(scene.make, Family::V6, 0);
        must(call::set_int(v6, IPPROTO_IPV6, libc::IPV6_V6ONLY, 1));
        let v6_scene = Scene {
            family: Family::V6,
            ..*scene
        };
        must(call::bind(v6, &v6_scene.any(port_of_both(scene))));
        must(call::listen(v6, 8));
        let v4 = scene.socket();
        let bound = say(call::bind(v4, &scene.any(port_of(v6))));
        let listening = say(call::listen(v4, 8));
        let (_child, _peer) = scene.accepted_by(v4);
        format!("{bound} {listening}; accepted")
    }),
    ("SO_INCOMING_CPU of a listener", BOTH, |scene| {
        let listener = scene.socket();
        let cpu = || get_int(listener, SOL_SOCKET, libc::SO_INCOMING_CPU);
        let set = |value| {
            say(call::set_int(
                listener,
                SOL_SOCKET,
                libc::SO_INCOMING_CPU,
                value,
            ))
        };
        let early = format!("{} {} {}", cpu(), set(1), cpu());
        must(call::bind(listener, &scene.any(0)));
        must(call::listen(listener, 8));
        let late = format!("{} {} {}", cpu(), set(0), cpu());
        let (_child, _peer) = scene.accepted_by(listener);
        format!("{early}; {late}; accepted")
    }),
    ("SO_REUSEADDR after bind", BOTH, |scene| {
        let first = scene.socket();
        must(call::bind(first, &scene.any(0)));
        must(call::set_int(first, SOL_SOCKET, SO_REUSEADDR, 1));
        let second = scene.socket();
        must(call::set_int(second, SOL_SOCKET, SO_REUSEADDR, 1));
        let bound = say(call::bind(second, &scene.any(port_of(first))));
        format!(
            "{bound}; {} {}",
            say(call::listen(first, 8)),
            say(call::listen(second, 8))
        )
    }),
];

/// A listener at an address that this machine does not have, and then has.
fn at_foreign_address(scene: &Scene, level: i32, name: i32) -> String {
    let (foreign, text): (IpAddr, _) = match scene.family {
        Family::V4 => (Ipv4Addr::new(203, 0, 113, 9).into(), "203.0.113.9/32"),
        _ => ("2001:db8:9::9".parse().unwrap(), "2001:db8:9::9/128"),
    };
    let address = Address::from(SocketAddr::from((foreign, 0)));
    let listener = scene.socket();
    let without = say(call::bind(listener, &address));
    let set = say(call::set_int(listener, level, name, 1));
    let bound = say(call::bind(listener, &address));
    let listening = say(call::listen(listener, 8));
    assert!(ip(&format!("address add {text} dev lo")));
    let there = SocketAddr::from((foreign, port_of(listener)));
    let connected = say(call::connect(scene.socket(), &there.into()));
    let is_set = get_int(listener, level, name);
    format!("{without}; {set} {bound} {listening}; connected {connected}; is {is_set}")
}

/// A port that is free for both families. (One that the kernel chooses for IPv6 alone may
/// be in use by IPv4, by a connection that was closed a moment ago.)
fn port_of_both(scene: &Scene) -> u16 {
    let both = Scene {
        family: Family::V6,
        ..*scene
    };
    let socket = both.socket();
    must(call::bind(socket, &both.any(0)));
    let port = port_of(socket);
    call::close(socket);
    port
}
