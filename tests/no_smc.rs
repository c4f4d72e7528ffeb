// SPDX-License-Identifier: MIT OR Apache-2.0
//! A kernel without SMC, such as that of most build machines: programs notice
//! nothing of `smc_run`, and who insists on SMC is told why there is none.
//!
//! Not for the guests: their kernels have SMC.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

#[path = "no_smc/require.rs"]
mod require;
#[path = "no_smc/same.rs"]
mod same;

/// Reads what the kernel has counted.
const COUNT: &str = env!("CARGO_BIN_EXE_count");
