// SPDX-License-Identifier: MIT OR Apache-2.0
//! Programs that the report's library is not in: the report says that they were not
//! counted.

use crate::{COUNT, PYTHON};
use kit::scene::Scene;
use kit::Kernel;

const NOT_COUNTED: &str = "smcctl: not counted, executed without the library: ";

#[test]
fn a_cleared_environment_is_noticed() {
    let scene = Scene::new(COUNT);
    let server = format!("exec ./smc_run --report=json {PYTHON}/server.py $SERVER 7121");
    let serving = scene.serve("cleared", &[7121], &server);
    let client = format!("{PYTHON}/client.py waits $SERVER 7121 3");
    let said = serving.ask(&format!("./smc_run --report env -i {client}"));
    assert_eq!(said.status, 0, "{said:?}");
    let expected = format!("smcctl: no connections of env\n{NOT_COUNTED}python3\n");
    assert_eq!(said.err, expected);
    // The same with the environment, and one without beside it.
    let said = serving.ask(&format!(
        "./smc_run --report sh -c 'env -i /bin/true; {client}'"
    ));
    let begin = "smcctl: 3 connections of sh: ";
    assert!(said.err.starts_with(begin), "{said:?}");
    assert!(
        said.err.contains(&format!("\n{NOT_COUNTED}true\n")),
        "{said:?}"
    );
}

/// Each is named once, with how often it was executed.
#[test]
fn only_programs_without_it_are_named() {
    let scene = Scene::new(COUNT);
    let said = scene.alone(
        "unseen",
        "echo 'int main(void) { return 0; }' >$SCRATCH/program.c
         cc -static -o $SCRATCH/static $SCRATCH/program.c
         ./smc_run --report=json sh -c '
             ls >/dev/null; (exec cat /dev/null); env true
             $SCRATCH/nothing; env nothing; ./smc_run true
             $SCRATCH/static; $SCRATCH/static; env -i printenv
             perl -e \"exec {q(/bin/sh)} q(sh), q(-c), q(true)\"
             exit 0
         ' 2>$SCRATCH/err
         sed -n '/^{$/,$p' $SCRATCH/err",
    );
    let report: serde_json::Value = serde_json::from_str(&said.out).unwrap();
    let expected = serde_json::json!([
        { "program": "printenv", "times": 1 },
        { "program": "static", "times": 2 },
    ]);
    assert_eq!(report["not_counted"], expected, "{report:#}");
}

/// What a program passes to `execve` is the program's: a fault of its own is an errno.
#[test]
fn a_path_that_is_none_is_no_fault() {
    let scene = Scene::new(COUNT);
    let said = scene.alone(
        "path",
        "./smc_run --report /usr/bin/python3 -c '
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
for path in (0, 8, -8):
    libc.execve(ctypes.c_void_p(path), None, None)
    print(ctypes.get_errno())
'",
    );
    assert_eq!(said.out, "14\n14\n14\n");
    assert_eq!(said.err, "smcctl: no connections of python3\n");
}

/// io_uring connects past the lists: neither the journal nor the report is silent.
#[test]
fn connections_of_io_uring_are_noticed() {
    let scene = Scene::new(COUNT);
    let server = format!("exec ./smc_run --report=json {PYTHON}/server.py $SERVER 7122");
    let serving = scene.serve("uring", &[7122], &server);
    let said = serving.ask(
        "cc -Wall -Werror -o $SCRATCH/uring tests/report/uring.c
         export SMC_LOG=warn SMC_LOG_FILE=$SCRATCH/journal
         ./smc_run -p 1 --report=json $SCRATCH/uring $SERVER 7122 3
         cat $SCRATCH/journal",
    );
    assert_eq!(said.status, 0, "{said:?}");
    let report: serde_json::Value = serde_json::from_str(&said.err).unwrap();
    // Where there is no SMC the socket was TCP, and no list would have changed it.
    let (connections, lines) = match Kernel::expected() {
        Kernel::Without => (0, 0),
        Kernel::SmcD | Kernel::SmcR => (3, 1),
        Kernel::AfSmc | Kernel::IpprotoSmc => (3, 0),
    };
    assert_eq!(report["without_connect"], connections, "{report:#}");
    assert_eq!(report["connections"], serde_json::json!([]), "{report:#}");
    let named = said.out.matches("SMC, connected without connect(2)");
    assert_eq!(named.count(), lines, "{said:?}");
}
