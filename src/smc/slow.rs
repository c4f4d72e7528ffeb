// SPDX-License-Identifier: MIT OR Apache-2.0
//! Destinations whose SMC handshake was slow, as on a broken RDMA path: five
//! seconds for each connection before it falls back. They get TCP at once for a
//! while.
//!
//! A table of fixed size without locks; what is overwritten or torn costs a slow
//! handshake more, or one connection on TCP.

use super::{identity, os};
use crate::process;
use std::ffi::c_int;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

/// A handshake that takes longer is slow: milliseconds.
pub const SLOW: u64 = 1000;

/// A destination and the second in which it is forgotten.
struct Entry {
    peer: AtomicU64,
    until: AtomicU64,
}

static ENTRIES: [Entry; 64] = [const {
    Entry {
        peer: AtomicU64::new(0),
        until: AtomicU64::new(0),
    }
}; 64];

/// A connect that goes on in the background.
struct Begun {
    /// When, in milliseconds; above them the descriptor.
    word: AtomicU64,
    /// Two halves of an IPv6 address.
    peer: [AtomicU64; 2],
}

static BEGUN: [Begun; 64] = [const {
    Begun {
        word: AtomicU64::new(0),
        peer: [AtomicU64::new(0), AtomicU64::new(0)],
    }
}; 64];

static REMEMBERS: AtomicBool = AtomicBool::new(false);

/// Whether there is any such destination: one byte to test.
#[inline]
pub fn remembers_any() -> bool {
    REMEMBERS.load(Relaxed)
}

/// Whether SMC with `peer` was slow a short while ago.
pub fn remembers(peer: IpAddr) -> bool {
    let key = key(peer);
    let now = os::now().as_secs();
    ENTRIES
        .iter()
        .any(|entry| entry.peer.load(Relaxed) == key && now < entry.until.load(Relaxed))
}

/// A connect of `fd` to `peer` has come to its end after more than [`SLOW`]. The
/// destination is remembered if it has fallen back or failed.
#[cold]
pub fn remember(fd: c_int, peer: IpAddr) {
    let after = process::retry_after();
    if after.is_zero() || (identity::is_smc(fd) && is_connected(fd)) {
        return;
    }
    let (key, now) = (key(peer), os::now());
    // The same destination, else the one that is forgotten first.
    let place = ENTRIES
        .iter()
        .find(|entry| entry.peer.load(Relaxed) == key)
        .or_else(|| ENTRIES.iter().min_by_key(|entry| entry.until.load(Relaxed)));
    if let Some(entry) = place {
        entry.peer.store(key, Relaxed);
        entry.until.store((now + after).as_secs(), Relaxed);
        REMEMBERS.store(true, Relaxed);
        log::info!(
            "the SMC handshake with {} was slow: TCP for {} s",
            peer.to_canonical(),
            after.as_secs()
        );
    }
}

fn is_connected(fd: c_int) -> bool {
    os::peer_address(fd).is_ok()
}

/// A connect of `fd` to `peer` goes on in the background.
pub fn begun(fd: c_int, peer: IpAddr) {
    let Some((Begun { word, peer: halves }, number)) = slot(fd) else {
        return;
    };
    let bits = match peer {
        IpAddr::V4(peer) => peer.to_ipv6_mapped().to_bits(),
        IpAddr::V6(peer) => peer.to_bits(),
    };
    for (half, bytes) in halves.iter().zip(bits.to_be_bytes().chunks_exact(8)) {
        half.store(bytes.try_into().map_or(0, u64::from_be_bytes), Relaxed);
    }
    word.store(number << 44 | milliseconds(), Relaxed);
}

/// The program hears that a connect of `fd` has ended.
pub fn ended(fd: c_int) {
    let Some((begun, number)) = slot(fd) else {
        return;
    };
    let word = begun.word.load(Relaxed);
    if word >> 44 != number {
        return;
    }
    if milliseconds().saturating_sub(word & MILLISECONDS) > SLOW {
        let [high, low] = begun.peer.each_ref().map(|half| half.load(Relaxed));
        let peer = Ipv6Addr::from_bits(u128::from(high) << 64 | u128::from(low));
        remember(fd, peer.into());
    }
}

const MILLISECONDS: u64 = (1 << 44) - 1;

fn milliseconds() -> u64 {
    os::milliseconds() & MILLISECONDS
}

fn slot(fd: c_int) -> Option<(&'static Begun, u64)> {
    let fd = usize::try_from(fd).ok()?;
    let slot = BEGUN.get(fd % BEGUN.len())?;
    Some((slot, u64::try_from(fd).ok()? & 0xf_ffff))
}

/// FNV-1a of the address; never 0. IPv4-mapped addresses are IPv4 addresses.
fn key(ip: IpAddr) -> u64 {
    let hash = |bytes: &[u8]| {
        bytes.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, &byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        })
    };
    match ip.to_canonical() {
        IpAddr::V4(ip) => hash(&ip.octets()) | 1,
        IpAddr::V6(ip) => hash(&ip.octets()) | 1,
    }
}
