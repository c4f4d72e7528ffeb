// SPDX-License-Identifier: MIT OR Apache-2.0
//! `smcctl connections` says of every SMC socket what the socket says of itself, and
//! of all of them what the kernel has counted.
//!
//! Needs `cargo build --release -p smc-shim -p smcctl` first.
#![allow(
    missing_docs,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

#[path = "connections/agrees.rs"]
mod agrees;
#[path = "connections/held.rs"]
mod held;
#[path = "connections/json.rs"]
mod json;
#[path = "connections/many.rs"]
mod many;
#[path = "connections/owners.rs"]
mod owners;
#[path = "connections/picked.rs"]
mod picked;
#[path = "connections/users.rs"]
mod users;
#[path = "connections/watch.rs"]
mod watch;

/// Reads what the kernel has counted.
const COUNT: &str = env!("CARGO_BIN_EXE_count");
/// Shows a live view of what needs no kernel with SMC.
const VIEWER: &str = env!("CARGO_BIN_EXE_viewer");
const SOCKETS: &str = "/usr/bin/python3 tests/connections/sockets.py";
