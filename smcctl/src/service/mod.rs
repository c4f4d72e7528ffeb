// SPDX-License-Identifier: MIT OR Apache-2.0
//! Services of systemd on SMC: what [`mod@unit`] tells of one, why one cannot be put on SMC
//! ([`filters`], [`visible`], [`environment`]), what it gets ([`drop_in`]), and what its
//! connections are ([`running`]).

pub mod drop_in;
pub mod environment;
pub mod filters;
pub mod preloaded;
pub mod running;
pub mod unit;
pub mod visible;
