// SPDX-License-Identifier: MIT OR Apache-2.0
//! How movers are run, and what they and the other ends say.

use crate::cases::{Case, Reader};
use crate::{shim, ENDPOINT};
use kit::job::Report;
use kit::scene::Scene;
use kit::Kernel;
use std::time::Instant;

const MOVER: &str = env!("SPLICE_MOVER");
/// Where connections come from.
const PORT: u16 = 7200;
/// Where data goes on to.
const SMC_PORT: u16 = 7201;
/// The same, not under `smc_run`.
const TCP_PORT: u16 = 7202;
/// Where the other connections come from,
const OTHERS_PORT: u16 = 7203;
/// and so many of them for each mover.
const OTHERS: usize = 8;
const FAST: &str = "0 65536 0";
/// What comes out of a pipe and goes on is this stream again.
const ONWARD: u8 = kit::job::ANSWER;

/// So many at once: where too many connect over SMC-R, handshakes take too long.
fn at_once() -> usize {
    match Kernel::expected() {
        Kernel::SmcR => 8,
        _ => usize::MAX,
    }
}

/// Each case by a mover; what went wrong, a line for each.
pub fn wrong(scene: &Scene, run: &str, cases: &[Case], limit: u64) -> Vec<String> {
    let cases: Vec<(u8, &Case)> = (1..).zip(cases).collect();
    let movers: Vec<_> = cases.iter().map(|case| mover(*case, limit)).collect();
    let waves = movers
        .chunks(at_once())
        .map(|wave| wave.concat() + "wait\n");
    let waves = waves.collect::<String>();
    let long_limit = limit * movers.len().div_ceil(at_once()) as u64 + 10;
    let (ports, server) = servers(run, &cases, long_limit);
    let mut serving = scene.serve("splice", &ports, &server);
    let client = format!(
        "exec {} sh -c '{}{waves}'",
        without_tcp_port(run),
        others(limit)
    );
    let begun = Instant::now();
    let (said, ends) = (serving.ask(&client), serving.wait());
    println!("{run:?}: {:.1} s", begun.elapsed().as_secs_f32());
    let ends: Vec<Report> = ends
        .out
        .lines()
        .filter_map(|line| line.parse().ok())
        .collect();
    let mut wrong = Vec::new();
    for (id, case) in cases {
        let line = said
            .out
            .lines()
            .find(|line| line.starts_with(&format!("{id} ")));
        let end = ends.iter().find(|report| report.id == id + ONWARD);
        if line != Some(&expected(id, case)) || end.is_some_and(|end| !is_well(end, case)) {
            let line = line.unwrap_or("says nothing");
            let end = end.map_or_else(String::new, |end| format!("; in the end: {end}"));
            wrong.push(format!("{} bytes, {}: {line}{end}", case.bytes, case.how));
        }
    }
    if !wrong.is_empty() {
        println!("{}", said.err);
    }
    wrong
}

/// What splice refuses, as a mover prints it.
pub fn refusals(scene: &Scene, run: &str) -> String {
    let server = format!("exec {run} {ENDPOINT} listen $SERVER {PORT} 60 1");
    let mut serving = scene.serve("splice", &[PORT], &server);
    serving.to(&format!(
        "{run} {MOVER} to=$SERVER:{PORT} \"job=1 0 10 {FAST} after\" act=refusals"
    ))
}

/// All connections were what this kernel can do at best, but those to the port of TCP.
pub fn assert_smc(scene: &Scene, cases: &[Case]) {
    let (client, server) = scene.counted();
    let of = |name: &str, role: &str| {
        let counters = if role == "client" { &client } else { &server };
        counters.of(&format!("{name} {role}"))
    };
    let onward = cases
        .iter()
        .filter(|case| matches!(case.reader, Reader::Tcp(_)));
    let counted = format!("{client}{server}");
    match Kernel::expected().best() {
        Some(kind @ ("smc-d" | "smc-r")) => {
            assert!(of(kind, "client") >= cases.len() as u64, "{counted}");
            assert_eq!(of(kind, "client"), of(kind, "server"), "{counted}");
            assert_eq!(of("fallback", "server"), 0, "{counted}");
            assert_eq!(of("fallback", "client"), onward.count() as u64, "{counted}");
        }
        Some(_) => assert!(of("fallback", "server") > 0, "{counted}"),
        None => assert_eq!(counted, ""),
    }
}

/// What a mover says.
fn expected(id: u8, case: &Case) -> String {
    let read = match case.reader {
        Reader::Mover => case.bytes,
        _ => 0,
    };
    format!("{id} moved {} end read {read} end", case.bytes)
}

/// Whether all has gone on, right.
fn is_well(end: &Report, case: &Case) -> bool {
    end.received == (case.bytes, "end".to_owned())
}

fn mover((id, case): (u8, &Case), limit: u64) -> String {
    let Case { bytes, how, reader } = case;
    // What makes the peer go.
    let (sent, manner) = if how.contains("act=reset") {
        (2, "reset:1")
    } else {
        (0, "whole")
    };
    let onward = |port, habit| {
        let id = id + ONWARD;
        format!("into=$SERVER:{port} \"on={id} {bytes} 0 {habit} after\"")
    };
    let onward = match reader {
        Reader::Mover => String::new(),
        Reader::Smc(habit) => onward(SMC_PORT, habit),
        Reader::Tcp(habit) => onward(TCP_PORT, habit),
    };
    format!(
        "{MOVER} limit={limit} to=$SERVER:{PORT} \"job={id} {sent} {bytes} {FAST} {manner}\" \
         other=$SERVER:{OTHERS_PORT} {how} {onward} &\n"
    )
}

/// What another process does, which makes other connections.
fn others(limit: u64) -> String {
    let job = |id| format!("\\\"{id} 0 1000 {FAST} whole\\\"");
    let jobs: Vec<_> = (100..).take(OTHERS).map(job).collect();
    let jobs = jobs.join(" ");
    format!(
        "export OTHERS=\"{ENDPOINT} connect $SERVER {OTHERS_PORT} {limit} {jobs} >/dev/null\"\n"
    )
}

/// The ports that are served, and the script that does.
fn servers(run: &str, cases: &[(u8, &Case)], limit: u64) -> (Vec<u16>, String) {
    let count = |is_meant: fn(&Case) -> bool| {
        let cases = cases.iter().filter(|(_, case)| is_meant(case));
        cases.count()
    };
    let counts = [
        (PORT, cases.len()),
        (
            SMC_PORT,
            count(|case| matches!(case.reader, Reader::Smc(_))),
        ),
        (
            TCP_PORT,
            count(|case| matches!(case.reader, Reader::Tcp(_))),
        ),
        (
            OTHERS_PORT,
            OTHERS * count(|case| case.how.contains("others=")),
        ),
    ];
    let counts = counts.into_iter().filter(|(_, count)| *count > 0);
    let (mut ports, mut by_run, mut by_tcp) = (Vec::new(), String::new(), String::new());
    for (port, count) in counts {
        ports.push(port);
        let script = match port {
            TCP_PORT => &mut by_tcp,
            _ => &mut by_run,
        };
        let listen = format!("{ENDPOINT} listen $SERVER {port} {limit} {count} &\n");
        script.push_str(&listen);
    }
    (ports, format!("{by_tcp}{run} sh -c '{by_run}wait'\nwait"))
}

/// The same, but what connects to the port of TCP uses TCP.
fn without_tcp_port(run: &str) -> String {
    if run == shim() {
        return format!("{run} SMC_PORTS=\"!{TCP_PORT}\"");
    }
    run.to_owned()
}
