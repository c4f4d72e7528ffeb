// SPDX-License-Identifier: MIT OR Apache-2.0
//! A listener's end and its options: the same program says the same on TCP and
//! under `smc_run`, word by word. On bare SMC it says something else.
#![allow(missing_docs)]

use kit::bare;
use kit::scene::Scene;

const COUNT: &str = env!("CARGO_BIN_EXE_count");

/// What `listeners.py` says of listeners at `address`, run by `run`.
fn said(scene: &Scene, run: &str, address: &str, limit: u32) -> String {
    let script =
        format!("exec {run} /usr/bin/python3 tests/listeners/listeners.py {address} {limit}");
    scene.alone("listeners", &script).out
}

fn shut_down(ways: &str) -> String {
    format!("shutdown 2: 0; {ways}: EINVAL")
}

fn are_as_on_tcp(address: &str) {
    let scene = Scene::new(COUNT);
    let tcp = said(&scene, "", address, 60);
    // The program does see what it is to see.
    for way in ["accept", "poll", "epoll"] {
        for count in [1, 8] {
            let line = format!("{} x{count}\n", shut_down(&format!("{count} in {way}")));
            assert!(tcp.contains(&line), "{tcp}");
        }
    }
    for line in ["accept: EINVAL", "listens: 0", "served again: 0"] {
        assert!(tcp.contains(&format!("\n{line}\n")), "{tcp}");
    }
    assert_eq!(said(&scene, "./smc_run", address, 60), tcp);
}

#[test]
fn are_not_on_bare_smc() {
    if kit::skips_without_smc() {
        return;
    }
    let scene = Scene::new(COUNT);
    let bare = said(&scene, &bare::smc(&[scene.client]), "127.0.0.1", 1);
    for line in [
        "shutdown 2: ENOTCONN; 8 in accept: never x8",
        "shutdown 2: ENOTCONN; 1 in epoll: ETIME x1",
        "listens: 1",
        "SO_KEEPALIVE: 0",
    ] {
        assert!(bare.contains(&format!("{line}\n")), "{bare}");
    }
}

#[test]
fn over_ipv4() {
    are_as_on_tcp("127.0.0.1");
}

#[test]
fn over_ipv6() {
    are_as_on_tcp("::1");
}
