// SPDX-License-Identifier: MIT OR Apache-2.0
//! Explanations of the codes with which SMC declines ([`codes`]) and of limitations
//! ([`topics`]).

pub mod codes;
pub mod topics;
