// SPDX-License-Identifier: MIT OR Apache-2.0
//! What is known of a connection without asking about its socket: in 32 bits.

/// Which side of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// `accept`.
    Accepting,
    /// `connect`.
    Connecting,
}

/// What a socket is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// TCP, from the beginning or by now.
    Tcp,
    /// SMC that has not fallen back.
    Smc,
}

/// Role, port, and what the socket was at which time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Facts {
    /// Which side it is.
    pub role: Role,
    /// The peer's when connecting, its own when accepting.
    pub port: u16,
    /// What it was before the call.
    pub before: Kind,
    /// What it was made as; accepted ones are made as their listener.
    pub made: Kind,
    /// What it is when the connection is there.
    pub is: Kind,
    /// It has more than one number.
    pub has_copies: bool,
}

const ACCEPTING: u32 = 1;
const BEFORE: u32 = 1 << 1;
const MADE: u32 = 1 << 2;
const IS: u32 = 1 << 3;
pub(in crate::report) const COPIES: u32 = 1 << 4;

impl Facts {
    pub(in crate::report) fn bits(self) -> u32 {
        let bit = |is: bool, bit| if is { bit } else { 0 };
        u32::from(self.port) << 16
            | bit(self.role == Role::Accepting, ACCEPTING)
            | bit(self.before == Kind::Smc, BEFORE)
            | bit(self.made == Kind::Smc, MADE)
            | bit(self.is == Kind::Smc, IS)
            | bit(self.has_copies, COPIES)
    }

    pub(in crate::report) fn from_bits(bits: u32) -> Self {
        let kind = |bit| {
            if bits & bit == 0 {
                Kind::Tcp
            } else {
                Kind::Smc
            }
        };
        let [high, low, ..] = bits.to_be_bytes();
        Self {
            role: if bits & ACCEPTING == 0 {
                Role::Connecting
            } else {
                Role::Accepting
            },
            port: u16::from_be_bytes([high, low]),
            before: kind(BEFORE),
            made: kind(MADE),
            is: kind(IS),
            has_copies: bits & COPIES != 0,
        }
    }

    /// Whether the kernel's SMC knows it and can say more.
    #[must_use]
    pub fn is_known_to_smc(self) -> bool {
        self.made == Kind::Smc || self.is == Kind::Smc
    }
}
