// SPDX-License-Identifier: MIT OR Apache-2.0
//! Devices and processes, as sysfs and procfs show them. What SMC reports is in
//! [`crate::kernel`].

pub mod bus;
pub mod files;
#[cfg(test)]
pub(crate) mod fixtures;
pub mod interfaces;
pub mod ports;
pub mod process;
pub mod util_string;
