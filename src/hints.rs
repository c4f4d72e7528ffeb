// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the shim remembers of a descriptor number: where it is worth asking.
//!
//! Owns one word per descriptor number. The kernel is the only truth about a
//! socket; a word that is out of date (the number was closed and used again)
//! costs one question more, which keeps fork, threads and signals harmless:
//! there is nothing here to lock and nothing that must be in step.

use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU64, Ordering::Relaxed};

/// Of numbers from here on nothing is remembered: data may flow through them.
/// The table is zero pages until used, 512 descriptors to a page.
const NUMBERS: usize = 1 << 16;

pub static WORDS: [AtomicU64; NUMBERS] = [const { AtomicU64::new(0) }; NUMBERS];

/// The bit of an option that no program can set: `SO_TYPE` (3).
const MADE: u64 = 1 << 3;

/// Another: `SO_ERROR` (4). Data may flow through it as SMC.
const FLOWS: u64 = 1 << 4;
/// Another: `SO_ACCEPTCONN` (30). It listens.
const LISTENS: u64 = 1 << 30;
/// Another: `SO_PEERCRED` (17). It listens, and not as SMC.
pub const LISTENS_AS_TCP: u64 = 1 << 17;
/// Another: `SO_PEERNAME` (28). Of a number above [`NUMBERS`] that shares its place
/// there would be something to remember.
const SHARED: u64 = 1 << 28;
/// Another: `SO_PROTOCOL` (38). It was a listener and has been shut down.
const SHUT: u64 = 1 << 38;
/// Another: `SO_DOMAIN` (39). It is connecting while the program does other things.
const CONNECTING: u64 = 1 << 39;
/// Another: `SO_SNDLOWAT` (19). The program has bound it to a port of its choice,
const BOUND_PORT: u64 = 1 << 19;
/// another: `SO_SECURITY_AUTHENTICATION` (22), and this one to an address.
const BOUND_ADDRESS: u64 = 1 << 22;
/// Another: `SO_SECURITY_ENCRYPTION_TRANSPORT` (23). The program knows that its peer has
/// gone.
const PEER_GONE: u64 = 1 << 23;
/// Another: `SO_SECURITY_ENCRYPTION_NETWORK` (24). Its sending side is being shut in the
/// background.
const ENDS_WRITING: u64 = 1 << 24;
/// Another: `SO_PEERSEC` (31). A connect goes on, or went on, of which no other connect has
/// said that it has ended.
const UNANSWERED: u64 = 1 << 31;
const BOUND: u64 = BOUND_PORT | BOUND_ADDRESS;
/// Whatever is remembered.
pub const ANYTHING: u64 = u64::MAX;
const STATES: u64 = MADE
    | FLOWS
    | LISTENS
    | LISTENS_AS_TCP
    | SHARED
    | SHUT
    | CONNECTING
    | BOUND
    | PEER_GONE
    | ENDS_WRITING
    | UNANSWERED;

/// Options that an SMC listener does not hand on to its children though they were
/// set before it listened: `SO_LINGER` (its time), `SO_DONTROUTE`, `SO_BROADCAST`,
/// `SO_NO_CHECK`, `SO_TIMESTAMPING`, `SO_RXQ_OVFL`, `SO_LOCK_FILTER`, `SO_BUSY_POLL`,
/// `SO_MAX_PACING_RATE`, and those that share their bits (`SO_PREFER_BUSY_POLL`,
/// `SO_TXREHASH`, `SO_RCVMARK`). `SO_REUSEADDR` and `SO_REUSEPORT` mean nothing to a
/// child, and most servers set one of them.
const NOT_HANDED_ON: u64 = bits(&[13, 5, 6, 11, 37, 40, 44, 46, 47, 69, 74, 75]);

/// Options that the kernel does not hand on to the inner TCP socket when a connection
/// falls back: `SO_NO_CHECK`, `SO_PASSCRED`, `SO_BUSY_POLL`, `SO_MAX_PACING_RATE`,
/// `SO_PREFER_BUSY_POLL`, `SO_TXREHASH`, `SO_RCVMARK`. Not `SO_REUSEADDR` and
/// `SO_REUSEPORT`: what matters of them is handed on by `bind`.
const LOST_IN_FALLBACK: u64 = bits(&[11, 16, 46, 47, 69, 74, 75]);

/// Data may never have flowed through a higher number.
static HIGHEST: AtomicI32 = AtomicI32::new(-1);

/// Whether there has been anything to remember of a number above [`NUMBERS`].
static SHARES: AtomicBool = AtomicBool::new(false);

/// What is known of one descriptor number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hint(u64);

impl Hint {
    /// The shim made an SMC socket with this number, so [`Hint::may_have_set`]
    /// has heard of every option.
    pub fn made_here(self) -> bool {
        self.0 & MADE != 0
    }

    /// Whether the program may have set this `SOL_SOCKET` option. Options 64
    /// apart share a bit, which costs a question, never an answer.
    pub fn may_have_set(self, name: i32) -> bool {
        !self.made_here() || self.0 & option_bit(name) != 0
    }

    /// Data may flow through it as SMC: worth asking before it is closed. A socket that
    /// the shim made may be connected though no connect was seen (io_uring).
    #[inline]
    pub fn may_flow(self) -> bool {
        self.0 & FLOWS != 0 || self.0 & (MADE | LISTENS) == MADE
    }

    /// A call of the program has connected it, or has accepted it, or it is not known
    /// how it came about.
    pub fn was_seen_connecting(self) -> bool {
        self.0 & FLOWS != 0
    }

    /// It listens as SMC.
    pub fn is_smc_listener(self) -> bool {
        self.0 & (MADE | LISTENS) == MADE | LISTENS
    }

    /// It was a listener, and the program has shut it down.
    pub fn was_shut(self) -> bool {
        self.0 & SHUT != 0
    }

    /// A connect was begun and the program has not heard yet how it ended.
    pub fn is_connecting(self) -> bool {
        self.0 & CONNECTING != 0
    }

    /// A connect that went on in the background was not answered by another one.
    pub fn is_unanswered(self) -> bool {
        self.0 & UNANSWERED != 0
    }

    /// The program has shut its sending side, and what was sent before is under way.
    pub fn ends_writing(self) -> bool {
        self.0 & ENDS_WRITING != 0
    }

    /// `SOL_SOCKET` options were set on it that its children have to be given.
    pub fn has_options_for_children(self) -> bool {
        self.is_smc_listener() && self.0 & !STATES != 0
    }

    /// `SOL_SOCKET` options were set on it of which a fallback would make nothing.
    pub fn may_lose_options(self) -> bool {
        self.0 & LOST_IN_FALLBACK != 0
    }

    /// Each option that was set has been heard of.
    pub fn knows_options(self) -> bool {
        self.made_here() && self.0 | STATES != ANYTHING
    }

    /// No option was set on a socket that the shim made.
    pub fn is_pristine(self) -> bool {
        self.0 & !BOUND == MADE
    }

    /// The program has bound it to a port of its choice, or may have; not what was
    /// accepted.
    pub fn keeps_port(self) -> bool {
        self.0 & (MADE | FLOWS) == 0 || self.0 & BOUND_PORT != 0
    }

    /// The same of the address.
    pub fn keeps_address(self) -> bool {
        self.0 & (MADE | FLOWS) == 0 || self.0 & BOUND_ADDRESS != 0
    }
}

const fn option_bit(name: i32) -> u64 {
    1 << (name & 63)
}

const fn bits(mut names: &[i32]) -> u64 {
    let mut bits = 0;
    while let [first, others @ ..] = names {
        bits |= option_bit(*first);
        names = others;
    }
    bits
}

/// The word of `fd` and of all numbers that are [`NUMBERS`] apart, found without a
/// test. Not 0: something may be known of `fd`, or would have to be.
#[inline]
pub fn shared_word(fd: i32) -> Option<&'static AtomicU64> {
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "wanted"
    )]
    let place = usize::from(fd as u16);
    WORDS.get(place)
}

/// There is something to remember of `fd`, which has a place only if it is below
/// [`NUMBERS`]. Above, it makes the others that share its place be asked about.
#[cold]
fn share(fd: i32) {
    if let Some(word) = usize::try_from(fd)
        .ok()
        .and_then(|fd| WORDS.get(fd % NUMBERS))
    {
        SHARES.store(true, Relaxed);
        word.fetch_or(SHARED, Relaxed);
        word.fetch_and(!LISTENS_AS_TCP, Relaxed);
    }
}

/// `word`, marked if a number above [`NUMBERS`] may be in its place: then it is better
/// to ask.
fn or_shared(word: u64) -> u64 {
    if SHARES.load(Relaxed) {
        word & !LISTENS_AS_TCP | SHARED
    } else {
        word
    }
}

fn word(fd: i32) -> Option<&'static AtomicU64> {
    usize::try_from(fd).ok().and_then(|fd| WORDS.get(fd))
}

/// What is known of `fd`.
#[inline]
pub fn of(fd: i32) -> Hint {
    match word(fd) {
        Some(word) => Hint(word.load(Relaxed)),
        None if fd < 0 => Hint(0),
        None => Hint(FLOWS),
    }
}

/// The shim has just made `fd`, an SMC socket. False: nothing is remembered of
/// this number, which may be no descriptor at all.
#[inline]
pub fn made(fd: i32) -> bool {
    if let Some(word) = word(fd) {
        word.store(MADE, Relaxed);
        reach(fd);
        return true;
    }
    share(fd);
    false
}

#[inline]
fn reach(fd: i32) {
    if fd > HIGHEST.load(Relaxed) {
        HIGHEST.fetch_max(fd, Relaxed);
    }
}

/// Data may flow through `fd` as SMC from now on.
#[inline]
pub fn flows(fd: i32) {
    set(fd, FLOWS);
    reach(fd);
}

/// Whether data may have flowed through any.
#[inline]
pub fn have_flown() -> bool {
    HIGHEST.load(Relaxed) >= 0
}

/// The numbers through which data may flow as SMC.
pub fn flowing() -> impl Iterator<Item = i32> {
    (0..=HIGHEST.load(Relaxed)).filter(|&fd| of(fd).may_flow())
}

/// `to` is the same open file as `from`: options that are set on it by one number
/// are not known by the other.
pub fn duplicated(from: i32, to: i32) {
    if of(from).made_here() {
        set(from, !STATES);
    }
    let hint = of(from);
    match word(to) {
        Some(word) => word.store(or_shared(hint.0), Relaxed),
        None => share(to),
    }
    if hint.may_flow() {
        flows(to);
    }
}

/// `fd` listens, as an SMC socket or as a TCP socket: options set from now on are
/// set late.
pub fn listening(fd: i32, as_smc: bool) {
    let Some(word) = word(fd) else { return };
    let before = word.load(Relaxed);
    if before & LISTENS == 0 {
        let options = before & (NOT_HANDED_ON | BOUND);
        word.store(
            if as_smc {
                MADE | LISTENS | options
            } else {
                or_shared(LISTENS | LISTENS_AS_TCP)
            },
            Relaxed,
        );
    }
}

/// `fd` was accepted on a listener that is, or may be, SMC.
#[inline]
pub fn accepted(fd: i32) {
    forget(fd);
    flows(fd);
}

/// `fd` was a listener.
pub fn shut(fd: i32) {
    set(fd, SHUT);
}

/// The program knows, by another connect or since it has shut `fd` down, that a connect
/// has ended.
pub fn answered(fd: i32) {
    if let Some(word) = word(fd) {
        word.fetch_and(!UNANSWERED, Relaxed);
    }
}

/// The sending side of `fd` is shut in the background.
pub fn ends_writing(fd: i32) {
    set(fd, ENDS_WRITING);
}

/// The program learns that the peer of `fd` has gone; whether it has known that before,
/// false for numbers of which nothing is remembered.
pub fn peer_gone(fd: i32) -> bool {
    word(fd).is_some_and(|word| word.fetch_or(PEER_GONE, Relaxed) & PEER_GONE != 0)
}

/// The program has bound `fd`, and whether port and address were its choice.
pub fn bound(fd: i32, port: bool, address: bool) {
    let chosen = [(port, BOUND_PORT), (address, BOUND_ADDRESS)];
    for (_, state) in chosen.into_iter().filter(|(is_chosen, _)| *is_chosen) {
        set(fd, state);
    }
}

/// Whether `fd` is connecting.
pub fn connecting(fd: i32, is: bool) {
    if is {
        set(fd, CONNECTING | UNANSWERED);
    } else if let Some(word) = word(fd) {
        word.fetch_and(!CONNECTING, Relaxed);
    }
}

fn set(fd: i32, state: u64) {
    match word(fd) {
        Some(word) => {
            word.fetch_or(state, Relaxed);
        }
        None => share(fd),
    }
}

/// The program has set `SOL_SOCKET` option `name` on `fd`.
#[inline]
pub fn option_set(fd: i32, name: i32) {
    if let Some(word) = word(fd) {
        word.fetch_or(option_bit(name) & !STATES, Relaxed);
    }
}

/// `fd` is an SMC socket; which options were set on it is not known.
pub fn options_unknown(fd: i32) {
    if let Some(word) = word(fd) {
        let bound = word.load(Relaxed) & BOUND;
        word.store(!STATES | MADE | bound, Relaxed);
    }
}

/// Nothing is known of `fd` any more.
pub fn forget(fd: i32) {
    if let Some(word) = word(fd) {
        word.store(or_shared(0), Relaxed);
    }
}
