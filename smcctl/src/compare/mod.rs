// SPDX-License-Identifier: MIT OR Apache-2.0
//! Is a workload faster on SMC? Runs it over TCP and over SMC in turn, and answers.

pub mod metrics;
pub mod statistics;
