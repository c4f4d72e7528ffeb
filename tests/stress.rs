// SPDX-License-Identifier: MIT OR Apache-2.0
//! Ordinary programs in unusual situations (`stress/`): thousands of sockets,
//! forks, threads, signals, closed descriptors, handed-over sockets, senseless
//! arguments. Each runs without `smc_run` first, where all its sockets must be
//! TCP, and then under it, where they must be what the kernel can do at best
//! and everything else must be the same.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

#[path = "stress/stage.rs"]
mod stage;

use kit::Kernel;
use stage::{assert_says, best, said, shell, two_ports, Scratch, TCP};
use std::fs;

#[test]
fn a_thousand_connections_at_once() {
    assert_says(
        "ulimit -n 4096 && exec $RUN $STRESS thousand 1000",
        "",
        "accepted {accepted} x1000\nclient {client} x1000\nlistener {listener} x1\n",
    );
}

#[test]
fn fork_in_the_middle_of_traffic() {
    assert_says(
        "exec $RUN $STRESS fork",
        "",
        "afterwards {client} x8\n\
         inherited {client} x8\n\
         inherited's peer {accepted} x8\n\
         kept {client} x4\n\
         listener {listener} x1\n\
         new {client} x4\n\
         new's peer {accepted} x4\n\
         and the child\n\
         kept {client} x4\n\
         new {client} x4\n\
         new's peer {accepted} x4\n",
    );
}

#[test]
fn fork_among_threads() {
    assert_says(
        "exec $RUN $STRESS fork-threaded 12",
        "",
        "client {client} x12\nclient's peer {accepted} x12\n",
    );
}

#[test]
fn threads_create_connect_and_close() {
    let (one, other) = two_ports();
    let script = format!("exec $RUN $STRESS churn {one} {other} 8");
    let with_other_as = |client: &str, accepted: &str| {
        format!(
            "one {{client}} x256\n\
             one's peer {{accepted}} x256\n\
             other {client} x256\n\
             other's peer {accepted} x256\n\
             own {{client}} x256\n\
             own's peer {{accepted}} x256\n\
             unused {{listener}} x256\n\
             descriptors left behind: 0\n"
        )
    };
    assert_says(&script, "", &with_other_as("{client}", "{accepted}"));
    let options = format!("-p !{other}");
    assert_says(&script, &options, &with_other_as("2/6", "2/6"));
}

#[test]
fn a_signal_handler_makes_the_same_calls() {
    assert_says(
        "exec $RUN $STRESS signals 150",
        "",
        "main {client}\n\
         main's peer {accepted}\n\
         failures in the handler: 0\n\
         descriptors left behind: 0\n",
    );
}

#[test]
fn a_daemon_that_closes_all_descriptors() {
    let expected = "client {client} x3\n\
                    client's peer {accepted} x3\n\
                    daemon's listener {listener} x1\n";
    assert_says("exec $RUN $STRESS daemon", "", expected);
    // With a journal, which the daemon's closing must not disturb either.
    let scratch = Scratch::new("daemon");
    let log = scratch.path("log");
    assert_says(
        "exec $RUN $STRESS daemon",
        &format!("-d --log-file {log}"),
        expected,
    );
    let log = fs::read_to_string(log).unwrap();
    if Kernel::expected() != Kernel::Without {
        assert!(log.contains(": listen 127.0.0.1:"), "{log}");
    }
}

#[test]
fn children_by_posix_spawn_and_sockets_across_exec() {
    assert_says(
        "exec $RUN $STRESS spawn",
        "",
        "client {client} x1\n\
         client's peer {accepted} x1\n\
         listener {listener} x1\n\
         served after exec {client} x1\n\
         served after exec's peer {accepted} x1\n\
         served by a client after exec {accepted} x1\n\
         served by a client after exec's peer {client} x1\n",
    );
}

#[test]
fn children_by_vfork() {
    let scratch = Scratch::new("vfork");
    let program = scratch.compile("vfork.c", &[], "vfork");
    assert_says(
        &format!("exec $RUN {program} $STRESS pair"),
        "",
        "client {client} x1\nclient's peer {accepted} x1\nlistener {listener} x1\n",
    );
}

#[test]
fn threads_that_are_cancelled() {
    const CALLS: [&str; 9] = [
        "fclose",
        "accept",
        "accept4",
        "connect",
        "write",
        "send",
        "sendmsg",
        "splice",
        "epoll_wait",
    ];
    let expected =
        CALLS.map(|call| format!("{call}, before: cancelled\n{call}, in it: cancelled\n"));
    let expected = format!("close, before: cancelled\n{}", expected.concat());
    let scratch = Scratch::new("cancelled");
    let program = scratch.compile("cancelled.c", &[], "cancelled");
    // With lists, a journal and a report there is more to do around each call.
    let log = scratch.path("log");
    let others = format!("-p !9 -d --log-file {log}");
    let script = format!("exec $RUN {program}");
    assert_says(&script, "", &expected);
    assert_says(&script, &others, &expected);
    assert_says(&format!("{script} 2>/dev/null"), "--report", &expected);
}

#[test]
fn sockets_handed_to_a_process_without_the_shim() {
    let expected = "connected {client} x1\n\
                    connected's peer {accepted} x1\n\
                    fresh {listener}\n\
                    there without the shim\n\
                    received connected {client} x1\n\
                    received fresh {listener} x1\n\
                    received fresh, connected {client} x1\n\
                    received fresh, connected's peer {accepted} x1\n\
                    received listener {listener} x1\n\
                    its client {client} x1\n\
                    its client's peer {accepted} x1\n";
    let script = "exec $RUN $STRESS hand-over";
    assert_eq!(
        said(script, None),
        TCP.fill(&format!("here without the shim\n{expected}"))
    );
    assert_eq!(
        said(script, Some("")),
        best().fill(&format!("here with the shim\n{expected}"))
    );
}

#[test]
fn a_constructor_that_runs_before_the_shims() {
    let scratch = Scratch::new("early");
    scratch.compile("early.c", &["-shared", "-fPIC"], "libearly.so");
    let folder = scratch.path("");
    let program = scratch.compile(
        "early.c",
        &["-DPROGRAM", "-L", &folder, "-Wl,-rpath", &folder, "-learly"],
        "early",
    );
    // Several threads may find the shim still reading its configuration:
    // what such a socket is, is a matter of chance; that it works is not.
    let without_raced = |text: String| -> (usize, String) {
        let (raced, rest): (Vec<_>, Vec<_>) =
            text.lines().partition(|line| line.starts_with("raced "));
        (raced.len(), rest.join("\n"))
    };
    let expected = "listener {listener}\nconstructor {client}\nmain {client}";
    let script = format!("exec $RUN {program}");
    assert_eq!(without_raced(said(&script, None)), (16, TCP.fill(expected)));
    assert_eq!(
        without_raced(said(&script, Some(""))),
        (16, best().fill(expected))
    );

    // It did run before the shim's: the loader says so.
    let script = format!("exec $RUN env LD_DEBUG=files {program} 2>&1");
    let order = String::from_utf8(shell(&script, Some("")).stdout).unwrap();
    let initialised = |library: &str| {
        let calls = order.lines().filter(|line| line.contains("calling init: "));
        calls
            .enumerate()
            .find_map(|(number, line)| line.contains(library).then_some(number))
    };
    let (early, shim) = (initialised("libearly.so"), initialised("libsmc_shim.so"));
    assert!(early.is_some() && early < shim, "{early:?} {shim:?}");
}

#[test]
fn senseless_arguments_get_tcps_answers() {
    let table = |options, script: &str| said(&format!("exec $RUN $STRESS {script}"), options);
    let tcp = table(None, "table unmapped");
    for expected in [
        "first socket: 0 errno 4000",
        "connect 1 length 16: -1 errno 14",
        "connect right length 16: 0 errno 4000",
        "set fresh IP_TOS right length 1: 0 errno 4000",
    ] {
        assert!(tcp.lines().any(|line| line == expected), "{tcp}");
    }
    assert_same(&tcp, &table(Some(""), "table unmapped"), "");
    let tcp = table(None, "table");
    for options in ["-p 1-65535", "-p 1", "-H !127.0.0.1"] {
        assert_same(&tcp, &table(Some(options), "table"), options);
    }
}

#[test]
fn pointers_to_nowhere_get_tcps_answers() {
    let table = |options| said("exec $RUN $STRESS pointers", options);
    let tcp = table(None);
    for expected in [
        "connect length 16 unmapped: -1 errno 14",
        "connect length 16 half: -1 errno 14",
        "accept address true read-only: -1 errno 14",
        "sendmsg buffers unreadable: -1 errno 14",
    ] {
        assert!(tcp.lines().any(|line| line == expected), "{tcp}");
    }
    for options in ["", "-p 1-65535", "-p 1"] {
        assert_same(&tcp, &table(Some(options)), options);
    }
}

/// Compares line by line: the lines that differ are what one wants to see.
fn assert_same(tcp: &str, smc: &str, options: &str) {
    let different: Vec<_> = tcp
        .lines()
        .zip(smc.lines())
        .filter(|(tcp, smc)| tcp != smc)
        .map(|(tcp, smc)| format!("TCP: {tcp}\nSMC: {smc}"))
        .collect();
    assert!(
        different.is_empty() && tcp.len() == smc.len(),
        "under smc_run {options}:\n{}",
        different.join("\n")
    );
}

#[test]
fn only_the_last_close_ends_a_connection() {
    let scratch = Scratch::new("last-close");
    let program = scratch.compile("last_close.c", &[], "last_close");
    for situation in [
        "child-keeps",
        "parent-ends",
        "duplicate",
        "own-table",
        "slow-reader",
    ] {
        assert_says(
            &format!("exec $RUN {program} {situation}"),
            "",
            &format!("{situation}: closed at once, all arrived\n"),
        );
    }
}

#[test]
fn each_socket_has_its_own_options_after_a_fallback() {
    let scratch = Scratch::new("apart");
    let program = scratch.compile("apart.c", &[], "apart");
    assert_says(
        &format!("ulimit -n 4096 && exec $RUN {program}"),
        "",
        "linger 1 7 s, send timeout 20 s\nlinger 1 8 s, send timeout 21 s\n",
    );
}

/// Valgrind ends a program that makes a thread by clone(2).
#[test]
fn under_valgrind_all_arrives() {
    let scratch = Scratch::new("valgrind");
    let program = scratch.compile("last_close.c", &[], "last_close");
    // A close may wait there.
    let output = scratch.path("output");
    // It says on standard error that it does not know the ioctl of SMC's.
    let script = format!(
        "$RUN valgrind -q --error-exitcode=9 {program} slow-reader >{output} 2>/dev/null
         echo status $?; sed 's/closed.*,/closed,/' {output}"
    );
    assert_says(&script, "", "status 0\nslow-reader: closed, all arrived\n");
}

#[test]
fn a_listener_that_is_shut_down_calls_nobody_elses() {
    let scratch = Scratch::new("shared-listener");
    let program = scratch.compile("listener_shared.c", &[], "listener_shared");
    assert_says(
        &format!("exec $RUN {program}"),
        "",
        "connections to the other process: few\n",
    );
}

#[test]
fn socket64_is_there_for_those_who_bring_one() {
    let scratch = Scratch::new("socket64");
    let program = scratch.compile("socket64.c", &["-ldl"], "socket64");
    let library = scratch.compile("socket64.c", &["-DLIBRARY", "-shared", "-fPIC"], "lib64.so");
    assert_says(&format!("exec $RUN {program}"), "", "socket64: none\n");
    // What the program finds first is the shim's, which finds the library's.
    let script = format!("exec $RUN sh -c 'LD_PRELOAD=$LD_PRELOAD:{library} exec {program}'");
    assert_says(&script, "", "socket64: {listener}\n");
}

#[test]
fn started_with_standard_descriptors_closed() {
    let scratch = Scratch::new("closed");
    let file = scratch.path("told");
    let script = format!("$RUN $BARE {file} 0<&- 1>&- 2>&- && cat {file}");
    let expected = "listener {listener} fd 0\nclient {client} fd 1\naccepted {accepted} fd 2\n";
    for options in ["", "-d", "-d -p 1-65535"] {
        assert_says(&script, options, expected);
    }
    assert_says(&script, "-d -p 1", &TCP.fill(expected));
    // A log file has to be opened under one of the numbers that are free.
    let log = scratch.path("log");
    assert_says(&script, &format!("-d --log-file {log}"), expected);
    if Kernel::expected() != Kernel::Without {
        let log = fs::read_to_string(log).unwrap();
        assert!(log.contains("fd 0: "), "{log}");
    }
}

#[test]
fn no_descriptor_left() {
    assert_says(
        "exec $RUN $STRESS limits",
        "",
        "40 and then errno 24\n\
         socket: errno 24\n\
         socket: errno 24\n\
         socket: errno 24\n\
         accept: errno 24\n\
         socket: errno 24\n\
         again {client} x3\n\
         again's peer {accepted} x3\n\
         own {client} x1\n\
         own's peer {accepted} x1\n\
         steady {client} x1\n\
         steady's peer {accepted} x1\n",
    );
}
