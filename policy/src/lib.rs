// SPDX-License-Identifier: MIT OR Apache-2.0
//! Decides which programs, ports and hosts use SMC.
//!
//! [`Config::from_env`] parses the `SMC_*` variables once; [`Lists`] then
//! decides for each program and address. The crate makes no system calls, has
//! no global state and does not panic, because the shim runs it inside the
//! user's program. Deciding about an address and displaying a [`Reason`] do not
//! allocate.
//!
//! # The rule of every list
//!
//! Items are separated by commas; blanks around an item and after its `!` are
//! ignored. An item prefixed by `!` is negative. Something is **allowed** when
//! a positive item matches it or the list has no positive item, and no negative
//! item matches it. The order of items does not matter. A variable that is
//! empty or blank counts as unset, and an unset list allows everything; an
//! empty item in a list (`80,,90`, `80,`) is an error. An item cannot contain a
//! comma.
//!
//! The items of each list are described at [`Lists`].
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
//! let verdict = |peer: &str| match config.lists.at_connect(peer.parse().unwrap()) {
//!     Verdict::Smc => String::from("SMC"),
//!     Verdict::Tcp(reason) => format!("TCP: {reason}"),
//! };
//! assert_eq!(verdict("192.0.2.1:6379"), "SMC");
//! assert_eq!(verdict("192.0.2.1:22"), "TCP: port 22 not in SMC_PORTS");
//! assert_eq!(verdict("192.0.2.1:8080"), "TCP: port 8080 excluded by \"!8080\" in SMC_PORTS");
//! assert_eq!(verdict("198.51.100.7:6379"), "TCP: host 198.51.100.7 not in SMC_HOSTS");
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
