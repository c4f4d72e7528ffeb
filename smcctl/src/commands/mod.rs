// SPDX-License-Identifier: MIT OR Apache-2.0
//! The commands, one file each: arguments, action and output.

pub mod apply;
pub mod check;
pub mod compare;
pub mod completions;
pub mod connections;
pub mod devices;
pub mod enable;
pub mod explain;
pub mod limit_handshakes;
pub mod linkgroups;
pub mod links;
pub mod list;
pub mod load;
pub mod pnetid;
pub mod run;
pub mod save;
pub mod seid;
pub mod stats;
pub mod ueid;
