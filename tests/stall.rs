// SPDX-License-Identifier: MIT OR Apache-2.0
//! An event-loop server that closes connections to readers who sleep goes on
//! serving others, and what it sent arrives when they wake up.
//!
//! `SMC_TEST_READERS` is how many readers there are (200, unless set). With
//! `SMC_TEST_TIMES` set plain TCP is there to compare times with.
#![allow(missing_docs)]

use kit::scene::Scene;
use kit::{bare, number, Kernel};

const COUNT: &str = env!("CARGO_BIN_EXE_count");
const GOOD: &str = "served others before a reader woke up: true\nall of it arrived: true\n";

/// What the client says of `readers` readers, both sides run by `run`.
fn said(scene: &Scene, run: &str, readers: u32) -> String {
    let command = format!("ulimit -n 8192; exec {run} /usr/bin/python3 tests/stall");
    let serving = scene.serve(
        "stall",
        &[7010],
        &format!("{command}/server.py $SERVER 7010"),
    );
    let output = serving.ask(&format!("{command}/client.py $SERVER 7010 {readers}"));
    println!("{run:?}, {readers} readers: {}", output.err);
    assert_eq!(output.status, 0, "{output:?}");
    output.out.to_lowercase()
}

#[test]
fn closing_keeps_nobody_waiting() {
    // Elsewhere there is no ring of the sender's that could be full.
    if Kernel::expected() != Kernel::SmcR {
        return;
    }
    let scene = Scene::new(COUNT);
    let readers = number("SMC_TEST_READERS", 200);
    assert_eq!(said(&scene, "./smc_run", readers), GOOD);
    scene.assert_all_smc();
    if std::env::var_os("SMC_TEST_TIMES").is_some() {
        assert_eq!(said(&scene, "", readers), GOOD);
    }
    // The control: each close waits for two seconds, and then data is lost.
    let run = bare::smc(&[scene.client, scene.server]);
    assert_eq!(
        said(&scene, &run, 3),
        GOOD.replace("true", "false"),
        "control"
    );
}
