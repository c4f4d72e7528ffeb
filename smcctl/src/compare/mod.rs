// SPDX-License-Identifier: MIT OR Apache-2.0
//! Is a workload faster on SMC? Runs it over TCP and over SMC in turn, and answers.
//!
//! A [`plan`] says which [`side`] is run when. [`runs`] has each run done: by two
//! runners, processes of their own that start a command and see to its end
//! ([`runner`], [`program`], [`processes`], [`listening`]), and that are spoken with
//! over a [`link`] by a [`protocol`]. [`transport_check`] says whether what was to be SMC
//! was SMC, by what the kernel counts ([`counters`]) and the report of the connections.
//! [`metrics`] reads what the client has printed.

pub mod against;
pub mod counters;
pub mod facts;
pub mod link;
pub mod listening;
pub mod metrics;
pub mod plan;
pub mod plot;
pub mod processes;
pub mod program;
pub mod protocol;
pub mod report;
pub mod result;
pub mod roles;
pub mod runner;
pub mod runs;
pub mod saved;
pub mod session;
pub mod side;
pub mod statistics;
pub mod transport_check;
pub mod tune;
pub mod verdict;
