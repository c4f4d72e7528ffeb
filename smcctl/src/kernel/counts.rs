// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the kernel has counted in this network namespace since SMC was loaded.

mod since;

use super::attributes::Attributes;
use super::generic::{refused, Family};
use crate::failure::Failure;
use serde::{Deserialize, Serialize};

const GET_STATS: u8 = 7;
const GET_FALLBACK_STATS: u8 = 8;

/// The attributes that answers are wrapped in.
const STATS: u16 = 7;
const FALLBACK_STATS: u16 = 8;

const SMCD: u16 = 1;
const SMCR: u16 = 2;
const HANDSHAKE_ERRORS_CLIENT: u16 = 3;
const HANDSHAKE_ERRORS_SERVER: u16 = 4;

/// Attributes of a technology.
mod of {
    pub const SEND_BUFFERS: u16 = 1;
    pub const RECEIVE_BUFFERS: u16 = 2;
    pub const SENDS: u16 = 3;
    pub const RECEIVES: u16 = 4;
    pub const SENDING: u16 = 5;
    pub const RECEIVING: u16 = 6;
    pub const CLIENT_V1: u16 = 7;
    pub const CLIENT_V2: u16 = 8;
    pub const SERVER_V1: u16 = 9;
    pub const SERVER_V2: u16 = 10;
    pub const SENDPAGE: u16 = 11;
    pub const SPLICE: u16 = 12;
    pub const CORK: u16 = 13;
    pub const NO_DELAY: u16 = 14;
    pub const URGENT: u16 = 15;
    pub const RECEIVED_BYTES: u16 = 16;
    pub const SENT_BYTES: u16 = 17;
    pub const RECEIVED: u16 = 18;
    pub const SENT: u16 = 19;
    pub const RECEIVE_MEMORY: u16 = 20;
    pub const SEND_MEMORY: u16 = 21;
}

/// Attributes of the buffers of one direction.
mod buffer {
    pub const TOO_SMALL_AT_PEER: u16 = 1;
    pub const TOO_SMALL: u16 = 2;
    pub const FULL_AT_PEER: u16 = 3;
    pub const FULL: u16 = 4;
    pub const REUSED: u16 = 5;
    pub const ALLOCATED: u16 = 6;
    pub const DOWNGRADED: u16 = 7;
}

/// Attributes of a reason.
mod reason {
    pub const IS_SERVER: u16 = 1;
    pub const ALL_SERVER: u16 = 2;
    pub const ALL_CLIENT: u16 = 3;
    pub const CODE: u16 = 4;
    pub const COUNT: u16 = 5;
}

/// How sizes are classed: up to as many KiB, and more.
pub const CLASSES: [&str; 9] = [
    "8K", "16K", "32K", "64K", "128K", "256K", "512K", "1M", "more",
];

/// A count for each of [`CLASSES`].
pub type Sizes = [u64; CLASSES.len()];

/// What became of the buffers of one direction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Buffers {
    /// There was no room in the own buffer.
    pub full: u64,
    /// There was no room in the peer's.
    pub full_at_peer: u64,
    /// A request was larger than the own buffer.
    pub too_small: u64,
    /// A request was larger than the peer's.
    pub too_small_at_peer: u64,
    /// A buffer of an earlier connection was used.
    pub reused: u64,
    /// A buffer was made.
    pub allocated: u64,
    /// There was memory for a smaller one only.
    pub downgraded: u64,
}

/// What was counted of SMC-R or of SMC-D.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Technology {
    /// Connections made with version 1.
    pub client_v1: u64,
    /// Connections made with version 2.
    pub client_v2: u64,
    /// Connections accepted with version 1.
    pub server_v1: u64,
    /// Connections accepted with version 2.
    pub server_v2: u64,
    /// Requests to send.
    pub sent: u64,
    /// Bytes sent.
    pub sent_bytes: u64,
    /// Requests to receive.
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
    /// Bytes of send buffers now, where the kernel says so.
    pub send_memory: Option<u64>,
    /// Bytes of receive buffers now, where the kernel says so.
    pub receive_memory: Option<u64>,
    /// Requests to send by size.
    pub sent_sizes: Sizes,
    /// Requests to receive by size.
    pub received_sizes: Sizes,
    /// Send buffers by size.
    pub send_buffer_sizes: Sizes,
    /// Receive buffers by size.
    pub receive_buffer_sizes: Sizes,
    /// What became of send buffers.
    pub send_buffers: Buffers,
    /// What became of receive buffers.
    pub receive_buffers: Buffers,
}

/// A count for each side.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Sides {
    /// Connections that this host made.
    pub client: u64,
    /// Connections that it accepted.
    pub server: u64,
}

/// How often connections fell back for a reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// Connections that were accepted, not made.
    pub is_server: bool,
    /// The code.
    pub code: u32,
    /// How often: the kernel counts to 65535 and begins again.
    pub count: u16,
}

/// All of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Counts {
    /// SMC-R.
    pub smc_r: Technology,
    /// SMC-D.
    pub smc_d: Technology,
    /// Handshakes that failed otherwise than by falling back.
    pub handshake_errors: Sides,
    /// Connections that fell back to TCP.
    pub fallbacks: Sides,
    /// Why they did.
    pub reasons: Vec<Reason>,
}

impl Technology {
    fn parse(told: Attributes) -> Self {
        let count = |kind| told.number(kind).unwrap_or(0);
        Self {
            client_v1: count(of::CLIENT_V1),
            client_v2: count(of::CLIENT_V2),
            server_v1: count(of::SERVER_V1),
            server_v2: count(of::SERVER_V2),
            sent: count(of::SENT),
            sent_bytes: count(of::SENT_BYTES),
            received: count(of::RECEIVED),
            received_bytes: count(of::RECEIVED_BYTES),
            sendpage: count(of::SENDPAGE),
            splice: count(of::SPLICE),
            cork: count(of::CORK),
            no_delay: count(of::NO_DELAY),
            urgent: count(of::URGENT),
            send_memory: told.number(of::SEND_MEMORY),
            receive_memory: told.number(of::RECEIVE_MEMORY),
            sent_sizes: sizes(told.nest(of::SENDS)),
            received_sizes: sizes(told.nest(of::RECEIVES)),
            send_buffer_sizes: sizes(told.nest(of::SEND_BUFFERS)),
            receive_buffer_sizes: sizes(told.nest(of::RECEIVE_BUFFERS)),
            send_buffers: Buffers::parse(told.nest(of::SENDING)),
            receive_buffers: Buffers::parse(told.nest(of::RECEIVING)),
        }
    }

    /// Connections that this host made.
    #[must_use]
    pub fn made(&self) -> u64 {
        self.client_v1.saturating_add(self.client_v2)
    }

    /// Connections that it accepted.
    #[must_use]
    pub fn accepted(&self) -> u64 {
        self.server_v1.saturating_add(self.server_v2)
    }

    /// All connections.
    #[must_use]
    pub fn connections(&self) -> u64 {
        self.made().saturating_add(self.accepted())
    }

    /// Everything that only grows.
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
    fn parse(told: Attributes) -> Self {
        let count = |kind| told.number(kind).unwrap_or(0);
        Self {
            full: count(buffer::FULL),
            full_at_peer: count(buffer::FULL_AT_PEER),
            too_small: count(buffer::TOO_SMALL),
            too_small_at_peer: count(buffer::TOO_SMALL_AT_PEER),
            reused: count(buffer::REUSED),
            allocated: count(buffer::ALLOCATED),
            downgraded: count(buffer::DOWNGRADED),
        }
    }

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

/// The classes are attributes 1 to 9.
fn sizes(told: Attributes) -> Sizes {
    let mut sizes = Sizes::default();
    for (kind, size) in (1..).zip(&mut sizes) {
        *size = told.number(kind).unwrap_or(0);
    }
    sizes
}

impl Counts {
    /// Adds what an answer says: all but the fallbacks, or one reason for those.
    pub fn add(&mut self, answer: Attributes) {
        if let Some(stats) = answer.get(STATS).map(Attributes::new) {
            self.smc_d = Technology::parse(stats.nest(SMCD));
            self.smc_r = Technology::parse(stats.nest(SMCR));
            self.handshake_errors = Sides {
                client: stats.number(HANDSHAKE_ERRORS_CLIENT).unwrap_or(0),
                server: stats.number(HANDSHAKE_ERRORS_SERVER).unwrap_or(0),
            };
        }
        if let Some(told) = answer.get(FALLBACK_STATS).map(Attributes::new) {
            // How many in all is told along with the first reason only.
            if let Some(count) = told.number(reason::ALL_CLIENT) {
                self.fallbacks.client = count;
            }
            if let Some(count) = told.number(reason::ALL_SERVER) {
                self.fallbacks.server = count;
            }
            if let (Some(code), Some(count)) = (told.small(reason::CODE), told.small(reason::COUNT))
            {
                self.reasons.push(Reason {
                    is_server: told.number(reason::IS_SERVER) == Some(1),
                    code,
                    count,
                });
            }
        }
    }

    /// Everything that only grows, but the reasons.
    pub(crate) fn counters(&mut self) -> impl Iterator<Item = &mut u64> {
        let sides = [&mut self.handshake_errors, &mut self.fallbacks];
        self.smc_r.counters().chain(self.smc_d.counters()).chain(
            sides
                .into_iter()
                .flat_map(|sides| [&mut sides.client, &mut sides.server]),
        )
    }
}

/// What the kernel has counted.
///
/// # Errors
/// When it does not tell.
pub fn read() -> Result<Counts, Failure> {
    let family = Family::smc()?;
    let mut counts = Counts::default();
    family
        .dump(GET_STATS, |answer| counts.add(answer))
        .and_then(|()| family.dump(GET_FALLBACK_STATS, |answer| counts.add(answer)))
        .map_err(|error| refused("read what the kernel has counted", &error))?;
    Ok(counts)
}

#[cfg(test)]
mod tests;
