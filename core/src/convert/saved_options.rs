// SPDX-License-Identifier: MIT OR Apache-2.0
//! Options that a connect would lose: read before it, set again after it, on the same
//! socket only.
//!
//! `SO_LINGER`: where a connection falls back the kernel hands the flag on and not the
//! time: {on, 7 s} becomes {on, 0 s}, and close throws away what was sent
//! (`net/smc/af_smc.c`; seen on 6.1 and 6.12). `SO_SNDTIMEO`: the kernel's own worker gives
//! a connect up after this time, where TCP goes on (`lifecycle::connect_timeout`). And the
//! options that it does not hand on at all ([`Descriptor::may_lose_options`]).

use crate::fd_table::{self, Descriptor, Field, Records};
use crate::{identity, sys};
use libc::{SOL_SOCKET, SO_BUSY_POLL, SO_LINGER, SO_MAX_PACING_RATE, SO_OOBINLINE, SO_SNDTIMEO};
use std::ffi::c_int;
use std::mem::size_of;

const SO_TXREHASH: c_int = 74;
const SO_RCVMARK: c_int = 75;

/// Options, and values other than the default that they can have
/// (`include/uapi/asm-generic/socket.h`). `SO_REUSEADDR` alone is not worth the calls: it
/// is saved where one of the others is.
const SWITCHES: [(c_int, c_int); 7] = [
    (libc::SO_REUSEADDR, 1),
    (libc::SO_NO_CHECK, 1),
    (libc::SO_PASSCRED, 1),
    (libc::SO_PREFER_BUSY_POLL, 1),
    (SO_RCVMARK, 1),
    (SO_TXREHASH, 0),
    (SO_TXREHASH, 1),
];

/// There is no room to save an option: the socket must not become an SMC connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoRoom;

/// Before a connect of `fd`. A call that asks how an earlier one goes on changes nothing.
///
/// # Errors
/// When an option cannot be saved.
#[inline]
pub fn save(fd: c_int, descriptor: Descriptor) -> Result<(), NoRoom> {
    if descriptor.is_connecting() {
        return Ok(());
    }
    if descriptor.may_have_set(SO_LINGER) {
        save_linger(fd)?;
    }
    if descriptor.may_lose_options() {
        save_lost_in_fallback(fd, descriptor)?;
    }
    Ok(())
}

/// The program is about to set an option of `fd`, which is connecting: what was saved comes
/// first.
#[cold]
pub fn before_set(fd: c_int) {
    if !identity::is_smc(fd) {
        restore(fd);
    }
}

/// The program has set option `name`, which is saved anew if it still matters.
#[cold]
pub fn after_set(fd: c_int, name: c_int) {
    if name == SO_SNDTIMEO {
        let _ = Records::take(fd, Field::SendTimeout);
    }
    if identity::is_smc(fd) {
        let descriptor = fd_table::get(fd);
        if descriptor.may_have_set(SO_LINGER) {
            let _ = save_linger(fd);
        }
        if descriptor.may_lose_options() {
            let _ = save_lost_in_fallback(fd, descriptor);
        }
    }
}

fn put(fd: c_int, field: Field, value: Option<u64>) -> Result<(), NoRoom> {
    let Some(value) = value else {
        let _ = Records::take(fd, field);
        return Ok(());
    };
    Records::put(fd, &[(field, value)]).map_err(|_| NoRoom)
}

fn save_linger(fd: c_int) -> Result<(), NoRoom> {
    // {on, 0 s} arrives as it is.
    put(fd, Field::Linger, linger(fd).filter(|&seconds| seconds > 0))
}

#[cold]
fn save_lost_in_fallback(fd: c_int, descriptor: Descriptor) -> Result<(), NoRoom> {
    let value = |name| {
        let has_set = descriptor.may_have_set(name);
        has_set.then(|| sys::get_int_option(fd, SOL_SOCKET, name).ok())?
    };
    let mut rate = [0; size_of::<u64>()];
    let has_rate = descriptor.may_have_set(SO_MAX_PACING_RATE)
        && sys::get_option(fd, SOL_SOCKET, SO_MAX_PACING_RATE, &mut rate).is_ok();
    // The default is no limit: all bits are set.
    let rate = u64::from_ne_bytes(rate);
    put(
        fd,
        Field::PacingRate,
        (has_rate && rate != u64::MAX).then_some(rate),
    )?;
    let time = value(SO_BUSY_POLL).and_then(|time| u64::try_from(time).ok());
    put(fd, Field::BusyPoll, time.filter(|&time| time > 0))?;
    // Before Linux 6.4 SMC's own default of SO_TXREHASH is 0, and these two share a bit.
    let is_zero_set = descriptor.knows_options() && value(SO_OOBINLINE) != Some(1);
    let bits = SWITCHES.iter().rev().fold(0, |bits, &(name, switched)| {
        let is_set = switched != 0 || is_zero_set;
        bits << 1 | u64::from(is_set && value(name) == Some(switched))
    });
    put(fd, Field::Switches, Some(bits).filter(|&bits| bits > 0))
}

/// Saves `SO_SNDTIMEO` of `fd` in microseconds, which has just been cleared.
///
/// # Errors
/// When there is no room.
pub fn save_send_timeout(fd: c_int, microseconds: u64) -> Result<(), NoRoom> {
    put(fd, Field::SendTimeout, Some(microseconds))
}

/// After the connect, and before `fd` is closed.
#[inline]
pub fn restore(fd: c_int) {
    if let Some(seconds) = Records::take(fd, Field::Linger) {
        restore_linger(fd, seconds);
    }
    if let Some(microseconds) = Records::take(fd, Field::SendTimeout) {
        set_send_timeout(fd, microseconds);
    }
    if fd_table::get(fd).may_lose_options() {
        restore_lost_in_fallback(fd);
    }
}

#[cold]
fn restore_lost_in_fallback(fd: c_int) {
    let rate = Records::take(fd, Field::PacingRate);
    let time = Records::take(fd, Field::BusyPoll);
    let bits = Records::take(fd, Field::Switches);
    if identity::is_smc(fd) {
        return;
    }
    if let Some(rate) = rate {
        let _ = sys::set_option(fd, SOL_SOCKET, SO_MAX_PACING_RATE, &rate.to_ne_bytes());
    }
    if let Some(time) = time.and_then(|time| c_int::try_from(time).ok()) {
        let _ = sys::set_int_option(fd, SOL_SOCKET, SO_BUSY_POLL, time);
    }
    for (place, (name, switched)) in SWITCHES.into_iter().enumerate() {
        if bits.is_some_and(|bits| bits >> place & 1 != 0) {
            let _ = sys::set_int_option(fd, SOL_SOCKET, name, switched);
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
pub fn set_send_timeout(fd: c_int, microseconds: u64) {
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
    let _ = sys::set_option(fd, SOL_SOCKET, name, &value);
}

/// `SO_SNDTIMEO` of `fd` in microseconds; `None`: no limit.
pub fn send_timeout(fd: c_int) -> Option<u64> {
    let mut value = [0; size_of::<libc::timeval>()];
    sys::get_option(fd, SOL_SOCKET, SO_SNDTIMEO, &mut value).ok()?;
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
    sys::get_option(fd, SOL_SOCKET, SO_LINGER, &mut value).ok()?;
    let [on @ .., a, b, c, d] = value;
    let seconds = c_int::from_ne_bytes([a, b, c, d]);
    (on != [0; 4]).then_some(u64::try_from(seconds).unwrap_or(0))
}
