// SPDX-License-Identifier: MIT OR Apache-2.0
//! Counts connections by side, port and transport.

use super::reason::{Side, TcpReason};
use std::collections::BTreeMap;

/// The transport of a connection.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Transport {
    /// SMC over RDMA.
    SmcR,
    /// SMC over shared memory within one machine.
    SmcD,
    /// SMC-R or SMC-D: it was closed before the kernel was asked.
    Smc,
    /// TCP, with the reason.
    Tcp(TcpReason),
}

impl Transport {
    /// Returns the name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::SmcR => "SMC-R",
            Self::SmcD => "SMC-D",
            Self::Smc => "SMC",
            Self::Tcp(_) => "TCP",
        }
    }

    /// Returns the reason why it is TCP.
    #[must_use]
    pub fn reason(&self) -> Option<&TcpReason> {
        match self {
            Self::Tcp(reason) => Some(reason),
            _ => None,
        }
    }
}

/// The maximum number of lines, so that memory is bounded. Further connections are
/// counted in lines without a port.
const MAX_LINES: usize = 10_000;

/// The counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally(BTreeMap<(Side, Option<u16>, Transport), u64>);

impl Tally {
    /// Adds a number of connections.
    pub fn add(&mut self, side: Side, port: Option<u16>, transport: Transport, count: u64) {
        if count == 0 {
            return;
        }
        let mut key = (side, port, transport);
        if self.0.len() >= MAX_LINES && !self.0.contains_key(&key) {
            key.1 = None;
            if let Transport::Tcp(why) = &mut key.2 {
                *why = TcpReason::TooMany;
            }
        }
        let sum = self.0.entry(key).or_default();
        *sum = sum.saturating_add(count);
    }

    /// The lines in order.
    pub fn lines(&self) -> impl Iterator<Item = (Side, Option<u16>, &Transport, u64)> {
        let lines = self.0.iter();
        lines.map(|((side, port, transport), count)| (*side, *port, transport, *count))
    }

    /// The number of connections of a transport, by name.
    #[must_use]
    pub fn of(&self, name: &str) -> u64 {
        self.lines()
            .filter(|(_, _, transport, _)| transport.name() == name)
            .fold(0, |sum, (.., count)| sum.saturating_add(count))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_of_lines_is_bounded() {
        let mut tally = Tally::default();
        for port in 1..=u16::MAX {
            tally.add(Side::Connected, Some(port), Transport::SmcD, 1);
            tally.add(
                Side::Accepted,
                Some(port),
                Transport::Tcp(TcpReason::NoSmc),
                2,
            );
        }
        assert!(tally.lines().count() <= MAX_LINES + 2);
        assert_eq!(tally.of("SMC-D"), 65_535);
        assert_eq!(tally.of("TCP"), 2 * 65_535);
        assert_eq!(tally.of("SMC-R"), 0);
    }
}
