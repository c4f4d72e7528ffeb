// SPDX-License-Identifier: MIT OR Apache-2.0
//! One use of one slot, and how far it has come.

/// What is going on with a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Nothing.
    Free,
    /// A process is about to write it.
    Claimed,
    /// A connection is being made while the program does other things.
    Connecting,
    /// There is a connection.
    Made,
    /// The program gives up a connection that may not have been made.
    GivenUp,
}

/// Of a slot's state; above them is the generation.
pub(in crate::report) const PHASE_BITS: u32 = 4;

impl Phase {
    pub(in crate::report) fn of(state: u32) -> Self {
        match state & ((1 << PHASE_BITS) - 1) {
            1 => Self::Claimed,
            2 => Self::Connecting,
            3 => Self::Made,
            4 => Self::GivenUp,
            _ => Self::Free,
        }
    }

    pub(in crate::report) fn state(self, generation: u32) -> u32 {
        generation << PHASE_BITS | self as u32
    }
}

/// One use of one slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ticket {
    pub(in crate::report) generation: u32,
    pub(in crate::report) slot: u32,
}

/// In place of a slot's number: there was none free.
pub(in crate::report) const NO_SLOT: u32 = u32::MAX - 1;

/// In place of a slot's number: nothing has been written down yet.
const NOT_CONNECTED: u32 = u32::MAX - 2;

impl Ticket {
    /// For a socket that this process has made and that no `connect` was seen of.
    pub const NOT_CONNECTED: Self = Self {
        generation: 0,
        slot: NOT_CONNECTED,
    };

    /// For a connection that this process is making and that there is no slot for.
    #[must_use]
    pub fn without_slot(process: u32) -> Self {
        Self {
            generation: process,
            slot: NO_SLOT,
        }
    }

    /// The process whose ticket [`Ticket::without_slot`] this is, if it is one.
    #[must_use]
    pub fn slotless_of(self) -> Option<u32> {
        (self.slot == NO_SLOT).then_some(self.generation)
    }

    /// Whether it is of a slot: a connection was written to it.
    #[must_use]
    pub fn has_slot(self) -> bool {
        !matches!(self.slot, NO_SLOT | NOT_CONNECTED)
    }

    /// As a number that is not 0.
    #[must_use]
    pub fn number(self) -> u64 {
        (u64::from(self.generation) << 32) | (u64::from(self.slot) + 1)
    }

    /// Back from [`Ticket::number`].
    #[must_use]
    pub fn from_number(number: u64) -> Option<Self> {
        let [a, b, c, d, rest @ ..] = number.to_be_bytes();
        Some(Self {
            generation: u32::from_be_bytes([a, b, c, d]),
            slot: u32::from_be_bytes(rest).checked_sub(1)?,
        })
    }
}
