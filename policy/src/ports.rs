// SPDX-License-Identifier: MIT OR Apache-2.0
//! `SMC_PORTS`: ports and ranges, each for listening, connecting or both.

use std::fmt;

use crate::list::{split_at_byte, Decision, List};
use crate::problem::{Invalid, InvalidItem};
use crate::values::decimal;

const INVALID_PORT: Invalid = Invalid {
    what: "invalid port",
    expected: "N, N-M or *, optionally prefixed by in:, out: or !",
};
const REVERSED_RANGE: Invalid = Invalid {
    what: "reversed range",
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

/// An item of `SMC_PORTS` without its `!`, displayed as it was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PortRange {
    /// The only direction it applies to; none: it applies to both.
    direction: Option<Direction>,
    /// 0 to 65535 is `*`. No other range contains 0, the port of a listener
    /// until the kernel assigns one.
    first: u16,
    last: u16,
}

impl PortRange {
    fn parse(item: &str) -> Result<Self, Invalid> {
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
            return Err(REVERSED_RANGE);
        }
        Ok(PortRange {
            direction,
            first,
            last,
        })
    }

    fn applies_to(self, direction: Direction) -> bool {
        self.direction.is_none_or(|only| only == direction)
    }

    fn is_every_port(self) -> bool {
        self.first == 0
    }

    fn contains(self, direction: Direction, port: u16) -> bool {
        (self.first..=self.last).contains(&port) && self.applies_to(direction)
    }
}

fn port(text: &str) -> Result<u16, Invalid> {
    decimal(text)
        .and_then(|number| u16::try_from(number).ok())
        .filter(|&port| port != 0)
        .ok_or(INVALID_PORT)
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
    /// Not allowed in this direction, but in the opposite one.
    ListedFor(Direction),
    Excluded(PortRange),
}

impl Ports {
    pub(crate) fn parse(value: &str) -> Result<Self, InvalidItem<'_>> {
        let list = List::parse(value, PortRange::parse)?;
        Ok(Ports { list })
    }

    /// Whether some port is not allowed in this direction.
    pub(crate) fn restricts(&self, direction: Direction) -> bool {
        let applies = |range: &PortRange| range.applies_to(direction);
        let everything = |range: &PortRange| range.is_every_port() && applies(range);
        !(self.list.excludes_none(applies) && self.list.allows_all(everything))
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
