// SPDX-License-Identifier: MIT OR Apache-2.0
//! Relays between two connections: the client's, which comes from one machine, and one
//! to a server behind, which is on the same machine as the client, if there are two.
//! And what a connection brings, copied into a pipe or a file.

use crate::{COPIER, ENDPOINT};
use kit::job::Report;
use kit::scene::Scene;
use kit::Kernel;
use std::time::Instant;

/// The relay's.
const PORT: u16 = 7210;
/// The server's behind it.
const BEHIND: u16 = 7211;
/// Seconds.
const LIMIT: u64 = 60;

/// Bytes one way and the other, and how both ends read. They end when all has arrived:
/// not every relay goes on when one side has ended.
const JOBS: [(u64, u64, &str); 6] = [
    (1, 1, "0 65536 0"),
    (8 << 20, 0, "0 65536 0"),
    (0, 8 << 20, "0 65536 0"),
    (1 << 20, 1 << 20, "0 65536 0"),
    (300_000, 300_000, "0 8192 5"),
    (500_001, 500_001, "1000 65536 0"),
];

/// Bytes that are copied, and by whom they are read: how, or from a file.
pub const COPIED: [(u64, Option<&str>); 6] = [
    (1, Some("0 65536 0")),
    (65_537, Some("0 4096 1")),
    (400_000, Some("1000 4096 0")),
    (8 << 20, Some("0 65536 0")),
    (1, None),
    (1 << 20, None),
];

/// What the reader of each copy says.
pub fn copied(scene: &Scene, run: &str) -> String {
    let count = COPIED.len();
    let server = format!("exec {run} {ENDPOINT} listen $SERVER {BEHIND} {LIMIT} {count}");
    let mut serving = scene.serve("copied", &[BEHIND], &server);
    let copy = |(id, (bytes, reader)): (u8, &(u64, Option<&str>))| {
        let get = format!("{COPIER} get $SERVER:{BEHIND} \"{id} 0 {bytes} 0 65536 0 whole\"");
        let stream = id + kit::job::ANSWER;
        match reader {
            Some(habit) => format!("{get} | {ENDPOINT} read {stream} {habit}\n"),
            None => {
                format!("{get} $SCRATCH/file\n{ENDPOINT} read {stream} 0 65536 0 < $SCRATCH/file\n")
            }
        }
    };
    let copies: String = (1..).zip(&COPIED).map(copy).collect();
    serving.to(&format!("{run} sh -c '{copies}'"))
}

/// A relay.
pub struct Relay {
    /// The command that runs it; `BEHIND` is where the server behind is.
    script: &'static str,
    /// Whether it passes on that one side has ended.
    passes_ends: bool,
}

/// `copier relay`.
pub const RUST: Relay = Relay {
    script: concat!(
        "exec RUN ",
        env!("CARGO_BIN_EXE_copier"),
        " relay $SERVER:7210 BEHIND COUNT"
    ),
    passes_ends: true,
};

/// Unmodified, and started as systemd would: it gets a socket that listens.
pub const SOCKET_PROXYD: Relay = Relay {
    script: "exec RUN systemd-socket-activate -E LD_PRELOAD -l $SERVER:7210 \
             /lib/systemd/systemd-socket-proxyd BEHIND",
    passes_ends: false,
};

/// Unmodified, splicing in both directions whenever it can.
pub const HAPROXY: Relay = Relay {
    script: "
    cat > $SCRATCH/conf <<END
    global
        maxconn 100
    defaults
        mode tcp
        timeout connect 60s
        timeout client 60s
        timeout server 60s
        option splice-auto
        option splice-request
        option splice-response
    listen relay
        bind $SERVER:7210
        server behind BEHIND
END
    exec RUN haproxy -db -f $SCRATCH/conf",
    // Once both sides have ended, HAProxy 2.6 drops what did not fit into a full buffer,
    // over TCP with small buffers, too.
    passes_ends: false,
};

impl Relay {
    /// What does not get through as it should, a line for each.
    pub fn wrong(&self, scene: &Scene, run: &str) -> Vec<String> {
        let manners: &[&str] = if self.passes_ends {
            &["exact", "whole"]
        } else {
            &["exact"]
        };
        let jobs = manners.iter().flat_map(|manner| {
            JOBS.map(|(sent, answered, habit)| (sent, answered, habit, *manner))
        });
        let jobs: Vec<_> = (1_u8..).zip(jobs).collect();
        let count = jobs.len();
        let behind = if scene.is_pair() {
            "192.0.2.2"
        } else {
            "127.0.0.1"
        };
        let listen = format!("exec {run} {ENDPOINT} listen {behind} {BEHIND} {LIMIT} {count}");
        let mut server = scene.serve_here("behind", &[BEHIND], &listen);
        let by = if run.is_empty() { "" } else { "./smc_run" };
        let script = self.script.replace("RUN", by);
        let script = script.replace("BEHIND", &format!("{behind}:{BEHIND}"));
        let script = script.replace("COUNT", &count.to_string());
        let mut relay = scene.serve("relay", &[PORT], &script);
        let words = jobs.iter().map(|(id, (sent, answered, habit, manner))| {
            format!("\"{id} {sent} {answered} {habit} {manner}\" ")
        });
        let words: Vec<_> = words.collect();
        let words = words.concat();
        let begun = Instant::now();
        let client = relay.ask(&format!(
            "{run} {ENDPOINT} connect $SERVER {PORT} {LIMIT} {words}"
        ));
        let server = server.wait();
        println!("{run:?}: {:.1} s", begun.elapsed().as_secs_f32());
        let reports = |said: &str| -> Vec<Report> {
            said.lines().filter_map(|line| line.parse().ok()).collect()
        };
        let [front, back] = [&client, &server].map(|output| reports(&output.out));
        let mut wrong = Vec::new();
        for (id, (sent, answered, habit, manner)) in jobs {
            let is_well = |reports: &[Report], sent: u64, received: u64| {
                let report = reports.iter().find(|report| report.id == id);
                report.is_some_and(|report| {
                    report.sent == (sent, "done".to_owned())
                        && report.received == (received, "end".to_owned())
                })
            };
            if !is_well(&front, sent, answered) || !is_well(&back, answered, sent) {
                let of = |reports: &[Report]| {
                    let report = reports.iter().find(|report| report.id == id);
                    report.map_or_else(|| "nothing".to_owned(), Report::to_string)
                };
                wrong.push(format!(
                    "{sent} and {answered} bytes, {habit} {manner}: the client says {}, the server {}",
                    of(&front),
                    of(&back)
                ));
            }
        }
        if !wrong.is_empty() {
            println!("{}{}{:?}", client.err, server.err, relay.end());
        }
        wrong
    }

    /// Both of its connections were what this kernel can do at best, each time.
    pub fn assert_smc_on_both_sides(&self, scene: &Scene) {
        scene.assert_all_smc();
        let Some(kind) = Kernel::expected().best() else {
            return;
        };
        let (client, server) = scene.counted();
        let jobs = JOBS.len() as u64 * (1 + u64::from(self.passes_ends));
        let expected = if scene.is_pair() {
            [jobs; 4]
        } else {
            [2 * jobs; 4]
        };
        let count = [&client, &server].map(|counters| {
            ["client", "server"].map(|role| counters.of(&format!("{kind} {role}")))
        });
        assert_eq!(count.concat(), expected, "{client}{server}");
    }
}
