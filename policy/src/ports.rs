// SPDX-License-Identifier: MIT OR Apache-2.0
//! `SMC_PORTS`: ports and ranges, each for listening, connecting or both.

use std::fmt;

use crate::list::{split_at_byte, Decision, List};
use crate::problem::{Complaint, Fault};
use crate::values::decimal;

const NOT_A_PORT: Complaint = Complaint {
    fault: "is not a port or a range of ports",
    expected: "a port from 1 to 65535, a range such as 8000-8999, or *; \
               in front of it in: (listening) or out: (connecting) if wanted, and ! to exclude",
};
const BACKWARDS: Complaint = Complaint {
    fault: "runs backwards",
    expected: "the lower port first",
};

/// What a program does with an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// `listen()`: the port is the local one.
    Listening,
    /// `connect()`: the port is the peer's.
    Connecting,
}

impl Direction {
    /// `listening` or `connecting`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Direction::Listening => "listening",
            Direction::Connecting => "connecting",
        }
    }

    fn opposite(self) -> Self {
        match self {
            Direction::Listening => Direction::Connecting,
            Direction::Connecting => Direction::Listening,
        }
    }
}

/// An item of `SMC_PORTS` without its `!`; shown as it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PortRange {
    /// The only direction it speaks of; none: it speaks of both.
    direction: Option<Direction>,
    /// 0 to 65535 is `*`; nothing else contains 0, the port that a listener
    /// has until the kernel chooses one.
    first: u16,
    last: u16,
}

impl PortRange {
    fn parse(item: &str) -> Result<Self, Complaint> {
        let (direction, ports) = if let Some(ports) = item.strip_prefix("in:") {
            (Some(Direction::Listening), ports)
        } else if let Some(ports) = item.strip_prefix("out:") {
            (Some(Direction::Connecting), ports)
        } else {
            (None, item)
        };
        let (first, last) = if ports == "*" {
            (0, u16::MAX)
        } else if let Some((first, last)) = split_at_byte(ports, b'-') {
            (port(first)?, port(last)?)
        } else {
            let port = port(ports)?;
            (port, port)
        };
        if first > last {
            return Err(BACKWARDS);
        }
        Ok(PortRange {
            direction,
            first,
            last,
        })
    }

    fn speaks_of(self, direction: Direction) -> bool {
        self.direction.is_none_or(|only| only == direction)
    }

    fn is_every_port(self) -> bool {
        self.first == 0
    }

    fn contains(self, direction: Direction, port: u16) -> bool {
        (self.first..=self.last).contains(&port) && self.speaks_of(direction)
    }
}

fn port(text: &str) -> Result<u16, Complaint> {
    decimal(text)
        .and_then(|number| u16::try_from(number).ok())
        .filter(|&port| port != 0)
        .ok_or(NOT_A_PORT)
}

impl fmt::Display for PortRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.direction {
            None => "",
            Some(Direction::Listening) => "in:",
            Some(Direction::Connecting) => "out:",
        })?;
        if self.is_every_port() {
            f.write_str("*")
        } else if self.first == self.last {
            write!(f, "{}", self.first)
        } else {
            write!(f, "{}-{}", self.first, self.last)
        }
    }
}

/// The list of `SMC_PORTS`.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ports {
    list: List<PortRange>,
}

/// What [`Ports`] says about a port.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum PortDecision {
    Allowed,
    NotListed,
    /// Not allowed, but would be in the opposite direction.
    ListedFor(Direction),
    Excluded(PortRange),
}

impl Ports {
    pub(crate) fn parse(value: &str) -> Result<Self, Fault<'_>> {
        let list = List::parse(value, PortRange::parse)?;
        Ok(Ports { list })
    }

    /// Whether some port may be refused in this direction.
    pub(crate) fn judges(&self, direction: Direction) -> bool {
        let speaks = |range: &PortRange| range.speaks_of(direction);
        let everything = |range: &PortRange| range.is_every_port() && speaks(range);
        !(self.list.excludes_no(speaks) && self.list.admits_all(everything))
    }

    pub(crate) fn decide(&self, direction: Direction, port: u16) -> PortDecision {
        match self.list.decide(|range| range.contains(direction, port)) {
            Decision::Allowed => PortDecision::Allowed,
            Decision::Excluded(&range) => PortDecision::Excluded(range),
            Decision::NotListed => {
                let opposite = direction.opposite();
                match self.list.decide(|range| range.contains(opposite, port)) {
                    Decision::Allowed => PortDecision::ListedFor(opposite),
                    _ => PortDecision::NotListed,
                }
            }
        }
    }
}
