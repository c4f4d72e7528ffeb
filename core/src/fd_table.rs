// SPDX-License-Identifier: MIT OR Apache-2.0
//! What is known of each descriptor: the one place with state per number.
//!
//! The kernel is the only truth about a socket. An entry can be out of date (the number
//! was closed by a system call that no hook saw, and used again): that costs a question,
//! never a wrong answer. So nothing is locked, and fork, threads and signals do no harm.
//!
//! Descriptors >= 65536 are not tracked; they are assumed connected once an SMC socket
//! has had such a number.

mod descriptor;
mod records;
mod tickets;

pub use descriptor::{Descriptor, State};
pub use records::{Field, Records};
pub use tickets::{report, set_ticket, ticket, with_ticket};

use descriptor::{
    option_bit, ALL_OPTIONS, BOUND_ADDRESS, BOUND_PORT, CONNECT_UNREPORTED, CREATED, DUPLICATED,
    NOT_INHERITED, PEER_GONE, REPORTED, UNTRACKED,
};
use std::ffi::c_int;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU32, AtomicU64, Ordering::Relaxed};

/// Descriptors below this are tracked.
pub const TRACKED: usize = 1 << 16;

/// Of one descriptor number. All zero: nothing is known.
#[repr(align(32))]
struct Entry {
    /// [`State`] in the lowest byte, flags above.
    state: AtomicU32,
    /// Index in [`Records`], plus 1; 0: none.
    record: AtomicU32,
    /// Bits of the `SOL_SOCKET` options that the program has set.
    options: AtomicU64,
    /// Of the report ([`crate::report`]); 0: none.
    ticket: AtomicU64,
}

impl Entry {
    /// Sets the state and all flags but those that stay.
    #[inline]
    fn put(&self, state: u32) {
        const STAY: u32 = REPORTED | UNTRACKED;
        let stay = self.state.load(Relaxed) & STAY;
        self.state.store(state & !STAY | stay, Relaxed);
    }
}

/// Zero pages until used, 128 descriptors to a page.
static ENTRIES: [Entry; TRACKED] = [const {
    Entry {
        state: AtomicU32::new(0),
        record: AtomicU32::new(0),
        options: AtomicU64::new(0),
        ticket: AtomicU64::new(0),
    }
}; TRACKED];

/// The highest number that an SMC socket has had; -1: none has.
static HIGHEST: AtomicI32 = AtomicI32::new(-1);

/// Nothing is tracked any more.
static STOPPED: AtomicBool = AtomicBool::new(false);

#[inline]
fn entry(fd: c_int) -> Option<&'static Entry> {
    let number = u16::try_from(fd).ok()?;
    ENTRIES.get(usize::from(number))
}

/// Threads of this process have different descriptor tables from now on, so a number says
/// nothing any more: of each descriptor the kernel is asked.
#[cold]
pub fn stop_tracking() {
    STOPPED.store(true, Relaxed);
    for entry in &ENTRIES {
        entry.state.fetch_or(UNTRACKED, Relaxed);
    }
}

/// Whether anything can be remembered of `fd`.
pub fn is_tracked(fd: c_int) -> bool {
    entry(fd).is_some()
}

/// Whether anything is known of `fd`, or cannot be known.
#[inline]
pub fn is_known(fd: c_int) -> bool {
    match entry(fd) {
        Some(entry) => entry.state.load(Relaxed) != 0,
        None => is_untracked(fd),
    }
}

/// Whether `fd` is known to listen as TCP.
#[inline]
pub fn listens_as_tcp(fd: c_int) -> bool {
    entry(fd).is_some_and(|entry| entry.state.load(Relaxed) == State::ListeningTcp as u32)
}

/// Whether `fd` may be an SMC socket with a number that is not tracked.
#[cold]
fn is_untracked(fd: c_int) -> bool {
    let is_high = |fd: c_int| usize::try_from(fd).is_ok_and(|fd| fd >= TRACKED);
    fd >= 0 && (STOPPED.load(Relaxed) || is_high(HIGHEST.load(Relaxed)))
}

/// What is known of `fd`.
#[inline]
pub fn get(fd: c_int) -> Descriptor {
    match entry(fd) {
        Some(entry) => Descriptor::new(entry.state.load(Relaxed), entry.options.load(Relaxed)),
        None if is_untracked(fd) => Descriptor::untracked(),
        None => Descriptor::new(0, 0),
    }
}

/// An SMC socket has got the number `fd`.
#[inline]
fn raise_highest(fd: c_int) {
    if fd > HIGHEST.load(Relaxed) {
        HIGHEST.fetch_max(fd, Relaxed);
    }
}

/// Whether any SMC socket may have been connected in this process.
#[inline]
pub fn any_connected() -> bool {
    HIGHEST.load(Relaxed) >= 0
}

/// The descriptors that may be connected SMC sockets.
pub fn maybe_connected() -> impl Iterator<Item = c_int> {
    (0..=HIGHEST.load(Relaxed)).filter(|&fd| get(fd).maybe_connected())
}

/// The highest number that an epoll descriptor has had; -1: none has.
static HIGHEST_EPOLL: AtomicI32 = AtomicI32::new(-1);

/// The program has made epoll descriptor `fd`: → epoll.
pub fn epoll_created(fd: c_int) {
    if let Some(entry) = entry(fd) {
        entry.put(State::Epoll as u32);
        HIGHEST_EPOLL.fetch_max(fd, Relaxed);
    }
}

/// The epoll descriptors that are known.
pub fn epoll_descriptors() -> impl Iterator<Item = c_int> {
    (0..=HIGHEST_EPOLL.load(Relaxed)).filter(|&fd| get(fd).state() == State::Epoll)
}

/// Replaces the state and flags of `fd` by what `change` makes of them.
fn update(fd: c_int, change: impl Fn(u32) -> u32) {
    if let Some(entry) = entry(fd) {
        let _ = entry
            .state
            .fetch_update(Relaxed, Relaxed, |state| Some(change(state)));
    }
}

/// The shim has created SMC socket `fd`: → fresh.
#[inline]
pub fn created(fd: c_int) {
    if let Some(entry) = entry(fd) {
        entry.options.store(0, Relaxed);
        entry.record.store(0, Relaxed);
        entry.put(State::Fresh as u32 | CREATED);
    }
    raise_highest(fd);
}

/// `fd` is an SMC socket that was created like another one: → fresh, any option may be set.
pub fn created_with_options(fd: c_int) {
    let bound = entry(fd).map_or(0, |entry| {
        entry.state.load(Relaxed) & (BOUND_PORT | BOUND_ADDRESS)
    });
    created(fd);
    if let Some(entry) = entry(fd) {
        entry.options.store(ALL_OPTIONS, Relaxed);
        entry.state.fetch_or(bound, Relaxed);
    }
}

/// `fd` is connected, or may be: → connected.
#[inline]
pub fn connected(fd: c_int) {
    update(fd, |state| match State::of(state) {
        State::Connecting | State::Draining => state,
        _ => State::Connected.replacing(state),
    });
    raise_highest(fd);
}

/// A connect of `fd` goes on in the background: → connecting.
pub fn connecting(fd: c_int) {
    update(fd, |state| {
        State::Connecting.replacing(state) | CONNECT_UNREPORTED
    });
    raise_highest(fd);
}

/// The program knows how the connect of `fd` that went on in the background has ended:
/// connecting → connected.
pub fn connect_ended(fd: c_int) {
    update(fd, |state| match State::of(state) {
        State::Connecting => State::Connected.replacing(state),
        _ => state,
    });
}

/// A further connect has said, or need not say any more, that the first has ended.
pub fn connect_reported(fd: c_int) {
    update(fd, |state| state & !CONNECT_UNREPORTED);
}

/// `fd` was accepted on a listener that is, or may be, SMC: → connected.
#[inline]
pub fn accepted(fd: c_int) {
    forget(fd);
    connected(fd);
}

/// `fd` listens, as SMC or as TCP: → listening. Options set from now on are set late.
pub fn listening(fd: c_int, as_smc: bool) {
    let Some(entry) = entry(fd) else { return };
    let before = entry.state.load(Relaxed);
    if matches!(State::of(before), State::ListeningSmc | State::ListeningTcp) {
        return;
    }
    if as_smc {
        entry.options.fetch_and(NOT_INHERITED, Relaxed);
        let bound = before & (BOUND_PORT | BOUND_ADDRESS);
        entry.put(State::ListeningSmc as u32 | CREATED | bound);
    } else if !tickets::are_given() {
        entry.put(State::ListeningTcp as u32);
    }
}

/// The program has shut listener `fd` down: → listener shut.
pub fn listener_shut(fd: c_int) {
    update(fd, |state| State::ListenerShut.replacing(state));
}

/// The sending side of `fd` is shut in the background when all is sent: → draining.
pub fn draining(fd: c_int) {
    update(fd, |state| State::Draining.replacing(state));
}

/// The program learns that the peer of `fd` has gone; whether it knew that before.
pub fn peer_gone(fd: c_int) -> bool {
    entry(fd).is_some_and(|entry| entry.state.fetch_or(PEER_GONE, Relaxed) & PEER_GONE != 0)
}

/// The program has bound `fd`; whether it chose the port and the address.
pub fn bound(fd: c_int, port: bool, address: bool) {
    let port = if port { BOUND_PORT } else { 0 };
    let address = if address { BOUND_ADDRESS } else { 0 };
    update(fd, |state| state | port | address);
}

/// The program has set `SOL_SOCKET` option `name` on `fd`.
#[inline]
pub fn option_set(fd: c_int, name: c_int) {
    if let Some(entry) = entry(fd) {
        entry.options.fetch_or(option_bit(name), Relaxed);
    }
}

/// `to` is the same open file as `from`: options that are set by one number are not known
/// of the other from now on.
pub fn duplicated(from: c_int, to: c_int) {
    let descriptor = get(from);
    if let Some(from) = entry(from) {
        if descriptor.is_created() {
            from.options.store(ALL_OPTIONS, Relaxed);
        }
        if descriptor.state() != State::Unknown {
            from.state.fetch_or(DUPLICATED, Relaxed);
        }
        if let Some(to) = entry(to) {
            to.options.store(from.options.load(Relaxed), Relaxed);
            to.record.store(from.record.load(Relaxed), Relaxed);
            to.put(from.state.load(Relaxed));
        }
    } else {
        update(to, |_| State::Connected as u32);
    }
    if descriptor.maybe_connected() {
        raise_highest(to);
    }
    if descriptor.state() == State::Epoll {
        HIGHEST_EPOLL.fetch_max(to, Relaxed);
    }
}

/// Nothing is known of `fd` any more: → unknown.
pub fn forget(fd: c_int) {
    if let Some(entry) = entry(fd) {
        entry.put(0);
        entry.record.store(0, Relaxed);
        entry.options.store(0, Relaxed);
    }
}
