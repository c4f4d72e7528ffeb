// SPDX-License-Identifier: MIT OR Apache-2.0
//! Runs a program and reports what its connections were.
//!
//! A library in all processes of the program records connections in a table in
//! [`shared_memory`]. [`reader`] reads it and looks up each connection in the kernel's
//! list of SMC sockets ([`smc_sockets`]) while the socket exists; [`classify`] decides
//! what it was, [`reason`] why it is TCP, and [`tally`] counts. [`not_counted`] lists
//! programs without the library. [`child`] is the program itself. [`report`] is the
//! result.
//!
//! `unsafe` is in [`shared_memory`], [`child`], [`signals`] and [`descriptors`] only.

pub mod child;
pub mod classify;
pub mod descriptors;
pub mod not_counted;
pub mod reader;
pub mod reason;
pub mod report;
pub mod shared_memory;
pub mod signals;
pub mod smc_sockets;
pub mod tally;
