// SPDX-License-Identifier: MIT OR Apache-2.0
//! The program does not notice the report, and a run without one has nothing of it.

use crate::COUNT;
use kit::scene::Scene;

#[test]
fn exit_status_and_signals_pass_through() {
    let scene = Scene::new(COUNT);
    let said = scene.alone(
        "passes",
        "status() { printf '%s ' $?; }
         set +e
         for run in ./smc_run './smc_run --report' \"${CARGO_TARGET_DIR:-target}/release/smcctl run --report --\"; do
             $run sh -c 'exit 7'; status
             $run sh -c 'kill -KILL $$'; status
             $run sh -c 'kill -SEGV $$'; status
             $run $SCRATCH/nothing; status
             $run /etc/passwd; status
             $run sh -c 'trap \"exit 9\" USR1; echo > $SCRATCH/ready; while :; do sleep 0.1; done' &
             for try in $(seq 600); do [ ! -e $SCRATCH/ready ] || break; sleep 0.1; done
             kill -USR1 $!; wait $!; status
             rm $SCRATCH/ready
             $run sh -c 'echo > $SCRATCH/ready; while :; do sleep 0.1; done' &
             for try in $(seq 600); do [ ! -e $SCRATCH/ready ] || break; sleep 0.1; done
             kill -TERM $!; wait $!; status
             rm $SCRATCH/ready
             # Two signals are the C library's own: bits 31 and 32. Whoever has started
             # this may have more ignored (nohup, or a shell that does not wait).
             (env --default-signal --ignore-signal=PIPE $run sed -n 's/^Sig\\(Ign\\|Blk\\).*\\(.......\\)$/\\2/p' /proc/self/status | tr '\\n' ' ')
             echo
         done 2>$SCRATCH/err",
    );
    let mut lines = said.out.lines();
    let first = lines.next().unwrap();
    assert_eq!(
        first, "7 137 139 127 126 9 143 0000000 0001000 ",
        "{said:?}"
    );
    assert_eq!(lines.collect::<Vec<_>>(), [first, first]);
}

#[test]
fn input_and_output_are_the_programs() {
    let scene = Scene::new(COUNT);
    let said = scene.alone(
        "output",
        "head -c 3000000 /dev/urandom > $SCRATCH/in
         ./smc_run --report cat < $SCRATCH/in > $SCRATCH/out 2> $SCRATCH/err
         cmp $SCRATCH/in $SCRATCH/out
         grep -q '^smcctl: no connections of cat$' $SCRATCH/err
         echo; ./smc_run --report -- printf '%s|' 'a b' -x -- '$c' 2>/dev/null
         # Whoever reads the output is not kept waiting by the report.
         ./smc_run --report sh -c 'exec >&-; while [ ! -e $SCRATCH/read ]; do sleep 0.1; done' |
             { cat; touch $SCRATCH/read; }
         rm $SCRATCH/read
         ./smc_run --report sh -c '
             exec 7>&-; for try in $(seq 600); do [ ! -e $SCRATCH/read ] || break; sleep 0.1; done
             [ -e $SCRATCH/read ] || echo kept open > $SCRATCH/status
         ' 7>&1 >/dev/null | { cat; touch $SCRATCH/read; }
         [ ! -e $SCRATCH/status ] || cat $SCRATCH/status",
    );
    assert_eq!(said.out, "\na b|-x|--|$c|");
}

#[test]
fn nothing_of_it_is_in_a_run_without() {
    let scene = Scene::new(COUNT);
    let see = "'cat /proc/self/maps; ls /proc/self/fd | wc -l; env | grep -c SMC_REPORT; :'";
    let with = scene
        .alone("with", &format!("./smc_run --report sh -c {see}"))
        .out;
    let without = scene.alone("with", &format!("./smc_run sh -c {see}")).out;
    assert!(without.contains("libsmc_shim.so") && with.contains("libsmc_shim.so"));
    // The memory that smcctl reads is mapped in one, and not in the other.
    assert!(with.contains("/smcctl-"), "{with}");
    assert!(!without.contains("smcctl"), "{without}");
    let last = |text: &str| -> Vec<String> {
        let mut lines: Vec<_> = text.lines().rev().take(2).map(str::to_owned).collect();
        lines.reverse();
        lines
    };
    // As many descriptors, and a variable more.
    assert_eq!(last(&with)[0], last(&without)[0]);
    assert_eq!(
        (last(&with)[1].as_str(), last(&without)[1].as_str()),
        ("1", "0")
    );
    // And nothing stays behind.
    let left = scene
        .alone(
            "with",
            "ls -d /dev/shm/smcctl-* /tmp/smcctl-* 2>/dev/null || :",
        )
        .out;
    assert_eq!(left, "");
}

#[test]
fn whoever_is_not_told_runs_all_the_same() {
    let scene = Scene::new(COUNT);
    let library = "LD_PRELOAD=$(realpath ${CARGO_TARGET_DIR:-target}/release/libsmc_shim.so)";
    let said = scene.alone(
        "alone",
        &format!(
            "{library} sh -c 'echo 1'
             SMC_REPORT= {library} sh -c 'echo 2'
             SMC_REPORT=$SCRATCH/nothing {library} sh -c 'echo 3'
             : > $SCRATCH/empty; SMC_REPORT=$SCRATCH/empty {library} sh -c 'echo 4'
             head -c 1000000 /dev/zero > $SCRATCH/zeroes
             SMC_REPORT=$SCRATCH/zeroes {library} sh -c 'echo 5'"
        ),
    );
    assert_eq!(
        (said.out.as_str(), said.err.as_str()),
        ("1\n2\n3\n4\n5\n", "")
    );
}
