// SPDX-License-Identifier: MIT OR Apache-2.0
//! systemd services over SMC: the properties of a unit ([`mod@unit`]), what prevents SMC
//! ([`restrictions`], [`mounts`], [`environment`]), the [`drop_in`], and the [`status`] of
//! its connections.

pub mod drop_in;
pub mod dry_run;
pub mod environment;
pub mod mounts;
pub mod restrictions;
pub mod status;

pub mod unit;
