// SPDX-License-Identifier: MIT OR Apache-2.0
//! Explanations: the codes with which SMC declines ([`codes`]), and what everybody
//! should know ([`topics`]).

pub mod codes;
mod table;
pub mod topics;
