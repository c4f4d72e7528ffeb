// SPDX-License-Identifier: MIT OR Apache-2.0
//! Addresses that sockets must be bound to before they listen again: another socket had
//! them when a listener was stopped.
//!
//! To listen without an address would open a port of the kernel's choice on every
//! interface.

use crate::convert::replace;
use crate::fd_table::{Field, Records};
use crate::sys::{address, Errno};
use libc::sockaddr_storage;
use std::ffi::c_int;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

/// The parts of a `sockaddr_in6`.
const WORDS: [Field; 4] = [
    Field::Address0,
    Field::Address1,
    Field::Address2,
    Field::Address3,
];

static ANY: AtomicBool = AtomicBool::new(false);

/// `fd` has to be bound to `local` before it listens.
///
/// # Errors
/// ENOBUFS when there is no room to remember that.
pub fn require(fd: c_int, local: &sockaddr_storage, length: usize) -> Result<(), Errno> {
    let mut values = [(Field::AddressLength, u64::try_from(length).unwrap_or(0)); 5];
    let words = WORDS.into_iter().zip(address::to_words(local));
    for (value, word) in values.iter_mut().skip(1).zip(words) {
        *value = word;
    }
    ANY.store(true, Relaxed);
    Records::put(fd, &values).map_err(|_| Errno(libc::ENOBUFS))
}

/// Binds `fd`, which is about to listen, if it has to be bound.
///
/// # Errors
/// Those of bind(2): it must not listen.
#[inline]
pub fn bind_if_required(fd: c_int) -> Result<(), Errno> {
    if ANY.load(Relaxed) {
        bind(fd)
    } else {
        Ok(())
    }
}

#[cold]
fn bind(fd: c_int) -> Result<(), Errno> {
    let Some(length) = Records::take(fd, Field::AddressLength) else {
        return Ok(());
    };
    let words = WORDS.map(|field| Records::take(fd, field).unwrap_or(0));
    let local = address::from_words(words);
    let length = usize::try_from(length).unwrap_or(0);
    let bound = replace::bind_sharing(fd, &local, length);
    if bound.is_err() {
        let _ = require(fd, &local, length);
    }
    bound
}

/// The program has bound `fd` itself.
pub fn forget(fd: c_int) {
    if ANY.load(Relaxed) {
        let _ = Records::take(fd, Field::AddressLength);
    }
}
