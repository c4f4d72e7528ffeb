// SPDX-License-Identifier: MIT OR Apache-2.0
//! Values that are needed later, carried with the socket that they belong to.
//!
//! A record names its socket by inode: values are never given to another socket that has
//! got the same number meanwhile. A descriptor's entry has the index of its record.

use super::entry;
use crate::sys;
use std::ffi::c_int;
use std::sync::atomic::{
    AtomicI32, AtomicU32, AtomicU64, AtomicUsize,
    Ordering::{AcqRel, Acquire, Relaxed, Release},
};

/// What a record can hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// `SO_LINGER`, on: seconds.
    Linger,
    /// `SO_SNDTIMEO`: microseconds.
    SendTimeout,
    /// `SO_MAX_PACING_RATE`: bytes per second.
    PacingRate,
    /// `SO_BUSY_POLL`: microseconds.
    BusyPoll,
    /// Options that are on or off, a bit each.
    Switches,
    /// When a connect in the background began: milliseconds of [`sys::milliseconds`].
    ConnectBegan,
    /// The destination of that connect: an IPv6 address, upper half,
    PeerHigh,
    /// and lower half.
    PeerLow,
    /// The address that a listener has to be bound to before it listens again: its length
    /// in bytes,
    AddressLength,
    /// and its bytes.
    Address0,
    /// Bytes 8 to 15.
    Address1,
    /// Bytes 16 to 23.
    Address2,
    /// Bytes 24 to 31.
    Address3,
}

const FIELDS: usize = 13;

/// So many sockets can have a record at one time.
const RECORDS: usize = 1024;

struct Record {
    /// The socket; 0: the record is free.
    inode: AtomicU64,
    /// The number under which the socket was known last.
    fd: AtomicI32,
    /// A bit for each field that has a value.
    present: AtomicU32,
    values: [AtomicU64; FIELDS],
}

static RECORDS_OF_ALL: [Record; RECORDS] = [const {
    Record {
        inode: AtomicU64::new(0),
        fd: AtomicI32::new(0),
        present: AtomicU32::new(0),
        values: [const { AtomicU64::new(0) }; FIELDS],
    }
}; RECORDS];

/// Where a free record is looked for next.
static NEXT: AtomicUsize = AtomicUsize::new(0);

/// The records of one process.
#[derive(Clone, Copy, Debug)]
pub struct Records;

/// All records are in use, or the descriptor is not tracked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Full;

impl Records {
    /// Puts values into the record of `fd`, which gets one if it has none.
    ///
    /// # Errors
    /// When there is no room.
    pub fn put(fd: c_int, values: &[(Field, u64)]) -> Result<(), Full> {
        if values.is_empty() {
            return Ok(());
        }
        let inode = sys::inode(fd).ok_or(Full)?;
        let record = match of(fd, inode) {
            Some(record) => record,
            None => claim(fd, inode).ok_or(Full)?,
        };
        for &(field, value) in values {
            if let Some(place) = record.values.get(field as usize) {
                place.store(value, Relaxed);
                record.present.fetch_or(bit(field), Release);
            }
        }
        Ok(())
    }

    /// Takes a value out of the record of `fd`.
    pub fn take(fd: c_int, field: Field) -> Option<u64> {
        let record = any_of(fd)?;
        if record.present.load(Acquire) & bit(field) == 0 || !is_of(record, fd) {
            return None;
        }
        let value = record.values.get(field as usize)?.load(Relaxed);
        let before = record.present.fetch_and(!bit(field), AcqRel);
        if before & !bit(field) == 0 {
            record.inode.store(0, Release);
        }
        (before & bit(field) != 0).then_some(value)
    }

    /// The record of `fd` is not needed any more.
    pub fn clear(fd: c_int) {
        if let Some(record) = any_of(fd).filter(|record| is_of(record, fd)) {
            record.inode.store(0, Release);
        }
        if let Some(entry) = entry(fd) {
            entry.record.store(0, Relaxed);
        }
    }
}

fn bit(field: Field) -> u32 {
    1 << field as u32
}

/// The record that the entry of `fd` names: of `fd`, or of a socket that had its number.
fn any_of(fd: c_int) -> Option<&'static Record> {
    let index = entry(fd)?.record.load(Relaxed).checked_sub(1)?;
    RECORDS_OF_ALL.get(usize::try_from(index).ok()?)
}

fn of(fd: c_int, inode: u64) -> Option<&'static Record> {
    any_of(fd).filter(|record| record.inode.load(Acquire) == inode)
}

fn is_of(record: &Record, fd: c_int) -> bool {
    sys::inode(fd) == Some(record.inode.load(Acquire))
}

/// A free record, or one whose socket is gone.
fn claim(fd: c_int, inode: u64) -> Option<&'static Record> {
    let entry = entry(fd)?;
    let from = NEXT.fetch_add(1, Relaxed);
    let places = || (0..RECORDS).map(|step| from.wrapping_add(step) % RECORDS);
    let claimed = |at: usize, is_free: &dyn Fn(&Record) -> bool| {
        let record = RECORDS_OF_ALL.get(at)?;
        let owner = record.inode.load(Relaxed);
        let is_ours = is_free(record)
            && record
                .inode
                .compare_exchange(owner, inode, AcqRel, Relaxed)
                .is_ok();
        is_ours.then_some((at, record))
    };
    let is_unused = |record: &Record| record.inode.load(Relaxed) == 0;
    let is_abandoned = |record: &Record| !is_of(record, record.fd.load(Relaxed));
    let (at, record) = places()
        .find_map(|at| claimed(at, &is_unused))
        .or_else(|| places().find_map(|at| claimed(at, &is_abandoned)))?;
    record.present.store(0, Relaxed);
    record.fd.store(fd, Relaxed);
    entry.record.store(u32::try_from(at).ok()? + 1, Relaxed);
    Some(record)
}
