// SPDX-License-Identifier: MIT OR Apache-2.0
//! The kernel's vocabulary: what an SMC socket is, how one is made, asked,
//! and turned back into TCP.
//!
//! The shim's own questions are raw system calls ([`os`]): they reach the
//! kernel, not another interposed library, and never this library's own hooks.
//! The program's calls go through `hooks`, which owns the real functions.

pub mod accept;
pub mod address;
pub mod answers;
pub mod background;
pub mod bind;
pub mod carried;
pub mod connect;
pub mod create;
pub mod demote;
mod diag;
pub mod drain;
pub mod end;
pub mod epoll;
pub mod identity;
pub mod kept;
pub mod listen;
pub mod listener;
mod memory;
pub mod options;
pub mod os;
pub mod ownership;
pub mod pipe;
mod raw;
mod rebind;
pub mod recover;
mod registrations;
pub mod renew;
pub mod send;
pub mod slow;
pub mod splice;
pub mod stdio;

use std::ffi::c_int;

/// Address family of SMC sockets (`include/linux/socket.h`).
pub const AF_SMC: c_int = 43;
/// `socket(AF_SMC, SOCK_STREAM, …)` over an IPv4 inner socket (`net/smc/smc.h`).
pub const SMCPROTO_SMC: c_int = 0;
/// The same over an IPv6 inner socket.
pub const SMCPROTO_SMC6: c_int = 1;
/// `socket(AF_INET, SOCK_STREAM, 256)`, Linux 6.11 on (`include/uapi/linux/in.h`).
pub const IPPROTO_SMC: c_int = 256;
/// Level of SMC's own options (`include/linux/socket.h`).
pub const SOL_SMC: c_int = 286;
