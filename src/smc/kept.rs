// SPDX-License-Identifier: MIT OR Apache-2.0
//! Options that would not survive a connect, kept until it has ended.
//!
//! `SO_LINGER`: where a connection falls back the kernel hands the flag on and not
//! the time: {on, 7 s} becomes {on, 0 s}, and close throws away what was sent
//! (`net/smc/af_smc.c`; seen on 6.1 and 6.12). `SO_SNDTIMEO`: the kernel's own
//! worker gives a connect up after this time, where TCP goes on (`recover`).

use super::os;
use crate::hints;
use libc::{SOL_SOCKET, SO_LINGER, SO_SNDTIMEO};
use std::ffi::c_int;
use std::mem::size_of;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Values by descriptor: the number in the upper 20 bits, the value in the lower 44;
/// 0: free. Of two numbers with one place the later is kept.
struct Kept([AtomicU64; 64]);

static LINGERS: Kept = Kept([const { AtomicU64::new(0) }; 64]);
static SEND_LIMITS: Kept = Kept([const { AtomicU64::new(0) }; 64]);

const VALUE: u64 = (1 << 44) - 1;

impl Kept {
    fn put(&self, fd: c_int, value: u64) {
        if let (Some((place, number)), 1..) = (self.place(fd), value) {
            place.store(number << 44 | value.min(VALUE), Relaxed);
        }
    }

    /// What was kept; not kept any more.
    fn take(&self, fd: c_int) -> Option<u64> {
        let (place, number) = self.place(fd)?;
        let word = place.load(Relaxed);
        if word == 0 || word >> 44 != number {
            return None;
        }
        place.store(0, Relaxed);
        Some(word & VALUE)
    }

    fn place(&self, fd: c_int) -> Option<(&AtomicU64, u64)> {
        let number = u32::try_from(fd).ok().filter(|&number| number < 1 << 20)?;
        let Self(places) = self;
        let place = places.get(number as usize % places.len())?;
        Some((place, number.into()))
    }
}

/// Before a connect of `fd`.
#[inline]
pub fn keep_linger(fd: c_int) {
    if hints::of(fd).may_have_set(SO_LINGER) {
        LINGERS.put(fd, linger(fd).unwrap_or(0));
    }
}

/// `SO_SNDTIMEO` of `fd` in microseconds, which has just been taken away.
pub fn keep_send_limit(fd: c_int, microseconds: u64) {
    SEND_LIMITS.put(fd, microseconds);
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
