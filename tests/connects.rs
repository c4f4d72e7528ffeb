// SPDX-License-Identifier: MIT OR Apache-2.0
//! Connects that are interrupted, bounded or fail: the same program says the same
//! on TCP and under `smc_run`, word by word. On bare SMC it says something else.
#![allow(missing_docs)]

use kit::bare;
use kit::scene::Scene;

const COUNT: &str = env!("CARGO_BIN_EXE_count");

/// What `connects.py` says, run by `run`; on a wire of its own, where nobody is.
fn said(scene: &Scene, run: &str, address: &str, nobody: &str, limit: u32) -> String {
    let script = format!(
        "ip link add shim0 type veth peer name shim1
         ip link set shim1 up
         ip addr add 192.0.2.77/24 dev shim0
         ip addr add 2001:db8::77/64 dev shim0 nodad
         ip link set shim0 up
         {run} /usr/bin/python3 tests/connects/connects.py {address} {nobody} {limit}
         ip link del shim0"
    );
    let output = scene.alone("connects", &script);
    assert_eq!(output.err, "");
    output.out
}

/// What TCP says, when what is to happen does happen.
const TCP: &str = "\
interrupted: EINTR; 0, hello
restarted: 0; hello
bounded: EINPROGRESS; 0, hello; (0, 300000)
bounded, non-blocking: EINPROGRESS; nothing; 0, hello; (0, 300000)
refused: ECONNREFUSED; again: hello
refused later: says why; again: hello
unreachable: EHOSTUNREACH; again: hello
unreachable later: says why; again: hello
silent: ETIMEDOUT; again: hello
silent later: says why; again: hello
";

fn are_as_on_tcp(address: &str, nobody: &str) {
    if kit::skips_without_smc() {
        return;
    }
    let scene = Scene::new(COUNT);
    assert_eq!(said(&scene, "", address, nobody, 60), TCP);
    assert_eq!(said(&scene, "./smc_run", address, nobody, 60), TCP);
}

#[test]
fn are_not_on_bare_smc() {
    if kit::skips_without_smc() {
        return;
    }
    let scene = Scene::new(COUNT);
    let run = bare::smc(&[scene.client]);
    let bare = said(&scene, &run, "127.0.0.1", "192.0.2.9", 6);
    for line in [
        "interrupted: EINTR; never\n",
        "unreachable later: says 0; again: ECONNABORTED\n",
    ] {
        assert!(bare.contains(line), "{bare}");
    }
}

#[test]
fn over_ipv4() {
    are_as_on_tcp("127.0.0.1", "192.0.2.9");
}

#[test]
fn over_ipv6() {
    are_as_on_tcp("::1", "2001:db8::9");
}
