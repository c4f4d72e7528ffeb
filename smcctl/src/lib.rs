// SPDX-License-Identifier: MIT OR Apache-2.0
//! What `smcctl` is made of: the kernel's answers ([`kernel`]), what people ask
//! ([`cli`], [`commands`]) and how they are told ([`output`], [`failure`]).

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
pub mod output;
pub mod run;
pub mod service;
pub mod system;
pub mod watch;
