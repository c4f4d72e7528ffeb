// SPDX-License-Identifier: MIT OR Apache-2.0
//! Which program, which port and which host uses SMC: the decision alone.
//!
//! The shim asks, this crate answers. It reads the `SMC_*` variables once
//! ([`Config::from_env`]) and judges programs and addresses from then on
//! ([`Lists`]). It makes no system call, keeps no global, and cannot panic: it
//! runs inside other people's programs. Judging addresses and showing a
//! [`Reason`] allocate nothing.
//!
//! # The rule of every list
//!
//! Items are separated by commas; blanks around an item, and behind its `!`,
//! are ignored. An item with `!` in front is negative. Something is **allowed**
//! when a positive item matches it, or the list has no positive item at all,
//! and no negative item matches it. The order of items does not matter. A
//! variable that is empty or blank counts as unset, and an unset list allows
//! everything; an empty item inside a list (`80,,90`, `80,`) is an error. An
//! item cannot contain a comma.
//!
//! What the items of each list look like: [`Lists`].
//!
//! # Example
//!
//! ```
//! use smc_policy::{Config, Verdict};
//!
//! let config = Config::from_env(|name| match name {
//!     "SMC_PORTS" => Some("6379, 8000-8999, !8080"),
//!     "SMC_HOSTS" => Some("192.0.2.0/24"),
//!     _ => None,
//! })?;
//!
//! let said = |peer: &str| match config.lists.at_connect(peer.parse().unwrap()) {
//!     Verdict::Smc => String::from("SMC"),
//!     Verdict::Tcp(reason) => format!("TCP: {reason}"),
//! };
//! assert_eq!(said("192.0.2.1:6379"), "SMC");
//! assert_eq!(said("192.0.2.1:22"), "TCP: port 22 not in SMC_PORTS");
//! assert_eq!(said("192.0.2.1:8080"), "TCP: port 8080 excluded by \"!8080\" in SMC_PORTS");
//! assert_eq!(said("198.51.100.7:6379"), "TCP: host 198.51.100.7 not in SMC_HOSTS");
//! # Ok::<(), smc_policy::Problem>(())
//! ```

#![forbid(unsafe_code)]
#![warn(missing_docs, clippy::pedantic)]
#![deny(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::todo,
    clippy::unreachable,
    clippy::unwrap_used
)]

mod config;
mod hosts;
mod list;
mod lists;
mod ports;
mod problem;
mod processes;
mod text;
mod values;
mod variable;
mod verdict;

pub use config::{Config, Creation};
pub use hosts::Network;
pub use lists::Lists;
pub use ports::{Direction, PortRange};
pub use problem::Problem;
pub use processes::Program;
pub use variable::VARIABLES;
pub use verdict::{Reason, Verdict};
