// SPDX-License-Identifier: MIT OR Apache-2.0
//! What is known of a descriptor at one moment.

use std::ffi::c_int;

/// The states of a descriptor (drawn in `docs/architecture.md`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum State {
    /// Nothing is known; where it matters the kernel is asked.
    Unknown = 0,
    /// An SMC socket that the shim created; no call has connected it.
    Fresh,
    /// A connect goes on in the background; the program does not know yet how it ended.
    Connecting,
    /// It is, or may be, a connected SMC socket.
    Connected,
    /// As connected; the program has shut its sending side, which is done in the background
    /// when all is sent.
    Draining,
    /// It listens as SMC.
    ListeningSmc,
    /// It listens, and not as SMC.
    ListeningTcp,
    /// It was an SMC listener, and the program has shut it down.
    ListenerShut,
    /// It is an epoll descriptor.
    Epoll,
}

const STATE: u32 = 0xff;

impl State {
    pub(super) fn of(word: u32) -> Self {
        const STATES: [State; 9] = [
            State::Unknown,
            State::Fresh,
            State::Connecting,
            State::Connected,
            State::Draining,
            State::ListeningSmc,
            State::ListeningTcp,
            State::ListenerShut,
            State::Epoll,
        ];
        let number = usize::try_from(word & STATE).unwrap_or(0);
        STATES.get(number).copied().unwrap_or(State::Unknown)
    }

    /// `word` with this state and the flags that it had.
    pub(super) fn replacing(self, word: u32) -> u32 {
        word & !STATE | self as u32
    }
}

/// The shim created it, so every option that was set is known.
pub(super) const CREATED: u32 = 1 << 8;
/// The program has bound it to a port of its choice,
pub(super) const BOUND_PORT: u32 = 1 << 9;
/// and to an address of its choice.
pub(super) const BOUND_ADDRESS: u32 = 1 << 10;
/// The program knows that its peer has gone.
pub(super) const PEER_GONE: u32 = 1 << 11;
/// A connect went on in the background, and no further connect has said how it ended.
pub(super) const CONNECT_UNREPORTED: u32 = 1 << 12;

/// It has, or had, another number.
pub(super) const DUPLICATED: u32 = 1 << 13;
/// It has a ticket of the report.
pub(super) const REPORTED: u32 = 1 << 14;

/// The number means different files in different threads.
pub(super) const UNTRACKED: u32 = 1 << 15;

pub(super) const ALL_OPTIONS: u64 = u64::MAX;

/// Options 64 apart share a bit.
pub(super) const fn option_bit(name: c_int) -> u64 {
    1 << (name & 63)
}

const fn option_bits(mut names: &[c_int]) -> u64 {
    let mut bits = 0;
    while let [first, others @ ..] = names {
        bits |= option_bit(*first);
        names = others;
    }
    bits
}

/// Options that an SMC listener does not hand on to its children though they were set
/// before it listened: `SO_LINGER` (its time), `SO_DONTROUTE`, `SO_BROADCAST`,
/// `SO_NO_CHECK`, `SO_TIMESTAMPING`, `SO_RXQ_OVFL`, `SO_LOCK_FILTER`, `SO_BUSY_POLL`,
/// `SO_MAX_PACING_RATE`, `SO_PREFER_BUSY_POLL`, `SO_TXREHASH`, `SO_RCVMARK`.
/// (`SO_REUSEADDR` and `SO_REUSEPORT` mean nothing to a child.)
pub(super) const NOT_INHERITED: u64 = option_bits(&[13, 5, 6, 11, 37, 40, 44, 46, 47, 69, 74, 75]);

/// Options that the kernel does not hand on to the inner TCP socket when a connection
/// falls back: `SO_NO_CHECK`, `SO_PASSCRED`, `SO_BUSY_POLL`, `SO_MAX_PACING_RATE`,
/// `SO_PREFER_BUSY_POLL`, `SO_TXREHASH`, `SO_RCVMARK`.
const LOST_IN_FALLBACK: u64 = option_bits(&[11, 16, 46, 47, 69, 74, 75]);

/// What is known of a descriptor at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Descriptor {
    word: u32,
    options: u64,
}

impl Descriptor {
    #[inline]
    pub(super) fn new(word: u32, options: u64) -> Self {
        if word & UNTRACKED == 0 {
            Self { word, options }
        } else {
            Self::untracked()
        }
    }

    /// Of a number that says nothing: it may be connected.
    #[cold]
    pub(super) fn untracked() -> Self {
        Self {
            word: State::Connected as u32,
            options: 0,
        }
    }

    /// The state it is in.
    pub fn state(self) -> State {
        State::of(self.word)
    }

    fn has(self, flag: u32) -> bool {
        self.word & flag != 0
    }

    /// The shim created it as an SMC socket: every option that was set is known.
    pub fn is_created(self) -> bool {
        self.has(CREATED)
    }

    /// Whether the program may have set this `SOL_SOCKET` option.
    pub fn may_have_set(self, name: c_int) -> bool {
        !self.is_created() || self.options & option_bit(name) != 0
    }

    /// It may be a connected SMC socket: the kernel is asked before it is closed. A fresh
    /// one may be connected though no connect was seen (io_uring).
    #[inline]
    pub fn maybe_connected(self) -> bool {
        matches!(
            self.state(),
            State::Fresh | State::Connecting | State::Connected | State::Draining
        )
    }

    /// A call of the program has connected or accepted it, or its origin is not known.
    pub fn was_connected_by_call(self) -> bool {
        self.maybe_connected() && self.state() != State::Fresh
    }

    /// It listens as SMC.
    pub fn is_smc_listener(self) -> bool {
        self.state() == State::ListeningSmc
    }

    /// It was a listener, and the program has shut it down.
    pub fn is_shut_listener(self) -> bool {
        self.state() == State::ListenerShut
    }

    /// It has, or had, another number.
    pub fn is_duplicated(self) -> bool {
        self.has(DUPLICATED)
    }

    /// A connect goes on, and the program does not know yet how it ended.
    pub fn is_connecting(self) -> bool {
        self.state() == State::Connecting
    }

    /// A connect went on in the background, and no further connect has said how it ended.
    pub fn is_connect_unreported(self) -> bool {
        self.has(CONNECT_UNREPORTED)
    }

    /// Options were set on this SMC listener that its children have to be given.
    pub fn has_options_for_children(self) -> bool {
        self.is_smc_listener() && self.options != 0
    }

    /// Options were set that are lost when the connection falls back.
    pub fn may_lose_options(self) -> bool {
        self.options & LOST_IN_FALLBACK != 0
    }

    /// Every option that was set is known, by its number.
    pub fn knows_options(self) -> bool {
        self.is_created() && self.options != ALL_OPTIONS
    }

    /// A fresh socket on which the program has set no option.
    pub fn is_pristine(self) -> bool {
        self.state() == State::Fresh && self.is_created() && self.options == 0
    }

    /// The program chose its port, or may have.
    pub fn keeps_port(self) -> bool {
        self.is_bound_by_program(BOUND_PORT)
    }

    /// The program chose its address, or may have.
    pub fn keeps_address(self) -> bool {
        self.is_bound_by_program(BOUND_ADDRESS)
    }

    fn is_bound_by_program(self, flag: u32) -> bool {
        self.has(flag) || !self.is_created() && !self.maybe_connected()
    }
}
