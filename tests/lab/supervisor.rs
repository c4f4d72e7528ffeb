// SPDX-License-Identifier: MIT OR Apache-2.0
//! The supervisor. In QEMU's place there is a program that runs the agent on this machine,
//! or sends what a guest should not.

use crate::Fifo;
use kit::machine::AGENT;
use std::process::{Command, Output};

const SUPERVISE: &str = env!("LAB_SUPERVISE");

/// The port is the argument after which QEMU looks for it.
const PORT: &str = "
import os, subprocess, sys
[port] = [int(word.split('fd=')[1]) for word in sys.argv if word.startswith('socket,id=frames,')]
";

/// When this is killed, the port is closed: then the agent ends what it runs.
const GUEST: &str = "
os.set_inheritable(port, True)
sys.exit(subprocess.call([sys.argv[1]], stdin=port))
";

/// What ends at once, says `words`, and ends with status 3, one byte at a time.
const SLOW: &str = "
def send(kind, payload):
    for byte in kind + len(payload).to_bytes(4, 'little') + payload:
        os.write(port, bytes([byte]))
send(b'R', b'')
os.read(port, 5)
send(b'O', b'words\\n')
send(b'X', b'\\3')
os.read(port, 1 << 20)
";

const NONSENSE: &str = "os.write(port, b'O\\xff\\xff\\xff\\xff')\nos.read(port, 1)";

fn supervise(mode: &str, seconds: &str, guest: &str, commands: &[&str]) -> Output {
    Command::new(SUPERVISE)
        .args([mode, seconds, "python3", "-c"])
        .args([&format!("{PORT}{guest}"), AGENT, "--"])
        .args(commands)
        .output()
        .unwrap()
}

/// Exit status, standard output and error.
fn said(output: &Output) -> (Option<i32>, String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let Output { status, .. } = output;
    (status.code(), text(&output.stdout), text(&output.stderr))
}

fn run(script: &str) -> (Option<i32>, String, String) {
    said(&supervise("run", "60", GUEST, &["sh", "-c", script]))
}

#[test]
fn output_and_status_are_the_commands() {
    let expected = (Some(7), "out\n".to_owned(), "err\n".to_owned());
    assert_eq!(run("echo out; echo err >&2; exit 7"), expected);
    assert_eq!(run("kill -SEGV $$").0, Some(139));
    assert_eq!(run("sleep 600 & exit 0").0, Some(0));
    let much = run("head -c 5000000 /dev/zero").1;
    assert_eq!(much.len(), 5_000_000);
}

#[test]
fn frames_may_come_byte_by_byte() {
    let expected = (Some(3), "words\n".to_owned(), String::new());
    assert_eq!(said(&supervise("run", "60", SLOW, &["true"])), expected);
}

#[test]
fn a_guest_that_is_none_is_named() {
    let ends = |guest: &str| {
        let (status, out, err) = said(&supervise("run", "60", guest, &["true"]));
        assert_eq!((status, &*out), (Some(125), ""), "{err}");
        err
    };
    let dead = ends("print('no kernel', flush=True)");
    assert!(
        dead.starts_with("lab: the guest did not come up\n"),
        "{dead}"
    );
    assert!(dead.ends_with("  | no kernel\n"), "{dead}");
    let nonsense = ends(NONSENSE);
    assert!(
        nonsense.starts_with("lab: nonsense from the guest\n"),
        "{nonsense}"
    );
}

#[test]
fn the_time_is_limited() {
    let hangs = said(&supervise("run", "1", "os.read(port, 1)", &["true"]));
    let while_starting = "lab: time limit of 1 s reached while the guest was starting\n";
    assert_eq!(hangs.0, Some(124));
    assert!(hangs.2.starts_with(while_starting), "{hangs:?}");
    let long = said(&supervise(
        "run",
        "10",
        GUEST,
        &["sh", "-c", "echo begun; sleep 600"],
    ));
    assert_eq!((long.0, &*long.1), (Some(124), "begun\n"));
    assert!(
        long.2.starts_with("lab: time limit of 10 s reached\n"),
        "{long:?}"
    );
}

/// What a server does before its client may begin, and to wait for its end.
fn pair(before: &str, words: &str) -> (Option<i32>, String, String) {
    let fifo = Fifo::new(words);
    let path = fifo.0.display();
    let server = format!(
        "sleep 600 & {before}
 printf {words}; echo >{path}; wait"
    );
    let client = format!("read line <{path}; echo done; exit 3");
    said(&supervise("pair", "60", GUEST, &[&server, &client]))
}

#[test]
fn the_server_of_a_pair_ends_with_the_client() {
    let (status, out, err) = pair("trap 'printf -- -last; exit 1' TERM", "first");
    assert_eq!((status, &*out), (Some(3), "done\n"), "{err}");
    assert_eq!(err, "server| first-last\n");
}

#[test]
fn a_server_that_ignores_its_end_is_named() {
    let (status, out, err) = pair("trap '' TERM; sleep 600 &", "never");
    assert_eq!((status, &*out), (Some(3), "done\n"), "{err}");
    let expected = "lab: the server did not end within 10 s of SIGTERM\nserver| never\n";
    assert_eq!(err, expected);
}
