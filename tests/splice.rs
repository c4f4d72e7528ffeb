// SPDX-License-Identifier: MIT OR Apache-2.0
//! What splice(2) moves out of a connection is what was sent: whatever becomes of the
//! connection before the pipe is read, and of others, with slow readers and fast ones;
//! and relays of several kinds pass on what they get. On bare SMC the pipe's bytes
//! change, or everybody waits for ever.
//!
//! Each way of moving with each reader takes minutes: run with `--ignored`.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

#[path = "splice/cases.rs"]
mod cases;
#[path = "splice/movers.rs"]
mod movers;
#[path = "splice/relays.rs"]
mod relays;

use kit::scene::Scene;
use kit::{bare, checkout, Kernel};
use relays::Relay;
use std::process::Command;
use std::sync::OnceLock;

const COUNT: &str = env!("CARGO_BIN_EXE_count");
const ENDPOINT: &str = env!("CARGO_BIN_EXE_endpoint");
const COPIER: &str = env!("CARGO_BIN_EXE_copier");
/// So many movers at once.
const AT_ONCE: usize = 40;

/// What runs the programs at both ends: what `smc_run` sets, found out once. Relays that
/// are not ours are run by `smc_run` itself.
fn shim() -> &'static str {
    static SHIM: OnceLock<String> = OnceLock::new();
    SHIM.get_or_init(|| {
        let asked = Command::new(checkout().join("smc_run"))
            .args(["printenv", "LD_PRELOAD"])
            .output();
        let library = String::from_utf8(asked.unwrap().stdout).unwrap();
        assert!(library.trim().ends_with("libsmc_shim.so"), "{library:?}");
        format!("env LD_PRELOAD={}", library.trim())
    })
}

/// The control is the same over TCP: on the build machine, and where it is `cheap`, in a
/// guest that needs no other.
fn runs(cheap: bool) -> impl Iterator<Item = &'static str> {
    let is_controlled = match Kernel::expected() {
        Kernel::Without => true,
        Kernel::SmcR => false,
        _ => cheap,
    };
    is_controlled.then_some("").into_iter().chain([shim()])
}

#[test]
fn what_was_moved_is_what_was_sent() {
    let scene = Scene::new(COUNT);
    for run in runs(true) {
        assert_eq!(movers::wrong(&scene, run, &cases::all(), 60), [""; 0]);
    }
    movers::assert_smc(&scene, &cases::all());
}

#[test]
#[ignore = "takes minutes"]
fn everything_with_everything() {
    let scene = Scene::new(COUNT);
    let cases = cases::product();
    let chunks = cases.chunks(AT_ONCE);
    let wrong = chunks.flat_map(|cases| movers::wrong(&scene, shim(), cases, 60));
    assert_eq!(wrong.collect::<Vec<_>>(), [""; 0]);
    movers::assert_smc(&scene, &cases);
}

#[test]
fn what_splice_refuses_is_as_on_tcp() {
    let scene = Scene::new(COUNT);
    let tcp = movers::refusals(&scene, "");
    assert!(tcp.ends_with("right\n"), "{tcp}");
    assert_eq!(movers::refusals(&scene, shim()), tcp);
    scene.assert_all_smc();
}

/// The control: these see what SMC does by itself.
#[test]
fn on_bare_smc_the_pipe_has_other_bytes() {
    if kit::skips(
        !matches!(Kernel::expected(), Kernel::SmcD | Kernel::SmcR),
        "needs SMC-D or SMC-R",
    ) {
        return;
    }
    let scene = Scene::new(COUNT);
    let run = bare::smc(&[scene.client, scene.server]);
    let wrong = movers::wrong(&scene, &run, &cases::CONTROL, 8);
    assert_eq!(wrong.len(), cases::CONTROL.len(), "{wrong:?}");
}

/// `std::io::copy` into a pipe whose reader is fast, slow or asleep, and into a file.
#[test]
fn rust_copies_what_was_sent() {
    let scene = Scene::new(COUNT);
    for run in runs(false) {
        let read = relays::copied(&scene, run);
        let expected = relays::COPIED.map(|(bytes, _)| format!("{bytes} end\n"));
        assert_eq!(read, expected.concat());
    }
    scene.assert_all_smc();
}

fn passes_on(relay: &Relay) {
    let scene = Scene::new(COUNT);
    for run in runs(false) {
        assert_eq!(relay.wrong(&scene, run), [""; 0]);
    }
    relay.assert_smc_on_both_sides(&scene);
}

#[test]
fn rust_passes_on_what_was_sent() {
    passes_on(&relays::RUST);
}

#[test]
fn systemd_socket_proxyd() {
    passes_on(&relays::SOCKET_PROXYD);
}

#[test]
fn haproxy() {
    let scene = Scene::new(COUNT);
    let tried = scene.client.run("haproxy -v").unwrap();
    drop(scene);
    let has_sigill = tried.status == 128 + libc::SIGILL;
    if kit::skips(
        has_sigill,
        "haproxy needs cmpxchg16b, which this guest lacks",
    ) {
        return;
    }
    assert_eq!(tried.status, 0, "{tried:?}");
    passes_on(&relays::HAPROXY);
}
