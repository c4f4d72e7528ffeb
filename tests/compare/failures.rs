// SPDX-License-Identifier: MIT OR Apache-2.0
//! Whatever goes wrong is said in one line, and nothing is left running.

use super::{command, compare, processes_with, Said};
use std::io::Read;
use std::net::TcpListener;
use std::process::{Child, Stdio};

/// Compares TCP with itself; `MARK` in an argument is a word that is in no other
/// process, and in none afterwards.
fn fails(arguments: &[&str]) -> Said {
    let mark = mark(arguments);
    let arguments: Vec<String> = ["-n", "1", "--a", "tcp", "--b", "tcp"]
        .iter()
        .chain(arguments)
        .map(|argument| argument.replace("MARK", &mark))
        .collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let said = compare(&arguments);
    assert!(said.out.is_empty(), "{said:?}");
    assert_eq!(said.status, 1, "{said:?}");
    assert_eq!(said.err.lines().count(), 1, "{said:?}");
    assert_eq!(processes_with(&mark), Vec::<String>::new());
    said
}

fn mark(of: &[&str]) -> String {
    let letters: usize = of.iter().map(|word| word.len()).sum();
    format!("{}.{letters}", 80_000 + std::process::id() % 1000)
}

#[test]
fn each_failure_is_a_line() {
    for (arguments, words) in [
        (
            &["--", "no-such-client"][..],
            "no-such-client: there is no such command",
        ),
        (
            &["--server", "no-such-server", "--", "true"],
            "no-such-server: there is no such command",
        ),
        (
            &["--server", "sh -c 'echo no way >&2; exit 3'", "--", "true"],
            "sh ended with exit status 3 before it listened: no way",
        ),
        (
            &["--timeout", "1", "--server", "sleep MARK", "--", "true"],
            "sleep does not listen after 1 s",
        ),
        (
            &[
                "--timeout",
                "1",
                "--port",
                "16413",
                "--server",
                "sleep MARK",
                "--",
                "true",
            ],
            "sleep does not listen on port 16413 after 1 s",
        ),
        (
            &[
                "--timeout",
                "1",
                "--",
                "sh",
                "-c",
                "sleep MARK & sleep MARK",
            ],
            "sh did not end within 1 s (--timeout)",
        ),
        (
            &[
                "--",
                "sh",
                "-c",
                "sleep MARK & echo no such host >&2; exit 7",
            ],
            "sh ended with exit status 7: no such host",
        ),
        (
            &["--stdin", "/no/such/input", "--", "true"],
            "--stdin /no/such/input: no such file or directory",
        ),
        (
            &["--stdin", "/dev/zero", "--", "true"],
            "--stdin /dev/zero: expected a file, which is read anew in each run",
        ),
        (
            &["--metric", "x=rate ([0-9]+)", "--", "echo", "hello"],
            "--metric x: 'rate ([0-9]+)' matches nothing",
        ),
    ] {
        let said = fails(arguments);
        assert!(said.err.contains(words), "{said:?}");
    }
}

/// A server that dies while the client works: the client is not waited for.
#[test]
fn a_server_that_dies_is_news() {
    let said = fails(&[
        "--server",
        "python3 -c \"
import os, socket
listener = socket.create_server(('127.0.0.1', 16414))
listener.accept()
os._exit(9)\"",
        "--",
        "sh",
        "-c",
        "python3 -c \"import socket; socket.create_connection(('127.0.0.1', 16414))\"; exec sleep MARK",
    ]);
    assert!(
        said.err.contains("exit status 9 while it was needed"),
        "{said:?}"
    );
}

#[test]
fn a_port_that_is_taken_is_named() {
    let taken = TcpListener::bind("127.0.0.1:16415").unwrap();
    let server = "redis-server --port 16415 --save ''";
    let said = fails(&["--port", "16415", "--server", server, "--", "true"]);
    assert!(said.err.contains("port 16415 is taken"), "{said:?}");
    let said = fails(&["--server", server, "--", "true"]);
    assert!(
        said.err
            .contains("redis-server ended with exit status 1 before"),
        "{said:?}"
    );
    drop(taken);
    let said = compare(&[
        "-n", "1", "--a", "tcp", "--b", "tcp", "--server", server, "--", "true",
    ]);
    assert_eq!(said.status, 0, "{said:?}");
}

/// Processes that leave their parents, and a client that does not want to end.
#[test]
fn interrupted_it_leaves_nothing() {
    for (signal, status) in [(libc::SIGINT, 130), (libc::SIGTERM, 143)] {
        let mark = mark(&[]);
        let client = format!("trap '' TERM; setsid sleep {mark} & sleep {mark}; sleep {mark}");
        let server = "perl tests/compare/workload.pl server 16416";
        let mut child = command(&[
            "--a", "tcp", "--b", "tcp", "--server", server, "--", "sh", "-c", &client,
        ])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
        // It is there when both sleep.
        wait_for(
            || {
                processes_with(&format!("sleep {mark}"))
                    .iter()
                    .filter(|line| line.starts_with("sleep"))
                    .count()
                    == 2
            },
            &mut child,
        );
        let pid = libc::pid_t::try_from(child.id()).unwrap();
        // SAFETY: a child that was not waited for.
        unsafe { libc::kill(pid, signal) };
        let ended = child.wait().unwrap();
        let mut said = String::new();
        child
            .stderr
            .take()
            .unwrap()
            .read_to_string(&mut said)
            .unwrap();
        assert_eq!(ended.code(), Some(status), "{said}");
        assert!(said.contains("nothing is left running"), "{said}");
        assert_eq!(processes_with(&mark), Vec::<String>::new());
        assert_eq!(processes_with("server 16416"), Vec::<String>::new());
    }
}

/// Who kills smcctl itself leaves nothing, either.
#[test]
fn killed_it_leaves_nothing() {
    let mark = mark(&["killed"]);
    let mut child = command(&["--a", "tcp", "--b", "tcp", "--", "sleep", &mark])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let is_there = || {
        processes_with(&mark)
            .iter()
            .any(|line| line.starts_with("sleep"))
    };
    wait_for(is_there, &mut child);
    child.kill().unwrap();
    child.wait().unwrap();
    wait_for(|| processes_with(&mark).is_empty(), &mut child);
}

/// Looks again and again; a program that ends before, or nothing for half a minute, fails.
fn wait_for(what: impl Fn() -> bool, child: &mut Child) {
    for _ in 0..600 {
        if what() {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    panic!("it did not happen: {:?}", child.try_wait());
}
