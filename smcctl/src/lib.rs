// SPDX-License-Identifier: MIT OR Apache-2.0
//! The parts of `smcctl`: the command line ([`cli`], [`commands`]), what the kernel and
//! the host report ([`kernel`], [`system`]), and the output ([`output`], [`failure`]).

#![cfg_attr(
    test,
    allow(
        clippy::indexing_slicing,
        clippy::unwrap_used,
        clippy::panic,
        reason = "a test fails by panicking"
    )
)]

pub mod check;
pub mod cli;
pub mod commands;
pub mod compare;
pub mod configuration;
pub mod connections;
pub mod explain;
pub mod failure;
pub mod kernel;
pub mod launch;
pub mod output;
pub mod preload;
pub mod run;
pub mod service;
pub mod smc_run;
pub mod system;
pub mod watch;
