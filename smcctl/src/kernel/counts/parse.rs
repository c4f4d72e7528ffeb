// SPDX-License-Identifier: MIT OR Apache-2.0
//! Reads and parses the counters.

use super::{Buffers, Counts, Reason, Sides, Sizes, Technology};
use crate::failure::Failure;
use crate::kernel::attributes::Attributes;
use crate::kernel::generic::{refused, Family};

const GET_STATS: u8 = 7;
const GET_FALLBACK_STATS: u8 = 8;

/// The attributes that contain an answer.
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

impl Technology {
    fn parse(attributes: Attributes) -> Self {
        let count = |kind| attributes.number(kind).unwrap_or(0);
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
            send_memory: attributes.number(of::SEND_MEMORY),
            receive_memory: attributes.number(of::RECEIVE_MEMORY),
            sent_sizes: sizes(attributes.nest(of::SENDS)),
            received_sizes: sizes(attributes.nest(of::RECEIVES)),
            send_buffer_sizes: sizes(attributes.nest(of::SEND_BUFFERS)),
            receive_buffer_sizes: sizes(attributes.nest(of::RECEIVE_BUFFERS)),
            send_buffers: Buffers::parse(attributes.nest(of::SENDING)),
            receive_buffers: Buffers::parse(attributes.nest(of::RECEIVING)),
        }
    }
}

impl Buffers {
    fn parse(attributes: Attributes) -> Self {
        let count = |kind| attributes.number(kind).unwrap_or(0);
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
}

/// Attributes 1 to 9 are the size classes.
fn sizes(attributes: Attributes) -> Sizes {
    let mut sizes = Sizes::default();
    for (kind, size) in (1..).zip(&mut sizes) {
        *size = attributes.number(kind).unwrap_or(0);
    }
    sizes
}

impl Counts {
    /// Adds an answer: all counters but those of fallbacks, or one reason for fallbacks.
    pub fn add(&mut self, answer: Attributes) {
        if let Some(stats) = answer.get(STATS).map(Attributes::new) {
            self.smc_d = Technology::parse(stats.nest(SMCD));
            self.smc_r = Technology::parse(stats.nest(SMCR));
            self.handshake_errors = Sides {
                client: stats.number(HANDSHAKE_ERRORS_CLIENT).unwrap_or(0),
                server: stats.number(HANDSHAKE_ERRORS_SERVER).unwrap_or(0),
            };
        }
        if let Some(attributes) = answer.get(FALLBACK_STATS).map(Attributes::new) {
            // The totals come with the first reason only.
            if let Some(count) = attributes.number(reason::ALL_CLIENT) {
                self.fallbacks.client = count;
            }
            if let Some(count) = attributes.number(reason::ALL_SERVER) {
                self.fallbacks.server = count;
            }
            if let (Some(code), Some(count)) = (
                attributes.small(reason::CODE),
                attributes.small(reason::COUNT),
            ) {
                self.reasons.push(Reason {
                    is_server: attributes.number(reason::IS_SERVER) == Some(1),
                    code,
                    count,
                });
            }
        }
    }
}

/// Reads the counters.
///
/// # Errors
/// When the kernel does not report them.
pub fn read() -> Result<Counts, Failure> {
    let family = Family::smc()?;
    let mut counts = Counts::default();
    family
        .dump(GET_STATS, |answer| counts.add(answer))
        .and_then(|()| family.dump(GET_FALLBACK_STATS, |answer| counts.add(answer)))
        .map_err(|error| refused("read the statistics of SMC", &error))?;
    Ok(counts)
}

#[cfg(test)]
mod tests;
