// SPDX-License-Identifier: MIT OR Apache-2.0
//! From SMC to TCP and back: in place, or by another file behind the same number.

pub mod copy_options;
pub mod demote;
pub mod epoll_registrations;
pub mod replace;
pub mod saved_options;
pub mod smc_socket;
