// SPDX-License-Identifier: MIT OR Apache-2.0
//! What went over the wire: which side of which connection offered SMC.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use crate::machine::{Machine, Running};
use crate::pcap::{parse, Syn};
use crate::scene::Scene;
use crate::Kernel;
use std::collections::BTreeSet;
use std::fs;
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Nothing listens here: a connect is refused, and its SYN ends the capture.
const END: u16 = 9;
/// How long tcpdump may take to start, and to write what it saw.
const PATIENCE: Duration = Duration::from_secs(60);

/// tcpdump at work on the client's side of the wire.
#[derive(Debug)]
pub struct Capture {
    tcpdump: Option<Running>,
    file: PathBuf,
    end: SocketAddr,
}

impl Capture {
    /// Starts to look at what the client and the server of `scene` send each
    /// other. Where the kernel has no SMC there is nothing to look for.
    ///
    /// # Panics
    /// When tcpdump does not start.
    #[must_use]
    pub fn start(scene: &Scene) -> Self {
        let file = std::env::temp_dir().join(format!("smc-shim-{}.pcap", std::process::id()));
        let interface = if scene.is_pair() { "eth0" } else { "lo" };
        let tcpdump = (Kernel::expected() != Kernel::Without)
            .then(|| Self::tcpdump(&scene.client, interface, &file));
        Self {
            tcpdump,
            file,
            end: SocketAddr::new(scene.server.address, END),
        }
    }

    fn tcpdump(machine: &Machine, interface: &str, file: &PathBuf) -> Running {
        let _ = fs::remove_file(file);
        let running = machine
            .start(&format!(
                "exec tcpdump -i {interface} -Z root --immediate-mode -U -s 128 -w {} \
                 '(ip and tcp[13] & 2 != 0) or (ip6[6] = 6 and ip6[53] & 2 != 0)'",
                file.display()
            ))
            .unwrap();
        // The header is written when the capture has begun.
        if !within(PATIENCE, || {
            fs::metadata(file).is_ok_and(|file| file.len() >= 24)
        }) {
            panic!("tcpdump: {:?}", running.end());
        }
        running
    }

    /// Ends the capture; every SYN and SYN/ACK since it was started.
    ///
    /// # Panics
    /// When tcpdump has lost something or written something unknown.
    #[must_use]
    pub fn end(mut self) -> Seen {
        let Some(tcpdump) = self.tcpdump.take() else {
            return Seen(None);
        };
        assert!(TcpStream::connect(self.end).is_err(), "who serves port 9?");
        let mut syns = Vec::new();
        let complete = within(PATIENCE, || {
            syns = parse(&fs::read(&self.file).unwrap());
            syns.iter().any(|syn| syn.to == END)
        });
        let ended = tcpdump.end().unwrap();
        assert!(
            complete && ended.err.contains("0 packets dropped by kernel"),
            "{ended:?} {syns:?}"
        );
        syns.retain(|syn| syn.to != END);
        Seen(Some(syns))
    }
}

/// What a capture has seen; `None` where nobody looked, because the kernel has
/// no SMC.
#[derive(Clone, Debug)]
pub struct Seen(Option<Vec<Syn>>);

impl Seen {
    /// Asserts that there were connections to `port`, and which side had the
    /// SMC option in each of them. How many there were.
    ///
    /// # Panics
    /// When it was otherwise.
    #[allow(clippy::must_use_candidate, reason = "it is an assertion")]
    pub fn assert(&self, port: u16, client: bool, server: bool) -> u64 {
        let Self(Some(syns)) = self else { return 0 };
        let mut clients = BTreeSet::new();
        let mut answered = BTreeSet::new();
        for syn in syns {
            if syn.to == port && !syn.is_answer {
                assert_eq!(syn.has_smc, client, "{syn:?} to {port}");
                clients.insert(syn.from);
            } else if syn.from == port && syn.is_answer {
                assert_eq!(syn.has_smc, server, "{syn:?} from {port}");
                answered.insert(syn.to);
            }
        }
        assert!(!clients.is_empty(), "no SYN to {port}: {syns:?}");
        assert_eq!(clients, answered, "port {port}");
        clients.len() as u64
    }

    /// Whether the client that connected from `port` offered SMC; `None` where
    /// nobody looked.
    ///
    /// # Panics
    /// When there was no such client.
    #[must_use]
    pub fn offered_from(&self, port: u16) -> Option<bool> {
        let syns = self.0.as_ref()?;
        let syn = syns.iter().find(|syn| syn.from == port && !syn.is_answer);
        let syn = syn.unwrap_or_else(|| panic!("no SYN from {port}: {syns:?}"));
        Some(syn.has_smc)
    }

    /// Whether the server offered SMC to the client that connected from `port`.
    ///
    /// # Panics
    /// When there was no such client.
    #[must_use]
    pub fn answered_to(&self, port: u16) -> Option<bool> {
        let syns = self.0.as_ref()?;
        let syn = syns.iter().find(|syn| syn.to == port && syn.is_answer);
        let syn = syn.unwrap_or_else(|| panic!("no SYN/ACK to {port}: {syns:?}"));
        Some(syn.has_smc)
    }
}

impl Drop for Capture {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.file);
    }
}

/// Waits until `happened`; whether it did.
fn within(patience: Duration, mut happened: impl FnMut() -> bool) -> bool {
    let limit = Instant::now() + patience;
    loop {
        if happened() {
            return true;
        }
        if Instant::now() > limit {
            return false;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}
