// SPDX-License-Identifier: MIT OR Apache-2.0
//! Only what is listed, and wanted by both sides, is SMC. Unmodified Debian
//! programs with lists of ports, programs and hosts, and two witnesses of what
//! became of each connection: the SMC option in SYN and SYN/ACK, and the
//! kernel's counters.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use kit::counters::Counters;
use kit::scene::Scene;
use kit::Kernel;

#[path = "lists/buffers.rs"]
mod buffers;
#[path = "lists/hosts.rs"]
mod hosts;
#[path = "lists/journal.rs"]
mod journal;
#[path = "lists/peers.rs"]
mod peers;
#[path = "lists/ports.rs"]
mod ports;
#[path = "lists/processes.rs"]
mod processes;
#[path = "lists/proxy.rs"]
mod proxy;

/// Reads what the kernel has counted.
const COUNT: &str = env!("CARGO_BIN_EXE_count");

/// What became of the sockets of a test.
#[derive(Clone, Copy, Debug, Default)]
struct Expected {
    /// Connections that both sides offered to make SMC.
    best: u64,
    /// Connections of clients that offered SMC to a server on TCP.
    in_vain: u64,
    /// Connections of clients on TCP to a server that would have had SMC.
    unasked: u64,
    /// Sockets that the shim turned into TCP at connect,
    demoted: u64,
    /// and at listen.
    listeners: u64,
}

impl Expected {
    /// Asserts that the kernels have counted just these since the beginning.
    fn assert(self, scene: &Scene) {
        let (client, server) = scene.counted();
        let told = format!("{self:?}\nclient's kernel:\n{client}server's kernel:\n{server}");
        let Some(kind) = Kernel::expected().best() else {
            assert_eq!((client, server), <_>::default(), "no SMC, and yet");
            return;
        };
        let (at_client, at_server) = if scene.is_pair() {
            (self.demoted, self.listeners)
        } else {
            let both = self.demoted + self.listeners;
            (both, both)
        };
        let is = |counters: &Counters, name: &str, expected| {
            assert_eq!(counters.of(name), expected, "{name}; {told}");
        };
        // "Option not supported" is the shim's way to TCP, and counted at once.
        is(&client, "reason 0x03060000 client", at_client);
        is(&server, "reason 0x03060000 client", at_server);
        // "The peer does not indicate SMC capability."
        is(&client, "reason 0x03010000 client", self.in_vain);
        is(&server, "reason 0x03010000 server", self.unasked);
        // Without a device the best is a fallback, as the others are.
        let (clients, servers) = if kind == "fallback" {
            (at_client + self.in_vain, self.unasked)
        } else {
            (0, 0)
        };
        is(&client, &format!("{kind} client"), self.best + clients);
        is(&server, &format!("{kind} server"), self.best + servers);
    }
}
