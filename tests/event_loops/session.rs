// SPDX-License-Identifier: MIT OR Apache-2.0
//! All programs at once, with all their cases: they wait most of the time.

use crate::cases::{Case, AMONG_THEMSELVES, BULK, WITH_ENDPOINT};
use kit::job::Report;
use kit::machine::Machine;
use kit::scene::Scene;
use kit::Kernel;
use std::collections::HashMap;
use std::fmt::Write as _;
use std::path::Path;
use std::time::Instant;

const ENDPOINT: &str = env!("CARGO_BIN_EXE_endpoint");
/// Of the first program, or of the only server.
const PORT: u16 = 7100;
/// Jobs have numbers up to 127.
const CASES_OF_EACH: usize = 20;
/// So many at once.
const CONNECTIONS_OF_SMC_R: usize = 30;
/// A ring may be as large as this option says (bytes).
const LARGEST_RING: u32 = 1 << 20;

/// The programs: name and command.
const PROGRAMS: [(&str, &str); 6] = [
    ("tokio", env!("CARGO_BIN_EXE_loop-tokio")),
    ("mio", env!("CARGO_BIN_EXE_loop-mio")),
    ("asio", env!("LOOP_ASIO")),
    ("libuv", env!("LOOP_UV")),
    (
        "asyncio",
        "/usr/bin/python3 tests/event_loops/streams_asyncio.py",
    ),
    (
        "edge-triggered",
        "/usr/bin/python3 tests/event_loops/edge_triggered.py",
    ),
];

/// How all programs are run.
pub struct Session<'scene> {
    scene: &'scene Scene,
    run: String,
    limit: u64,
}

/// What programs said at their ends, by the number of the job.
type Reports = HashMap<u8, Report>;

/// What was played.
struct Played {
    servers: Reports,
    clients: Reports,
    /// What else they said.
    complaints: String,
}

impl<'scene> Session<'scene> {
    /// Under `run`; the programs have so many seconds.
    pub fn new(scene: &'scene Scene, run: &str, limit: u64) -> Self {
        for (name, command) in PROGRAMS {
            let is_there = command.contains(' ') || Path::new(command).exists();
            assert!(
                is_there,
                "{name} was not compiled: are libasio-dev and libuv1-dev installed?"
            );
        }
        Self {
            scene,
            run: run.to_owned(),
            limit,
        }
    }

    /// Names of the programs that do not get rid of bulk data.
    pub fn stalled(&self) -> Vec<&'static str> {
        let played = self.play_clients(&BULK);
        let mut stalled = Vec::new();
        for (program, (name, _)) in PROGRAMS.iter().enumerate() {
            let report = played.clients.get(&id(program, 0));
            let report = report.unwrap_or_else(|| panic!("{name}: {}", played.complaints));
            println!("{name}: {report}");
            if report.sent.1 == "unfinished" {
                stalled.push(*name);
            }
        }
        stalled
    }

    fn play_clients(&self, cases: &[Case]) -> Played {
        let count = PROGRAMS.len() * cases.len();
        let limit = self.limit_of_servers(cases.len());
        let server = format!("{ENDPOINT} listen $SERVER {PORT} {limit} {count}");
        let clients = commands(cases.len(), |program, command| {
            let jobs = jobs(program, cases, true);
            format!("{command} connect $SERVER {PORT} {} {jobs}", self.limit)
        });
        self.play(&[PORT], &server, &clients)
    }

    /// Commands of programs that serve so many connections each.
    fn listeners(&self, count: usize) -> String {
        let limit = self.limit_of_servers(count);
        let listen = |(program, (_, command)): (usize, &(&str, &str))| {
            let port = port(program);
            format!("{command} listen $SERVER {port} {limit} {count} &\n")
        };
        PROGRAMS.iter().enumerate().map(listen).collect()
    }

    /// What is started first is needed until the last client has ended.
    fn limit_of_servers(&self, connections: usize) -> u64 {
        let waves = PROGRAMS.len().div_ceil(at_once(connections));
        self.limit * waves as u64 + 10
    }

    fn play(&self, ports: &[u16], servers: &str, clients: &str) -> Played {
        let begun = Instant::now();
        let script = |commands: &str| format!("exec {} sh -c '{commands}\nwait'", self.run);
        let mut serving = self.scene.serve("event_loops", ports, &script(servers));
        let clients = serving.ask(&script(clients));
        let servers = serving.wait();
        println!("{:?}: {:.1} s", self.run, begun.elapsed().as_secs_f32());
        let mut complaints = format!("{}{}", clients.err, servers.err);
        Played {
            servers: reports(&servers.out, &mut complaints),
            clients: reports(&clients.out, &mut complaints),
            complaints,
        }
    }
}

/// The programs connect to an endpoint.
pub fn as_clients(session: &Session<'_>) {
    let played = session.play_clients(&WITH_ENDPOINT);
    assert_well(&WITH_ENDPOINT, &played.clients, &played.servers, &played);
}

/// An endpoint connects to each program.
pub fn as_servers(session: &Session<'_>) {
    let limit = session.limit + 10;
    let clients = commands(WITH_ENDPOINT.len(), |program, _| {
        let (port, jobs) = (port(program), jobs(program, &WITH_ENDPOINT, false));
        format!("{ENDPOINT} connect $SERVER {port} {limit} {jobs}")
    });
    let servers = session.listeners(WITH_ENDPOINT.len());
    let played = session.play(&ports(), &servers, &clients);
    assert_well(&WITH_ENDPOINT, &played.servers, &played.clients, &played);
}

/// Each program connects to one of its kind.
pub fn among_themselves(session: &Session<'_>) {
    let limit = session.limit;
    let clients = commands(AMONG_THEMSELVES.len(), |program, command| {
        let (port, jobs) = (port(program), jobs(program, &AMONG_THEMSELVES, true));
        format!("{command} connect $SERVER {port} {limit} {jobs}")
    });
    let servers = session.listeners(AMONG_THEMSELVES.len());
    let played = session.play(&ports(), &servers, &clients);
    assert_well(&AMONG_THEMSELVES, &played.clients, &played.servers, &played);
}

/// How many programs run at once, with so many connections each. Where too many connect at
/// once over SMC-R, handshakes take too long.
fn at_once(connections: usize) -> usize {
    match Kernel::expected() {
        Kernel::SmcR => (CONNECTIONS_OF_SMC_R / connections).clamp(1, PROGRAMS.len()),
        _ => PROGRAMS.len(),
    }
}

/// A command for each program, with so many connections; as many at once as may be.
fn commands(connections: usize, command: impl Fn(usize, &str) -> String) -> String {
    let each = PROGRAMS.iter().enumerate();
    let each = each.map(|(program, (_, start))| format!("{} &", command(program, start)));
    let each: Vec<_> = each.collect();
    let waves = each
        .chunks(at_once(connections))
        .map(|wave| wave.join("\n"));
    waves.collect::<Vec<_>>().join("\nwait\n")
}

fn id(program: usize, case: usize) -> u8 {
    u8::try_from(program * CASES_OF_EACH + case).unwrap()
}

fn port(program: usize) -> u16 {
    PORT + u16::try_from(program).unwrap()
}

fn ports() -> Vec<u16> {
    (0..PROGRAMS.len()).map(port).collect()
}

/// The jobs of a program, as arguments.
fn jobs(program: usize, cases: &[Case], connects: bool) -> String {
    let jobs = cases.iter().enumerate();
    let jobs = jobs.map(|(number, case)| case.job(id(program, number), connects));
    let words: Vec<_> = jobs.map(|job| format!("\"{job}\"")).collect();
    words.join(" ")
}

/// What else was said is for the complaints.
fn reports(said: &str, complaints: &mut String) -> Reports {
    let mut reports = Reports::new();
    for line in said.lines() {
        match line.parse::<Report>() {
            Ok(report) => drop(reports.insert(report.id, report)),
            Err(error) => drop(writeln!(complaints, "{error}")),
        }
    }
    reports
}

/// Asserts that each program and each other end say what they should.
fn assert_well(cases: &[Case], programs: &Reports, others: &Reports, played: &Played) {
    let mut bad = String::new();
    for (program, (name, _)) in PROGRAMS.iter().enumerate() {
        for (number, case) in cases.iter().enumerate() {
            let id = id(program, number);
            let (one, other) = (programs.get(&id), others.get(&id));
            if !one
                .zip(other)
                .is_some_and(|(one, other)| case.is_well(one, other))
            {
                let said = |report: Option<&Report>| {
                    report.map_or_else(|| "nothing".to_owned(), Report::to_string)
                };
                let _ = writeln!(
                    bad,
                    "{name} {}: it says {}; the other says {}",
                    case.name(),
                    said(one),
                    said(other)
                );
            }
        }
    }
    assert!(bad.is_empty(), "\n{bad}{}", played.complaints);
}

/// The kernels' largest buffers are large enough for any ring, until dropped.
pub struct Largest {
    before: Vec<(Machine, String)>,
}

impl Largest {
    /// Lets programs have rings of 1 MiB, if this is a guest.
    pub fn raise(scene: &Scene) -> Self {
        let machines = match Kernel::expected() {
            Kernel::Without => Vec::new(),
            Kernel::SmcR => vec![scene.client, scene.server],
            _ => vec![scene.client],
        };
        let raise = |machine: Machine| {
            let said = machine.run(&format!(
                "set -e; sysctl net.core.wmem_max net.core.rmem_max | tr -d ' '
                 sysctl -qw net.core.wmem_max={LARGEST_RING} net.core.rmem_max={LARGEST_RING}"
            ));
            let said = said.unwrap();
            assert_eq!(said.status, 0, "{said:?}");
            (machine, said.out.replace('\n', " "))
        };
        Self {
            before: machines.into_iter().map(raise).collect(),
        }
    }
}

impl Drop for Largest {
    fn drop(&mut self) {
        for (machine, before) in &self.before {
            let _ = machine.run(&format!("sysctl -qw {before}"));
        }
    }
}
