// SPDX-License-Identifier: MIT OR Apache-2.0
//! Programs on the event loops that most programs have: bulk data in one direction and
//! in both, to readers that are slow or asleep, with directions that end one after the
//! other, and to peers that vanish. All arrives, nobody waits for ever, and the kernel
//! has counted SMC. On bare SMC some of them stall.
//!
//! `SMC_TEST_LIMIT` is how many seconds a program gets (60). Each kind of session with
//! each size of rings takes minutes: run with `--ignored`.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

#[path = "event_loops/cases.rs"]
mod cases;
#[path = "event_loops/session.rs"]
mod session;

use kit::scene::Scene;
use kit::{bare, number, Kernel};
use session::{Largest, Session};

const COUNT: &str = env!("CARGO_BIN_EXE_count");
/// Seconds that a program gets; far from what takes a few.
const LIMIT: u64 = 60;

/// The same under each of `runs`.
fn all_is_well(runs: &[&str], play: fn(&Session<'_>)) {
    let scene = Scene::new(COUNT);
    let _largest = Largest::raise(&scene);
    for run in runs {
        play(&Session::new(&scene, run, number("SMC_TEST_LIMIT", LIMIT)));
    }
    scene.assert_all_smc();
}

/// With rings of their usual size. The control is the same over TCP; the other guest of a
/// pair is not needed for it.
#[test]
fn as_clients() {
    match Kernel::expected() {
        Kernel::SmcR => all_is_well(&["./smc_run"], session::as_clients),
        _ => all_is_well(&["", "./smc_run"], session::as_clients),
    }
}

#[test]
fn as_servers() {
    let smallest = "./smc_run -t 16k -r 16k";
    match Kernel::expected() {
        Kernel::Without => all_is_well(&["", smallest], session::as_servers),
        _ => all_is_well(&[smallest], session::as_servers),
    }
}

#[test]
fn among_themselves() {
    let largest = "./smc_run -t 1m -r 1m";
    all_is_well(&[largest], session::among_themselves);
}

#[test]
#[ignore = "takes minutes"]
fn everything_with_all_rings() {
    for size in ["16k", "32k", "64k", "128k", "256k", "512k", "1m"] {
        let run = format!("./smc_run -t {size} -r {size}");
        for play in [
            session::as_clients,
            session::as_servers,
            session::among_themselves,
        ] {
            all_is_well(&[&run], play);
        }
    }
}

/// What happens to a socket after its last close is no event, though it still has unsent data.
#[test]
fn a_closed_socket_has_no_events() {
    let scene = Scene::new(COUNT);
    let program = "exec ./smc_run /usr/bin/python3 tests/event_loops/closed.py";
    let said = scene.play(
        "closed",
        7120,
        &format!("{program} read $SERVER 7120"),
        &format!("{program} close $SERVER 7120"),
    );
    assert_eq!(
        said,
        "close: no event, no signal\n\
         shutdown: no event, no signal\n\
         dup2: no event, no signal\n\
         dup: events\n"
    );
    scene.assert_all_smc();
}

/// The control: the same programs stall on bare SMC, if they wait for an edge after a
/// send that took only a part.
#[test]
fn on_bare_smc_some_stall() {
    if kit::skips(
        !matches!(Kernel::expected(), Kernel::SmcD | Kernel::SmcR),
        "needs SMC-D or SMC-R",
    ) {
        return;
    }
    let scene = Scene::new(COUNT);
    let run = bare::smc(&[scene.client, scene.server]);
    let stalled = Session::new(&scene, &run, 8).stalled();
    assert_eq!(stalled, ["tokio", "asio", "edge-triggered"]);
}
