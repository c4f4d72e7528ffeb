// SPDX-License-Identifier: MIT OR Apache-2.0
//! `SMC_HOSTS`: addresses and networks.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::list::{split_at_byte, Decision, List};
use crate::problem::{Invalid, InvalidItem};
use crate::values::decimal;

const INVALID_HOST: Invalid = Invalid {
    what: "invalid host",
    expected: "ADDRESS or ADDRESS/PREFIX, optionally prefixed by !",
};
const SCOPED: Invalid = Invalid {
    what: "scoped address",
    expected: "an address without %INTERFACE",
};
const INVALID_PREFIX: Invalid = Invalid {
    what: "invalid prefix length in",
    expected: "0 to 32 (IPv4) or 0 to 128 (IPv6)",
};

/// An item of `SMC_HOSTS` without its `!`: an address or a network. Displayed
/// with the bits after the prefix cleared.
///
/// IPv4-mapped IPv6 addresses (`::ffff:192.0.2.1`) and networks within
/// `::ffff:0:0/96` are IPv4 here. A network with a shorter prefix is IPv6 and
/// contains no IPv4 address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network(Bits);

/// `bits` has no bit set outside `mask`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bits {
    V4 { bits: u32, mask: u32 },
    V6 { bits: u128, mask: u128 },
}

impl Network {
    fn parse(item: &str) -> Result<Self, Invalid> {
        let (address, prefix) = match split_at_byte(item, b'/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (item, None),
        };
        let scoped = || address.contains('%');
        let address: IpAddr = match address.parse() {
            Ok(address) => address,
            Err(_) if scoped() => return Err(SCOPED),
            Err(_) => return Err(INVALID_HOST),
        };
        let longest = if address.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix {
            None => longest,
            Some(prefix) => decimal(prefix)
                .filter(|&prefix| prefix <= longest)
                .ok_or(INVALID_PREFIX)?,
        };
        Ok(Network(match address {
            IpAddr::V4(address) => Bits::v4(address, prefix),
            IpAddr::V6(address) => match (address.to_ipv4_mapped(), prefix.checked_sub(96)) {
                (Some(address), Some(prefix)) => Bits::v4(address, prefix),
                _ => Bits::v6(address, prefix),
            },
        }))
    }

    fn is_every(self, family: Family) -> bool {
        match (self.0, family) {
            (Bits::V4 { mask, .. }, Family::V4) => mask == 0,
            (Bits::V6 { mask, .. }, Family::V6) => mask == 0,
            _ => false,
        }
    }

    /// `host` is canonical ([`IpAddr::to_canonical`]).
    fn contains(self, host: IpAddr) -> bool {
        match (self.0, host) {
            (Bits::V4 { bits, mask }, IpAddr::V4(host)) => host.to_bits() & mask == bits,
            (Bits::V6 { bits, mask }, IpAddr::V6(host)) => host.to_bits() & mask == bits,
            _ => false,
        }
    }
}

impl Bits {
    fn v4(address: Ipv4Addr, prefix: u32) -> Self {
        let host_bits = u32::MAX.checked_shr(prefix).unwrap_or(0);
        let mask = !host_bits;
        let bits = address.to_bits() & mask;
        Bits::V4 { bits, mask }
    }

    fn v6(address: Ipv6Addr, prefix: u32) -> Self {
        let host_bits = u128::MAX.checked_shr(prefix).unwrap_or(0);
        let mask = !host_bits;
        let bits = address.to_bits() & mask;
        Bits::V6 { bits, mask }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (address, prefix, longest) = match self.0 {
            Bits::V4 { bits, mask } => (Ipv4Addr::from_bits(bits).into(), mask.count_ones(), 32),
            Bits::V6 { bits, mask } => (Ipv6Addr::from_bits(bits).into(), mask.count_ones(), 128),
        };
        let address: IpAddr = address;
        if prefix == longest {
            write!(f, "{address}")
        } else {
            write!(f, "{address}/{prefix}")
        }
    }
}

#[derive(Clone, Copy)]
enum Family {
    V4,
    V6,
}

/// The list of `SMC_HOSTS`.
#[derive(Debug, Clone, Default)]
pub(crate) struct Hosts {
    list: List<Network>,
}

impl Hosts {
    pub(crate) fn parse(value: &str) -> Result<Self, InvalidItem<'_>> {
        let list = List::parse(value, Network::parse)?;
        Ok(Hosts { list })
    }

    /// Whether some host is not allowed.
    pub(crate) fn restricts(&self) -> bool {
        let allows_all = |family| self.list.allows_all(|network| network.is_every(family));
        !(self.list.excludes_none(|_| true) && allows_all(Family::V4) && allows_all(Family::V6))
    }

    /// `host` is canonical ([`IpAddr::to_canonical`]).
    pub(crate) fn decide(&self, host: IpAddr) -> Decision<'_, Network> {
        self.list.decide(|network| network.contains(host))
    }
}

/// Returns the host that a connection to `peer` reaches.
///
/// Linux connects the unspecified address (`0.0.0.0`, `::`) to loopback;
/// programs do connect to the address that a server listens on.
pub(crate) fn connected_host(peer: IpAddr) -> IpAddr {
    match peer.to_canonical() {
        IpAddr::V4(host) if host.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(host) if host.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        host => host,
    }
}
