// SPDX-License-Identifier: MIT OR Apache-2.0
//! Connections added up: by side, port and what they were.

use super::reason::{Side, TcpReason};
use std::collections::BTreeMap;

/// What a connection was.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Transport {
    /// SMC over RDMA.
    SmcR,
    /// SMC over shared memory of one machine.
    SmcD,
    /// The one or the other: it was gone before the kernel was asked which.
    Smc,
    /// TCP, and why.
    Tcp(TcpReason),
}

impl Transport {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::SmcR => "SMC-R",
            Self::SmcD => "SMC-D",
            Self::Smc => "SMC",
            Self::Tcp(_) => "TCP",
        }
    }

    /// Why it is TCP.
    #[must_use]
    pub fn why(&self) -> Option<&TcpReason> {
        match self {
            Self::Tcp(why) => Some(why),
            _ => None,
        }
    }
}

/// So many lines are kept apart: whatever the program does, this does not grow
/// without end. What comes later is added to the line without a port.
const MOST: usize = 10_000;

/// How many connections there were of each kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally(BTreeMap<(Side, Option<u16>, Transport), u64>);

impl Tally {
    /// Adds so many.
    pub fn add(&mut self, side: Side, port: Option<u16>, what: Transport, count: u64) {
        if count == 0 {
            return;
        }
        let mut key = (side, port, what);
        if self.0.len() >= MOST && !self.0.contains_key(&key) {
            key.1 = None;
            if let Transport::Tcp(why) = &mut key.2 {
                *why = TcpReason::TooMany;
            }
        }
        let sum = self.0.entry(key).or_default();
        *sum = sum.saturating_add(count);
    }

    /// The lines, in order.
    pub fn lines(&self) -> impl Iterator<Item = (Side, Option<u16>, &Transport, u64)> {
        let lines = self.0.iter();
        lines.map(|((side, port, what), count)| (*side, *port, what, *count))
    }

    /// How many there were of that name, `SMC-R` and so on.
    #[must_use]
    pub fn of(&self, name: &str) -> u64 {
        self.lines()
            .filter(|(_, _, what, _)| what.name() == name)
            .fold(0, |sum, (.., count)| sum.saturating_add(count))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_stops_growing_and_goes_on_counting() {
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
        assert!(tally.lines().count() <= MOST + 2);
        assert_eq!(tally.of("SMC-D"), 65_535);
        assert_eq!(tally.of("TCP"), 2 * 65_535);
        assert_eq!(tally.of("SMC-R"), 0);
    }
}
