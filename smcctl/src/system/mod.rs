// SPDX-License-Identifier: MIT OR Apache-2.0
//! The devices and processes of a host, as Linux shows them to anybody. What only SMC
//! knows of them is in [`crate::kernel`].

pub mod bus;
pub mod files;
#[cfg(test)]
pub(crate) mod fixtures;
pub mod interfaces;
pub mod ports;
pub mod process;
pub mod util_string;
