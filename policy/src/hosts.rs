// SPDX-License-Identifier: MIT OR Apache-2.0
//! `SMC_HOSTS`: addresses and networks.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::list::{split_at_byte, Decision, List};
use crate::problem::{Complaint, Fault};
use crate::values::decimal;

const NOT_A_HOST: Complaint = Complaint {
    fault: "is not an address or a network",
    expected: "an IPv4 or IPv6 address such as 192.0.2.1 or 2001:db8::1, \
               or a network such as 10.0.0.0/8 or 2001:db8::/32; ! in front excludes",
};
const ZONE: Complaint = Complaint {
    fault: "has a zone",
    expected: "the address without % and what follows it: hosts match on every interface",
};
const BAD_PREFIX: Complaint = Complaint {
    fault: "has no valid prefix length",
    expected: "0 to 32 behind the / of an IPv4 network, 0 to 128 behind that of an IPv6 one",
};

/// An item of `SMC_HOSTS` without its `!`: an address, or every address that
/// begins with the same bits. Shown with the bits behind the prefix cleared.
///
/// IPv4-mapped IPv6 (`::ffff:192.0.2.1`) is IPv4 here, and so are networks
/// inside `::ffff:0:0/96`. A shorter prefix makes an IPv6 network, which no
/// IPv4 address is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network(Bits);

/// `bits` has no bit set outside `mask`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bits {
    V4 { bits: u32, mask: u32 },
    V6 { bits: u128, mask: u128 },
}

impl Network {
    fn parse(item: &str) -> Result<Self, Complaint> {
        let (address, prefix) = match split_at_byte(item, b'/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (item, None),
        };
        let zone = || address.contains('%');
        let address: IpAddr = match address.parse() {
            Ok(address) => address,
            Err(_) if zone() => return Err(ZONE),
            Err(_) => return Err(NOT_A_HOST),
        };
        let longest = if address.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix {
            None => longest,
            Some(prefix) => decimal(prefix)
                .filter(|&prefix| prefix <= longest)
                .ok_or(BAD_PREFIX)?,
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

    /// `host` is canonical: IPv4 where it can be.
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
        let behind = u32::MAX.checked_shr(prefix).unwrap_or(0);
        let mask = !behind;
        let bits = address.to_bits() & mask;
        Bits::V4 { bits, mask }
    }

    fn v6(address: Ipv6Addr, prefix: u32) -> Self {
        let behind = u128::MAX.checked_shr(prefix).unwrap_or(0);
        let mask = !behind;
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
    pub(crate) fn parse(value: &str) -> Result<Self, Fault<'_>> {
        let list = List::parse(value, Network::parse)?;
        Ok(Hosts { list })
    }

    /// Whether some host may be refused.
    pub(crate) fn judges(&self) -> bool {
        let admits_all = |family| self.list.admits_all(|network| network.is_every(family));
        !(self.list.excludes_no(|_| true) && admits_all(Family::V4) && admits_all(Family::V6))
    }

    /// `host` is canonical: IPv4 where it can be.
    pub(crate) fn decide(&self, host: IpAddr) -> Decision<'_, Network> {
        self.list.decide(|network| network.contains(host))
    }
}

/// The host that a program reaches when it connects to `peer`.
///
/// Linux takes the unspecified address (`0.0.0.0`, `::`) for its own loopback
/// address; programs do connect to what they have seen a server listen on.
pub(crate) fn reached(peer: IpAddr) -> IpAddr {
    match peer.to_canonical() {
        IpAddr::V4(host) if host.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(host) if host.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        host => host,
    }
}
