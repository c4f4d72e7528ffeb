// SPDX-License-Identifier: MIT OR Apache-2.0
//! Options that would not survive a connect, kept until it has ended.
//!
//! `SO_LINGER`: where a connection falls back the kernel hands the flag on and not
//! the time: {on, 7 s} becomes {on, 0 s}, and close throws away what was sent
//! (`net/smc/af_smc.c`; seen on 6.1 and 6.12). `SO_SNDTIMEO`: the kernel's own
//! worker gives a connect up after this time, where TCP goes on (`recover`). And seven
//! options that it does not hand on at all (`hints`, `LOST_IN_FALLBACK`).

use super::{identity, os};
use crate::hints::{self, Hint};
use libc::{SOL_SOCKET, SO_BUSY_POLL, SO_LINGER, SO_MAX_PACING_RATE, SO_OOBINLINE, SO_SNDTIMEO};
use std::ffi::c_int;
use std::mem::size_of;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Values by descriptor: the number in the upper 20 bits, the value in the lower 44;
/// 0: free. Of two numbers with one place the later is kept.
struct Kept([AtomicU64; 1024]);

static LINGERS: Kept = Kept::new();
static SEND_LIMITS: Kept = Kept::new();
static PACING_RATES: Kept = Kept::new();
static BUSY_POLLS: Kept = Kept::new();
/// A bit for each of [`SWITCHES`].
static SWITCHED: Kept = Kept::new();

const SO_TXREHASH: c_int = 74;
const SO_RCVMARK: c_int = 75;

/// Options, and values other than the default that they can have
/// (`include/uapi/asm-generic/socket.h`). `SO_REUSEADDR` alone is not worth the calls
/// (`hints`): it is kept where one of the others is.
const SWITCHES: [(c_int, c_int); 7] = [
    (libc::SO_REUSEADDR, 1),
    (libc::SO_NO_CHECK, 1),
    (libc::SO_PASSCRED, 1),
    (libc::SO_PREFER_BUSY_POLL, 1),
    (SO_RCVMARK, 1),
    (SO_TXREHASH, 0),
    (SO_TXREHASH, 1),
];

const VALUE: u64 = (1 << 44) - 1;

impl Kept {
    const fn new() -> Self {
        Self([const { AtomicU64::new(0) }; 1024])
    }

    /// Of nothing, or of 0, nothing is kept.
    fn put(&self, fd: c_int, value: Option<u64>) {
        match (self.place(fd), value) {
            (Some((place, number)), Some(value @ 1..)) => {
                place.store(number << 44 | value.min(VALUE), Relaxed);
            }
            _ => {
                self.take(fd);
            }
        }
    }

    /// What was kept; not kept any more.
    fn take(&self, fd: c_int) -> Option<u64> {
        let (place, number) = self.place(fd)?;
        let word = place.load(Relaxed);
        if word == 0 || word >> 44 != number {
            return None;
        }
        let taken = place.compare_exchange(word, 0, Relaxed, Relaxed);
        taken.is_ok().then_some(word & VALUE)
    }

    fn place(&self, fd: c_int) -> Option<(&AtomicU64, u64)> {
        let number = u32::try_from(fd).ok().filter(|&number| number < 1 << 20)?;
        let Self(places) = self;
        let place = places.get(number as usize % places.len())?;
        Some((place, number.into()))
    }
}

/// Before a connect of `fd`. A call that asks how one goes on changes nothing.
#[inline]
pub fn keep(fd: c_int, hint: Hint) {
    if !hint.is_connecting() {
        keep_now(fd, hint);
    }
}

#[inline]
fn keep_now(fd: c_int, hint: Hint) {
    if hint.may_have_set(SO_LINGER) {
        LINGERS.put(fd, linger(fd));
    }
    if hint.may_lose_options() {
        keep_options(fd, hint);
    }
}

/// The program is about to set an option of `fd`, which is connecting: what was kept
/// comes first.
#[cold]
pub fn before_set(fd: c_int) {
    if !identity::is_smc(fd) {
        restore(fd);
    }
}

/// It has set option `name`, which is kept anew if it still matters.
#[cold]
pub fn after_set(fd: c_int, name: c_int) {
    if name == SO_SNDTIMEO {
        SEND_LIMITS.take(fd);
    }
    if identity::is_smc(fd) {
        keep_now(fd, hints::of(fd));
    }
}

/// `fd` is another socket from now on.
pub fn forget(fd: c_int) {
    let options = [&PACING_RATES, &BUSY_POLLS, &SWITCHED];
    for kept in [&LINGERS, &SEND_LIMITS].into_iter().chain(options) {
        kept.take(fd);
    }
}

#[cold]
fn keep_options(fd: c_int, hint: Hint) {
    let value = |name| {
        let has_set = hint.may_have_set(name);
        has_set.then(|| os::get_int_option(fd, SOL_SOCKET, name).ok())?
    };
    let mut rate = [0; size_of::<u64>()];
    let has_rate = hint.may_have_set(SO_MAX_PACING_RATE)
        && os::get_option(fd, SOL_SOCKET, SO_MAX_PACING_RATE, &mut rate).is_ok();
    // More is none.
    let rate = u64::from_ne_bytes(rate);
    PACING_RATES.put(fd, (has_rate && rate < VALUE).then_some(rate));
    let time = value(SO_BUSY_POLL).and_then(|time| u64::try_from(time).ok());
    BUSY_POLLS.put(fd, time);
    // Before Linux 6.4 SMC's own default is 0, and these two share a bit.
    let is_zero_set = hint.knows_options() && value(SO_OOBINLINE) != Some(1);
    let bits = SWITCHES.iter().rev().fold(0, |bits, &(name, switched)| {
        let is_set = switched != 0 || is_zero_set;
        bits << 1 | u64::from(is_set && value(name) == Some(switched))
    });
    SWITCHED.put(fd, Some(bits));
}

/// `SO_SNDTIMEO` of `fd` in microseconds, which has just been taken away.
pub fn keep_send_limit(fd: c_int, microseconds: u64) {
    SEND_LIMITS.put(fd, Some(microseconds));
}

/// After the connect, and before `fd` is closed.
#[inline]
pub fn restore(fd: c_int) {
    if let Some(seconds) = LINGERS.take(fd) {
        restore_linger(fd, seconds);
    }
    if let Some(microseconds) = SEND_LIMITS.take(fd) {
        set_send_limit(fd, microseconds);
    }
    if hints::of(fd).may_lose_options() {
        restore_options(fd);
    }
}

#[cold]
fn restore_options(fd: c_int) {
    let (rate, time) = (PACING_RATES.take(fd), BUSY_POLLS.take(fd));
    let bits = SWITCHED.take(fd);
    if identity::is_smc(fd) {
        return;
    }
    if let Some(rate) = rate {
        let _ = os::set_option(fd, SOL_SOCKET, SO_MAX_PACING_RATE, &rate.to_ne_bytes());
    }
    if let Some(time) = time.and_then(|time| c_int::try_from(time).ok()) {
        let _ = os::set_int_option(fd, SOL_SOCKET, SO_BUSY_POLL, time);
    }
    for (place, (name, switched)) in SWITCHES.into_iter().enumerate() {
        if bits.is_some_and(|bits| bits >> place & 1 != 0) {
            let _ = os::set_int_option(fd, SOL_SOCKET, name, switched);
        }
    }
}

#[cold]
fn restore_linger(fd: c_int, seconds: u64) {
    if linger(fd) == Some(0) {
        // struct linger: whether, and how long.
        let time = c_int::try_from(seconds).unwrap_or(c_int::MAX);
        let fields = [1, time].into_iter().flat_map(c_int::to_ne_bytes);
        set::<{ size_of::<libc::linger>() }>(fd, SO_LINGER, fields);
    }
}

/// Sets `SO_SNDTIMEO` of `fd`; 0: no limit.
#[cold]
pub fn set_send_limit(fd: c_int, microseconds: u64) {
    // struct timeval on 64 bits: seconds, and the rest.
    let fields = [microseconds / 1_000_000, microseconds % 1_000_000];
    let fields = fields.into_iter().flat_map(u64::to_ne_bytes);
    set::<{ size_of::<libc::timeval>() }>(fd, SO_SNDTIMEO, fields);
}

fn set<const SIZE: usize>(fd: c_int, name: c_int, bytes: impl Iterator<Item = u8>) {
    let mut value = [0; SIZE];
    value
        .iter_mut()
        .zip(bytes)
        .for_each(|(to, from)| *to = from);
    let _ = os::set_option(fd, SOL_SOCKET, name, &value);
}

/// `SO_SNDTIMEO` of `fd` in microseconds; `None`: no limit.
pub fn send_limit(fd: c_int) -> Option<u64> {
    let mut value = [0; size_of::<libc::timeval>()];
    os::get_option(fd, SOL_SOCKET, SO_SNDTIMEO, &mut value).ok()?;
    let [seconds @ .., _, _, _, _, _, _, _, _] = value;
    let [_, _, _, _, _, _, _, _, rest @ ..] = value;
    let limit = u64::from_ne_bytes(seconds)
        .saturating_mul(1_000_000)
        .saturating_add(u64::from_ne_bytes(rest));
    (limit > 0).then_some(limit)
}

/// Seconds of `SO_LINGER` of `fd` where it is on.
pub fn linger(fd: c_int) -> Option<u64> {
    let mut value = [0; size_of::<libc::linger>()];
    os::get_option(fd, SOL_SOCKET, SO_LINGER, &mut value).ok()?;
    let [on @ .., a, b, c, d] = value;
    let seconds = c_int::from_ne_bytes([a, b, c, d]);
    (on != [0; 4]).then_some(u64::try_from(seconds).unwrap_or(0))
}
