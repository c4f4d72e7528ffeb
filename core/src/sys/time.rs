// SPDX-License-Identifier: MIT OR Apache-2.0
//! Time, and waiting for descriptors and words.

use super::{call, number, Errno, Word};
use std::ffi::{c_int, c_void};
use std::sync::atomic::AtomicU32;
use std::time::Duration;

/// Waits until one of `events` (or an error, or a hang-up) shows on `fd`, at most
/// so long; which of them show.
pub fn wait_for(fd: c_int, events: i16, limit: Duration) -> Result<i16, Errno> {
    let mut asked = libc::pollfd {
        fd,
        events,
        revents: 0,
    };
    let limit = timespec(limit);
    let none = std::ptr::null::<c_void>();
    kernel!(
        libc::SYS_ppoll,
        &raw mut asked,
        1,
        &raw const limit,
        none,
        0
    )?;
    Ok(asked.revents)
}

/// [`now`] in milliseconds, some of them late, without a system call: for where it
/// is asked for often, and never in a thread that the C library does not know.
#[inline]
pub fn milliseconds() -> u64 {
    let mut time = timespec(Duration::ZERO);
    // SAFETY: a place for the answer.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC_COARSE, &raw mut time) };
    time.tv_sec.unsigned_abs() * 1000 + time.tv_nsec.unsigned_abs() / 1_000_000
}

/// Time since some point in the past; does not jump.
pub fn now() -> Duration {
    let mut time = timespec(Duration::ZERO);
    let _ = kernel!(
        libc::SYS_clock_gettime,
        libc::CLOCK_MONOTONIC,
        &raw mut time
    );
    duration(&time)
}

fn duration(time: &libc::timespec) -> Duration {
    let nanoseconds = u32::try_from(time.tv_nsec).unwrap_or(0);
    Duration::from_secs(time.tv_sec.unsigned_abs()) + Duration::from_nanos(nanoseconds.into())
}

/// Sleeps until `word` is woken, unless it is not `value` any more; at most so long.
pub fn futex_wait(word: &AtomicU32, value: u32, limit: Duration) {
    let limit = timespec(limit);
    let _ = kernel!(
        libc::SYS_futex,
        std::ptr::from_ref(word),
        libc::FUTEX_WAIT | libc::FUTEX_PRIVATE_FLAG,
        value,
        &raw const limit
    );
}

/// Whether [`yield_processor`] does what it says: threads with a real-time policy leave
/// it to their like alone, or for long (sched(7)).
pub fn shares_processor() -> bool {
    let policy = kernel!(libc::SYS_sched_getscheduler, 0).map_or(libc::SCHED_FIFO, number);
    let policy = policy & !libc::SCHED_RESET_ON_FORK;
    matches!(
        policy,
        libc::SCHED_OTHER | libc::SCHED_BATCH | libc::SCHED_IDLE
    )
}

/// Leaves the processor to others, if there are any that want it.
pub fn yield_processor() {
    let _ = kernel!(libc::SYS_sched_yield, 0);
}

/// Sleeps; a signal ends it.
pub fn sleep(time: Duration) {
    let time = timespec(time);
    let nowhere = std::ptr::null_mut::<c_void>();
    let _ = kernel!(libc::SYS_nanosleep, &raw const time, nowhere);
}

/// Wakes those who wait on `word`, which need not exist any more.
pub fn futex_wake(word: *const AtomicU32) {
    let _ = kernel!(
        libc::SYS_futex,
        word,
        libc::FUTEX_WAKE | libc::FUTEX_PRIVATE_FLAG,
        c_int::MAX
    );
}

/// As [`futex_wait`], on a word that processes share.
pub fn futex_wait_shared(word: &AtomicU32, value: u32, limit: Duration) {
    let limit = timespec(limit);
    let word = std::ptr::from_ref(word);
    let _ = kernel!(
        libc::SYS_futex,
        word,
        libc::FUTEX_WAIT,
        value,
        &raw const limit
    );
}

/// Wakes one who waits on a word that processes share.
pub fn futex_wake_shared(word: &AtomicU32) {
    let word = std::ptr::from_ref(word);
    let _ = kernel!(libc::SYS_futex, word, libc::FUTEX_WAKE, 1);
}

fn timespec(time: Duration) -> libc::timespec {
    libc::timespec {
        tv_sec: i64::try_from(time.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: time.subsec_nanos().into(),
    }
}
