// SPDX-License-Identifier: MIT OR Apache-2.0
//! The devices of a host, as its files show them. What only SMC knows of them is in
//! [`crate::kernel`].

pub mod bus;
pub mod files;
pub mod interfaces;
#[cfg(test)]
pub(crate) mod made_up;
pub mod ports;
pub mod utility;
