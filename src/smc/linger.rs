// SPDX-License-Identifier: MIT OR Apache-2.0
//! `SO_LINGER` through a connect.
//!
//! Where a connection falls back the kernel hands the flag on and not the time:
//! {on, 7 s} becomes {on, 0 s}, and close throws away what was sent
//! (`net/smc/af_smc.c`, `smc_copy_sock_settings`; seen on 6.1 and 6.12). So the
//! value is kept, and set again when the connect has ended.

use super::os;
use crate::hints;
use libc::{SOL_SOCKET, SO_LINGER};
use std::ffi::c_int;
use std::mem::size_of;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// A descriptor's number in the upper half, seconds of a linger that is on in the
/// lower; 0: free. Two numbers with one place: the later is kept.
static KEPT: [AtomicU64; 64] = [const { AtomicU64::new(0) }; 64];

/// Before a connect of `fd`.
#[inline]
pub fn keep(fd: c_int) {
    if hints::of(fd).may_have_set(SO_LINGER) {
        keep_value(fd);
    }
}

#[cold]
fn keep_value(fd: c_int) {
    let seconds = seconds(fd).unwrap_or(0);
    if let (Some((place, number)), 1..) = (place(fd), seconds) {
        place.store(number << 32 | seconds, Relaxed);
    }
}

/// After it, and before `fd` is closed.
#[inline]
pub fn restore(fd: c_int) {
    if let Some((place, number)) = place(fd) {
        let kept = place.load(Relaxed);
        if kept != 0 && kept >> 32 == number {
            place.store(0, Relaxed);
            restore_value(fd, kept & 0xffff_ffff);
        }
    }
}

#[cold]
fn restore_value(fd: c_int, kept: u64) {
    if seconds(fd) != Some(0) {
        return;
    }
    // struct linger: whether, and how long.
    let time = c_int::try_from(kept).unwrap_or(c_int::MAX);
    let mut value = [0; size_of::<libc::linger>()];
    let fields = [1, time].into_iter().flat_map(c_int::to_ne_bytes);
    value
        .iter_mut()
        .zip(fields)
        .for_each(|(to, from)| *to = from);
    let _ = os::set_option(fd, SOL_SOCKET, SO_LINGER, &value);
}

fn place(fd: c_int) -> Option<(&'static AtomicU64, u64)> {
    let number = u32::try_from(fd).ok()?;
    let place = KEPT.get(number as usize % KEPT.len())?;
    Some((place, number.into()))
}

/// Seconds of `SO_LINGER` of `fd` where it is on.
pub fn seconds(fd: c_int) -> Option<u64> {
    let mut value = [0; size_of::<libc::linger>()];
    os::get_option(fd, SOL_SOCKET, SO_LINGER, &mut value).ok()?;
    let [on @ .., a, b, c, d] = value;
    let seconds = c_int::from_ne_bytes([a, b, c, d]);
    (on != [0; 4]).then_some(u64::try_from(seconds).unwrap_or(0))
}
