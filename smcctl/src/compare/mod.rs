// SPDX-License-Identifier: MIT OR Apache-2.0
//! Is a workload faster on SMC? Runs it over TCP and over SMC in turn, and answers.
//!
//! A [`plan`] says which [`side`] is run when. [`runs`] has each run done: by two
//! keepers, processes of their own that start a command and see to its end
//! ([`keeper`], [`program`], [`processes`], [`listening`]), and that are spoken with
//! over a [`link`] by a [`protocol`]. What was to be SMC is looked at by [`honest`],
//! with what the kernel counts ([`counters`]) and the report of the connections.
//! [`metrics`] reads what the client has printed.

pub mod against;
pub mod counters;
pub mod facts;
pub mod honest;
pub mod keeper;
pub mod link;
pub mod listening;
pub mod metrics;
pub mod plan;
pub mod plot;
pub mod processes;
pub mod program;
pub mod protocol;
pub mod result;
pub mod roles;
pub mod runs;
pub mod saved;
pub mod session;
pub mod side;
pub mod statistics;
pub mod told;
pub mod tune;
pub mod verdict;
