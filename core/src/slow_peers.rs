// SPDX-License-Identifier: MIT OR Apache-2.0
//! Destinations whose SMC handshake was slow or failed, as on a broken RDMA path: five
//! seconds for each connection before it falls back. They get TCP at once for a while.
//!
//! A table of fixed size without locks. An entry that is overwritten costs a slow handshake
//! more, or one connection on TCP.

use crate::events::TARGET;
use crate::fd_table::{Field, Records};
use crate::{identity, process, sys};
use std::ffi::c_int;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

/// A handshake that takes longer is slow: milliseconds.
pub const SLOW: u64 = 1000;

/// A destination, and the second in which it is forgotten.
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

static ANY: AtomicBool = AtomicBool::new(false);

/// Whether there has been any such destination: one byte to test.
#[inline]
pub fn any() -> bool {
    ANY.load(Relaxed)
}

/// Whether the SMC handshake with `peer` was slow a short while ago.
pub fn is_slow(peer: IpAddr) -> bool {
    let key = key(peer);
    let now = sys::now().as_secs();
    ENTRIES
        .iter()
        .any(|entry| entry.peer.load(Relaxed) == key && now < entry.until.load(Relaxed))
}

/// A connect of `fd` to `peer` has ended after `milliseconds`. The destination is slow if
/// that was long and the connection is not SMC.
#[inline]
pub fn connect_ended(fd: c_int, peer: impl FnOnce() -> Option<IpAddr>, milliseconds: u64) {
    if milliseconds > SLOW {
        if let Some(peer) = peer() {
            add_unless_smc(fd, peer);
        }
    }
}

#[cold]
fn add_unless_smc(fd: c_int, peer: IpAddr) {
    let after = process::retry_after();
    if after.is_zero() || (identity::is_smc(fd) && sys::peer_address(fd).is_ok()) {
        return;
    }
    let (key, now) = (key(peer), sys::now());
    // The same destination, else the one that is forgotten first.
    let place = ENTRIES
        .iter()
        .find(|entry| entry.peer.load(Relaxed) == key)
        .or_else(|| ENTRIES.iter().min_by_key(|entry| entry.until.load(Relaxed)));
    if let Some(entry) = place {
        entry.peer.store(key, Relaxed);
        entry.until.store((now + after).as_secs(), Relaxed);
        ANY.store(true, Relaxed);
        log::info!(target: TARGET, "the SMC handshake with {} was slow: TCP for {} s",
            peer.to_canonical(),
            after.as_secs()
        );
    }
}

/// A connect of `fd` to `peer` goes on in the background. Where there is no room for that,
/// the handshake counts as fast.
pub fn background_connect_began(fd: c_int, peer: IpAddr) {
    let bits = match peer {
        IpAddr::V4(peer) => peer.to_ipv6_mapped().to_bits(),
        IpAddr::V6(peer) => peer.to_bits(),
    };
    #[allow(clippy::cast_possible_truncation, reason = "a half")]
    let (high, low) = ((bits >> 64) as u64, bits as u64);
    let _ = Records::put(
        fd,
        &[
            (Field::ConnectBegan, sys::milliseconds()),
            (Field::PeerHigh, high),
            (Field::PeerLow, low),
        ],
    );
}

/// The program learns that a connect of `fd` in the background has ended.
pub fn background_connect_ended(fd: c_int) {
    let began = Records::take(fd, Field::ConnectBegan);
    let high = Records::take(fd, Field::PeerHigh);
    let low = Records::take(fd, Field::PeerLow);
    if let (Some(began), Some(high), Some(low)) = (began, high, low) {
        let peer = Ipv6Addr::from_bits(u128::from(high) << 64 | u128::from(low));
        let milliseconds = sys::milliseconds().saturating_sub(began);
        connect_ended(fd, || Some(peer.into()), milliseconds);
    }
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
