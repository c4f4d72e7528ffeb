// SPDX-License-Identifier: MIT OR Apache-2.0
//! Programs that go on in the background.

use crate::told::Told;
use crate::{COUNT, PYTHON};
use kit::scene::Scene;

#[test]
fn a_daemon_is_waited_for() {
    let scene = Scene::new(COUNT);
    let server = format!("exec ./smc_run --report=json {PYTHON}/server.py $SERVER 7120");
    let mut serving = scene.serve("daemon", &[7120], &server);
    // The first process has ended, and said so, before the daemon begins.
    let client = format!(
        "./smc_run --report=json {PYTHON}/daemon.py $SCRATCH/go \
             /usr/bin/python3 $PWD/tests/report/client.py waits $SERVER 7120 10 2>$SCRATCH/err &
         for try in $(seq 600); do
             ! grep -q 'goes on in the background' $SCRATCH/err || break
             sleep 0.1
         done
         touch $SCRATCH/go; wait $!; status=$?; cat $SCRATCH/err >&2; exit $status"
    );
    let said = serving.ask(&client);
    assert_eq!(said.status, 5, "{said:?}");
    assert!(said.err.contains("goes on in the background"), "{said:?}");
    let told = Told::read(&said.err);
    assert_eq!(
        told.count("connected", |line| line["port"] == 7120),
        10,
        "{told:?}"
    );
    told.assert_agrees("connected", "client", &scene.counted().0);
    assert_eq!(Told::read(&serving.end().err).all(), 10);
}

/// Interrupted, it tells what there was until then and leaves the daemon alone.
#[test]
fn whoever_does_not_wait_is_told_so_far() {
    let scene = Scene::new(COUNT);
    let said = scene.alone(
        "early",
        &format!(
            "./smc_run --report=json {PYTHON}/daemon.py $SCRATCH/go touch $SCRATCH/gone 2>$SCRATCH/err &
             for try in $(seq 600); do
                 ! grep -q 'goes on in the background' $SCRATCH/err || break
                 sleep 0.1
             done
             kill -TERM $!; status=0; wait $! || status=$?
             [ ! -e $SCRATCH/gone ]; touch $SCRATCH/go
             for try in $(seq 600); do [ ! -e $SCRATCH/gone ] || break; sleep 0.1; done
             [ -e $SCRATCH/gone ]; cat $SCRATCH/err >&2; echo $status"
        ),
    );
    assert_eq!(said.out, "5\n");
    assert!(said.err.contains("\"still_running\": true"), "{said:?}");
}
