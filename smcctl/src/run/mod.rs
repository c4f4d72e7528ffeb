// SPDX-License-Identifier: MIT OR Apache-2.0
//! Runs a program and tells what its connections were.
//!
//! [`memory`] is shared with the program, in all of whose processes a library
//! writes down connections; [`reader`] asks the kernel what they are while they
//! are there, [`diag`] is how, and [`found`] what comes of it; [`tally`] adds them up
//! and [`reason`] says why some are TCP; [`unseen`] are programs without the library.
//! [`start`] makes the program's processes, and hands signals to it and its exit status
//! back. [`told`] is the report. `unsafe` lives in [`memory`] and [`start`] only.

pub mod classify;
pub mod not_counted;
pub mod reader;
pub mod reason;
pub mod report;
pub mod shared_memory;
pub mod smc_sockets;
pub mod start;
pub mod tally;
