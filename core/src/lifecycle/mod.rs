// SPDX-License-Identifier: MIT OR Apache-2.0
//! What each call of the program does, a file per call.

pub mod accept;
pub mod bind;
pub mod connect;
mod connect_call;
mod connect_errors;
mod connect_timeout;
pub mod create;
pub mod epoll;
pub mod getsockopt;
pub mod listen;
pub mod listener;
mod pipe;
mod required_address;
pub mod send;
pub mod setsockopt;
pub mod shutdown;
pub mod splice;
mod tcp_info;
