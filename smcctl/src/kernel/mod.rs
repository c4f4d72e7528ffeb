// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the kernel reports about SMC.
//!
//! [`netlink`] sends requests, [`message`] and [`attributes`] parse the answers, and one
//! file per subject interprets them. Parsers are pure functions that accept any bytes and
//! ignore what is missing or malformed.

pub mod attributes;
pub mod counts;
pub mod devices;
pub mod diag;
pub mod endpoints;
pub mod generic;
pub mod link_groups;
pub mod links;
pub mod message;
pub mod modules;
pub mod netlink;
pub mod owners;
pub mod pnet;
pub mod settings;
pub mod smc_socket;

pub mod tcp;
pub mod version;
