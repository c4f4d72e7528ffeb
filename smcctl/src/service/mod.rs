// SPDX-License-Identifier: MIT OR Apache-2.0
//! Services of systemd on SMC: what [`mod@unit`] tells of one, why one cannot be put on SMC
//! ([`restrictions`], [`mounts`], [`environment`]), what it gets ([`drop_in`]), and what its
//! connections are ([`status`]).

pub mod drop_in;
pub mod dry_run;
pub mod environment;
pub mod mounts;
pub mod restrictions;
pub mod status;

pub mod unit;
