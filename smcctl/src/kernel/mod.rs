// SPDX-License-Identifier: MIT OR Apache-2.0
//! The kernel's own answers about SMC.
//!
//! [`netlink`] asks, [`message`] and [`attributes`] take apart what comes back;
//! one file per family gives it a meaning. Everything that reads bytes is a pure
//! function and takes any bytes: what is missing or malformed is left out.

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
