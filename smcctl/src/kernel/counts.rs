// SPDX-License-Identifier: MIT OR Apache-2.0
//! The kernel's statistics of this network namespace since SMC was loaded.

mod parse;
mod since;

pub use parse::read;
use serde::{Deserialize, Serialize};

/// The size classes: up to this size, and larger.
pub const CLASSES: [&str; 9] = [
    "8K", "16K", "32K", "64K", "128K", "256K", "512K", "1M", "more",
];

/// A count for each of [`CLASSES`].
pub type Sizes = [u64; CLASSES.len()];

/// The counters of the buffers of one direction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Buffers {
    /// The own buffer was full.
    pub full: u64,
    /// The peer's buffer was full.
    pub full_at_peer: u64,
    /// A request was larger than the own buffer.
    pub too_small: u64,
    /// A request was larger than the peer's.
    pub too_small_at_peer: u64,
    /// A buffer of an earlier connection was reused.
    pub reused: u64,
    /// A buffer was allocated.
    pub allocated: u64,
    /// Only a smaller buffer could be allocated.
    pub downgraded: u64,
}

/// The counters of SMC-R or of SMC-D.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Technology {
    /// Outgoing connections of version 1.
    pub client_v1: u64,
    /// Outgoing connections of version 2.
    pub client_v2: u64,
    /// Accepted connections of version 1.
    pub server_v1: u64,
    /// Accepted connections of version 2.
    pub server_v2: u64,
    /// Send requests.
    pub sent: u64,
    /// Bytes sent.
    pub sent_bytes: u64,
    /// Receive requests.
    pub received: u64,
    /// Bytes received.
    pub received_bytes: u64,
    /// Calls of sendpage.
    pub sendpage: u64,
    /// Calls of splice.
    pub splice: u64,
    /// Uses of TCP_CORK.
    pub cork: u64,
    /// Uses of TCP_NODELAY.
    pub no_delay: u64,
    /// Urgent data sent.
    pub urgent: u64,
    /// The current size of all send buffers in bytes, where the kernel reports it.
    pub send_memory: Option<u64>,
    /// The current size of all receive buffers in bytes, where the kernel reports it.
    pub receive_memory: Option<u64>,
    /// Send requests by size.
    pub sent_sizes: Sizes,
    /// Receive requests by size.
    pub received_sizes: Sizes,
    /// Send buffers by size.
    pub send_buffer_sizes: Sizes,
    /// Receive buffers by size.
    pub receive_buffer_sizes: Sizes,
    /// The counters of send buffers.
    pub send_buffers: Buffers,
    /// The counters of receive buffers.
    pub receive_buffers: Buffers,
}

/// A count for each side of a connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Sides {
    /// Outgoing connections.
    pub client: u64,
    /// Accepted connections.
    pub server: u64,
}

/// How often connections fell back for one reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// Accepted, not outgoing, connections.
    pub is_server: bool,
    /// The code.
    pub code: u32,
    /// The count, modulo 65536.
    pub count: u16,
}

/// All counters.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Counts {
    /// SMC-R.
    pub smc_r: Technology,
    /// SMC-D.
    pub smc_d: Technology,
    /// Handshakes that failed without a fallback.
    pub handshake_errors: Sides,
    /// Connections that fell back to TCP.
    pub fallbacks: Sides,
    /// The reasons.
    pub reasons: Vec<Reason>,
}

impl Technology {
    /// Outgoing connections.
    #[must_use]
    pub fn made(&self) -> u64 {
        self.client_v1.saturating_add(self.client_v2)
    }

    /// Accepted connections.
    #[must_use]
    pub fn accepted(&self) -> u64 {
        self.server_v1.saturating_add(self.server_v2)
    }

    /// All connections.
    #[must_use]
    pub fn connections(&self) -> u64 {
        self.made().saturating_add(self.accepted())
    }

    /// The monotonic counters.
    pub(crate) fn counters(&mut self) -> impl Iterator<Item = &mut u64> {
        let single = [
            &mut self.client_v1,
            &mut self.client_v2,
            &mut self.server_v1,
            &mut self.server_v2,
            &mut self.sent,
            &mut self.sent_bytes,
            &mut self.received,
            &mut self.received_bytes,
            &mut self.sendpage,
            &mut self.splice,
            &mut self.cork,
            &mut self.no_delay,
            &mut self.urgent,
        ];
        let sizes = [
            &mut self.sent_sizes,
            &mut self.received_sizes,
            &mut self.send_buffer_sizes,
            &mut self.receive_buffer_sizes,
        ];
        let buffers = [&mut self.send_buffers, &mut self.receive_buffers];
        single
            .into_iter()
            .chain(sizes.into_iter().flatten())
            .chain(buffers.into_iter().flat_map(Buffers::counters))
    }
}

impl Buffers {
    fn counters(&mut self) -> [&mut u64; 7] {
        [
            &mut self.full,
            &mut self.full_at_peer,
            &mut self.too_small,
            &mut self.too_small_at_peer,
            &mut self.reused,
            &mut self.allocated,
            &mut self.downgraded,
        ]
    }
}

impl Counts {
    /// The monotonic counters, without those of the reasons.
    pub(crate) fn counters(&mut self) -> impl Iterator<Item = &mut u64> {
        let sides = [&mut self.handshake_errors, &mut self.fallbacks];
        self.smc_r.counters().chain(self.smc_d.counters()).chain(
            sides
                .into_iter()
                .flat_map(|sides| [&mut sides.client, &mut sides.server]),
        )
    }
}
