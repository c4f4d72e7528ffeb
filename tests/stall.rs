// SPDX-License-Identifier: MIT OR Apache-2.0
//! An event-loop server that closes connections to readers who sleep goes on
//! serving others, and what it sent arrives when they wake up.
//!
//! `SMC_TEST_READERS` is how many readers there are (40, unless set). With
//! `SMC_TEST_TIMES` set plain TCP is there to compare times with.
#![allow(missing_docs)]

use kit::scene::Scene;
use kit::{bare, number, Kernel};

const COUNT: &str = env!("CARGO_BIN_EXE_count");
const GOOD: &str = "served others before a reader woke up: true\nall of it arrived: true\n";

struct Server {
    /// What client.py calls it.
    kind: &'static str,
    /// The script that starts it on port 7010; `RUN` is for what runs it.
    script: &'static str,
}

/// A loop that does nothing else, and times its closes.
const OWN: Server = Server {
    kind: "own",
    script: "exec RUN /usr/bin/python3 tests/stall/server.py $SERVER 7010",
};

/// The same, with another's loop.
const NODE: Server = Server {
    kind: "node",
    script: "exec RUN node tests/stall/server.js $SERVER 7010",
};

const REDIS: Server = Server {
    kind: "redis",
    script: "exec RUN redis-server --bind $SERVER --port 7010 --protected-mode no \
             --save '' --dir $SCRATCH",
};

/// One process that serves a file and says how many connections it has.
const NGINX: Server = Server {
    kind: "nginx",
    script: "
    mkdir $SCRATCH/www; head -c 100000 /dev/zero > $SCRATCH/www/given
    cat > $SCRATCH/conf <<END
    daemon off; worker_processes 1; pid $SCRATCH/pid; error_log stderr;
    events { worker_connections 4096; }
    http { access_log off; client_body_temp_path $SCRATCH; proxy_temp_path $SCRATCH;
           fastcgi_temp_path $SCRATCH; uwsgi_temp_path $SCRATCH; scgi_temp_path $SCRATCH;
           keepalive_requests 1000000;
           server { listen $SERVER:7010; root $SCRATCH/www; location = /status { stub_status; } } }
END
    chmod -R a+rX $SCRATCH
    exec RUN nginx -e stderr -c $SCRATCH/conf",
};

/// What the client says of `readers` readers, both sides run by `run`.
fn said(scene: &Scene, server: &Server, run: &str, readers: u32) -> String {
    let (kind, limit) = (server.kind, "ulimit -n 8192;");
    let script = format!("{limit} {}", server.script.replace("RUN", run));
    let serving = scene.serve("stall", &[7010], &script);
    let output = serving.ask(&format!(
        "{limit} exec {run} /usr/bin/python3 tests/stall/client.py $SERVER 7010 {readers} {kind}"
    ));
    println!("{kind} {run:?}, {readers} readers: {}", output.err);
    assert_eq!(output.status, 0, "{output:?}");
    output.out.to_lowercase()
}

fn keeps_nobody_waiting(server: &Server) {
    // Elsewhere there is no ring of the sender's that could be full.
    if kit::skips(
        Kernel::expected() != Kernel::SmcR,
        "needs SMC-R between two guests",
    ) {
        return;
    }
    let scene = Scene::new(COUNT);
    let readers = number("SMC_TEST_READERS", 40);
    assert_eq!(said(&scene, server, "./smc_run", readers), GOOD);
    scene.assert_all_smc();
    if std::env::var_os("SMC_TEST_TIMES").is_some() {
        assert_eq!(said(&scene, server, "", readers), GOOD);
    }
    // The control: each close waits for two seconds, and then data is lost.
    let run = bare::smc(&[scene.client, scene.server]);
    assert_eq!(
        said(&scene, server, &run, 3),
        GOOD.replace("true", "false"),
        "control"
    );
}

#[test]
fn closing_keeps_nobody_waiting() {
    keeps_nobody_waiting(&OWN);
}

#[test]
fn node_keeps_nobody_waiting() {
    keeps_nobody_waiting(&NODE);
}

#[test]
fn redis_keeps_nobody_waiting() {
    keeps_nobody_waiting(&REDIS);
}

#[test]
fn nginx_keeps_nobody_waiting() {
    keeps_nobody_waiting(&NGINX);
}
