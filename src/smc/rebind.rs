// SPDX-License-Identifier: MIT OR Apache-2.0
//! Addresses that sockets must be bound to before they may listen again: another socket
//! had them when a listener was stopped and lost its own.
//!
//! To listen without an address would open a port of the kernel's choice on every
//! interface.

use super::os::{self, Errno};
use super::renew;
use libc::sockaddr_storage;
use std::ffi::c_int;
use std::sync::atomic::{
    AtomicBool, AtomicU64, AtomicUsize,
    Ordering::{Acquire, Relaxed, Release},
};

/// The words of a `sockaddr_in6`.
const WORDS: usize = 4;
const WORD: usize = size_of::<u64>();

/// A socket by its inode (0: free), and its address.
struct Required {
    inode: AtomicU64,
    length: AtomicUsize,
    address: [AtomicU64; WORDS],
}

static REQUIRED: [Required; 16] = [const {
    Required {
        inode: AtomicU64::new(0),
        length: AtomicUsize::new(0),
        address: [const { AtomicU64::new(0) }; WORDS],
    }
}; 16];

/// The next to be used; of more than there are the oldest is forgotten.
static NEXT: AtomicUsize = AtomicUsize::new(0);

static ANY: AtomicBool = AtomicBool::new(false);

/// Whether there has been such a socket.
#[inline]
pub fn is_ever_required() -> bool {
    ANY.load(Relaxed)
}

fn inode_of(fd: c_int) -> Option<u64> {
    os::file_identity(fd).map(|(_, inode)| inode)
}

/// `fd` has to be bound to `local` before it listens.
pub fn require(fd: c_int, local: &sockaddr_storage, length: usize) {
    let place = NEXT.fetch_add(1, Relaxed) % REQUIRED.len();
    let (Some(inode), Some(required)) = (inode_of(fd), REQUIRED.get(place)) else {
        return;
    };
    required.inode.store(0, Release);
    required.length.store(length, Relaxed);
    for (word, bytes) in required
        .address
        .iter()
        .zip(bytes_of(local).chunks_exact(WORD))
    {
        word.store(bytes.try_into().map_or(0, u64::from_ne_bytes), Relaxed);
    }
    required.inode.store(inode, Release);
    ANY.store(true, Relaxed);
}

/// Binds `fd` if it has to be.
///
/// # Errors
/// Those of bind(2): it must not listen.
#[cold]
pub fn before_listen(fd: c_int) -> Result<(), Errno> {
    let Some(inode) = inode_of(fd) else {
        return Ok(());
    };
    let is_it = |required: &&Required| required.inode.load(Acquire) == inode;
    let Some(required) = REQUIRED.iter().find(is_it) else {
        return Ok(());
    };
    // SAFETY: sockaddr_storage is plain data; all zeroes is one.
    let mut local: sockaddr_storage = unsafe { std::mem::zeroed() };
    for (bytes, word) in bytes_of_mut(&mut local)
        .chunks_exact_mut(WORD)
        .zip(&required.address)
    {
        bytes.copy_from_slice(&word.load(Relaxed).to_ne_bytes());
    }
    renew::bind_sharing(fd, &local, required.length.load(Relaxed))?;
    required.inode.store(0, Release);
    Ok(())
}

/// The program has bound `fd` itself.
pub fn forget(fd: c_int) {
    if is_ever_required() {
        let inode = inode_of(fd);
        for required in &REQUIRED {
            if Some(required.inode.load(Relaxed)) == inode {
                required.inode.store(0, Release);
            }
        }
    }
}

fn bytes_of(address: &sockaddr_storage) -> &[u8; WORDS * WORD] {
    // SAFETY: a sockaddr_storage is larger, and all of it are bytes.
    unsafe { &*(&raw const *address).cast() }
}

fn bytes_of_mut(address: &mut sockaddr_storage) -> &mut [u8; WORDS * WORD] {
    // SAFETY: as above, and any bytes are one.
    unsafe { &mut *(&raw mut *address).cast() }
}
