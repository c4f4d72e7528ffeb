// SPDX-License-Identifier: MIT OR Apache-2.0
//! The server's side behind a command, and at another address.

use super::{command, compare, processes_with, Said};
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;

const SERVER: &str = "perl tests/compare/workload.pl server 16431";
const CLIENT: [&str; 6] = [
    "--",
    "perl",
    "tests/compare/workload.pl",
    "client",
    "16431",
    "2",
];
const METRIC: [&str; 4] = ["-n", "2", "--metric", "answer=took ([0-9.]+):ms"];

fn with(arguments: &[&str]) -> Said {
    let sides = ["--a", "tcp", "--b", "tcp"];
    let all = [&sides[..], &METRIC, arguments, &CLIENT].concat();
    compare(&all)
}

#[test]
fn the_server_is_behind_a_command() {
    let _alone = super::alone();
    let said = with(&["--server-prefix", "env BEHIND=1", "--server", SERVER]);
    assert_eq!(said.status, 0, "{said:?}");
    assert!(
        said.row("server CPU")["a"].as_f64().unwrap() > 0.0,
        "{said:?}"
    );
    let said = with(&["--server-prefix", "false", "--server", SERVER]);
    assert_eq!(said.status, 1, "{said:?}");
    assert!(
        said.err.contains("server's side of smcctl compare is gone"),
        "{said:?}"
    );
}

/// What ssh is given is one line, and a shell there takes it apart.
#[test]
fn the_server_is_behind_ssh() {
    let _alone = super::alone();
    let folder = std::env::temp_dir().join(format!("ssh-{}", std::process::id()));
    std::fs::create_dir(&folder).unwrap();
    let ssh = folder.join("ssh");
    let script = "#!/bin/sh\nwhile [ \"$1\" != -- ]; do shift; done\n\
                  [ \"$2\" = db1 ] && shift 2 && exec sh -c \"$*\"\n";
    std::fs::write(&ssh, script).unwrap();
    std::fs::set_permissions(&ssh, std::fs::Permissions::from_mode(0o755)).unwrap();
    let path = std::env::var("PATH").unwrap();
    let smcctl = super::smcctl();
    let here = smcctl.parent().unwrap().display();
    let output = command(&["--a", "tcp", "--b", "tcp", "--server-host", "db1"])
        .args(METRIC)
        .args([
            "--server",
            "sh -c 'exec perl tests/compare/workload.pl server \"$1\"' - 16431",
        ])
        .args(CLIENT)
        .env("PATH", format!("{}:{here}:{path}", folder.display()))
        .output();
    std::fs::remove_dir_all(&folder).unwrap();
    let output = output.unwrap();
    assert!(output.status.success(), "{output:?}");
}

#[test]
fn each_side_alone() {
    let _alone = super::alone();
    let mut server = command(&[
        "--role",
        "server",
        "--listen",
        "127.0.0.1:16432",
        "--server",
        SERVER,
    ])
    .stderr(Stdio::piped())
    .spawn()
    .unwrap();
    let mut lines = BufReader::new(server.stderr.take().unwrap()).lines();
    assert!(lines.next().unwrap().unwrap().contains("waiting"));
    for _ in 0..2 {
        let said = with(&["--role", "client", "--connect", "127.0.0.1:16432"]);
        assert_eq!(said.status, 0, "{said:?}");
        assert!(
            said.row("server CPU")["a"].as_f64().unwrap() > 0.0,
            "{said:?}"
        );
    }
    // Who connects can have nothing run but the server.
    let mut other = vec!["--a", "tcp", "--b", "touch /nonexistent/x", "-n", "1"];
    other.extend(["--role", "client", "--connect", "127.0.0.1:16432"]);
    other.extend(CLIENT);
    let said = compare(&other);
    assert_eq!(said.status, 1, "{said:?}");
    assert!(said.err.contains("does not take such orders"), "{said:?}");
    let pid = libc::pid_t::try_from(server.id()).unwrap();
    // SAFETY: a child that was not waited for.
    unsafe { libc::kill(pid, libc::SIGTERM) };
    assert_eq!(server.wait().unwrap().code(), Some(143));
    assert_eq!(processes_with("server 16431"), Vec::<String>::new());
}
