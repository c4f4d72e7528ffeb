// SPDX-License-Identifier: MIT OR Apache-2.0
//! The agent, spoken to as `kit::machine` does it, and frame by frame.

use crate::{assert_no_writer, within_patience, Fifo, PATIENCE};
use kit::frames;
use kit::machine::{Machine, AGENT};
use std::io::{self, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// An agent that has said that it is ready.
fn agent() -> (UnixStream, Child) {
    let (mut ours, theirs) = UnixStream::pair().unwrap();
    ours.set_read_timeout(Some(PATIENCE)).unwrap();
    let agent = Command::new(AGENT)
        .stdin(OwnedFd::from(theirs))
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let ready = frames::read(&mut ours).unwrap();
    assert_eq!(ready, (frames::READY, Vec::new()));
    (ours, agent)
}

fn start(command: &[&str]) -> Vec<u8> {
    let mut frame = Vec::new();
    let variables = std::env::vars_os().chain([("LAB_WORD".into(), "a  b".into())]);
    let payload = frames::start("/".as_ref(), variables, command);
    frames::write(&mut frame, frames::START, &payload).unwrap();
    frame
}

/// The next frame, as text.
fn next(agent: &mut UnixStream) -> (char, String) {
    let (kind, payload) = frames::read(agent).unwrap();
    (kind.into(), String::from_utf8_lossy(&payload).into_owned())
}

fn status(command: &[&str]) -> u8 {
    let (mut stream, _agent) = agent();
    stream.write_all(&start(command)).unwrap();
    loop {
        if let (frames::EXIT, status) = frames::read(&mut stream).unwrap() {
            return *status.first().unwrap();
        }
    }
}

#[test]
fn frames_may_come_byte_by_byte() {
    let (mut stream, mut agent) = agent();
    for byte in start(&["sh", "-c", "pwd; echo \"$LAB_WORD\" >&2; read x; exit 7"]) {
        stream.write_all(&[byte]).unwrap();
    }
    let mut said = [next(&mut stream), next(&mut stream)];
    said.sort();
    let expected = [('E', "a  b\n".to_owned()), ('O', "/\n".to_owned())];
    assert_eq!(said, expected);
    assert_eq!(next(&mut stream), ('X', "\u{7}".to_owned()));
    // It is there until the caller goes, who may ask for the end more than once.
    for byte in *b"T\0\0\0\0T\0\0\0\0" {
        stream.write_all(&[byte]).unwrap();
    }
    assert_eq!(next(&mut stream), ('G', String::new()));
    drop(stream);
    assert!(within_patience(move || agent.wait()).unwrap().success());
}

#[test]
fn the_status_is_the_commands() {
    assert_eq!(status(&["true"]), 0);
    assert_eq!(status(&["sh", "-c", "exit 255"]), 255);
    assert_eq!(status(&["sh", "-c", "kill -KILL $$"]), 128 + 9);
    assert_eq!(status(&["sh", "-c", "kill -PIPE $$"]), 128 + 13);
    assert_eq!(status(&["/nothing/there"]), 127);
    assert_eq!(status(&["/etc/passwd"]), 126);
}

#[test]
fn much_output_is_whole() {
    const MUCH: usize = 8 << 20;
    let script = format!("head -c {MUCH} /dev/zero & head -c {MUCH} /dev/zero >&2; wait; echo end");
    let output = Machine::here().unwrap().run(&script).unwrap();
    assert_eq!((output.status, output.err.len()), (0, MUCH));
    assert_eq!(output.out.len(), MUCH + "end\n".len());
    assert!(output.out.ends_with("\0end\n"));
}

#[test]
fn nothing_is_left_when_the_caller_goes() {
    for amid in [&b""[..], b"T\0"] {
        let fifo = Fifo::new("caller");
        let path = fifo.0.display();
        let script = format!("exec 3>{path}; sleep 600 & echo ready >&3; wait");
        let (mut stream, mut agent) = agent();
        stream.write_all(&start(&["sh", "-c", &script])).unwrap();
        let writers = fifo.line();
        stream.write_all(amid).unwrap();
        drop(stream);
        assert_no_writer(writers);
        assert!(within_patience(move || agent.wait()).unwrap().success());
    }
}

#[test]
fn what_goes_on_in_the_background_is_ended_and_its_last_words_come() {
    let script = "trap 'exit 3' USR1
        sh -c 'sleep 600 & trap \"echo last; exit\" TERM; kill -USR1 $PPID; wait' &
        wait";
    let output = Machine::here().unwrap().run(script).unwrap();
    assert_eq!((output.status, &*output.out), (3, "last\n"), "{output:?}");
}

#[test]
fn who_ignores_sigterm_is_killed() {
    let fifo = Fifo::new("ignores");
    let script = format!(
        "trap '' TERM; echo ready >{}; sleep 600; echo no",
        fifo.0.display()
    );
    let running = Machine::here().unwrap().start(&script).unwrap();
    drop(fifo.line());
    let begun = Instant::now();
    let output = running.end().unwrap();
    assert_eq!((output.status, &*output.out), (137, ""), "{output:?}");
    assert!(begun.elapsed() >= Duration::from_secs(9), "{begun:?}");
}

#[test]
fn what_is_no_command_is_refused() {
    for nonsense in [&b"S\xff\xff\xff\xff"[..], b"X\0\0\0\0", b"S\x05\0\0\0/\0"] {
        let (mut stream, agent) = agent();
        stream.write_all(nonsense).unwrap();
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        let ended = within_patience(move || agent.wait_with_output()).unwrap();
        let said = String::from_utf8_lossy(&ended.stderr).into_owned();
        assert_eq!(said, "lab: agent: start frame: Bad message\n");
        assert_eq!(ended.status.code(), Some(1));
        let end = frames::read(&mut stream).map_err(|error| error.kind());
        assert_eq!(end, Err(io::ErrorKind::UnexpectedEof));
    }
}
