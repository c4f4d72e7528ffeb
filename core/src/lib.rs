// SPDX-License-Identifier: MIT OR Apache-2.0
//! What happens in the life of an SMC socket that a program takes for a TCP socket,
//! whichever engine found it.
//!
//! The layers, from top to bottom; a module uses those below it, never one above
//! (`tests/layers.rs` checks it, `docs/architecture.md` draws it):
//!
//! - [`lifecycle`]: what each call of the program does: create, connect, listen, accept,
//!   options, send, close, exit.
//! - [`report`]: connections that `smcctl run --report` counts.
//! - [`drain`]: data in the send ring is sent before the socket is gone.
//! - [`convert`]: SMC to TCP in place, another file behind a number, options and epoll
//!   registrations carried over.
//! - [`slow_peers`]: destinations that get TCP for a while. [`events`]: what is logged.
//! - [`fd_table`]: the state of each descriptor; [`identity`]: what the kernel says of it;
//!   [`process`]: the configuration.
//! - [`sys`]: system calls, `Errno`, the kernel's constants.
//!
//! An engine ([`engine::Engine`]) finds the program's calls and makes the real ones.

#![allow(
    clippy::must_use_candidate,
    clippy::missing_errors_doc,
    rustdoc::private_intra_doc_links,
    reason = "the engines use it, nobody else"
)]

#[cfg(not(all(target_os = "linux", target_pointer_width = "64")))]
compile_error!("smc-core knows the structures of 64-bit Linux only");

#[cfg(any(
    target_arch = "mips64",
    target_arch = "sparc64",
    target_arch = "powerpc64"
))]
compile_error!("the numbers of socket options differ on this processor (asm/socket.h)");

pub mod convert;
pub mod drain;
pub mod engine;
pub mod events;
pub mod fd_table;
pub mod identity;
pub mod lifecycle;
pub mod panics;
pub mod process;
pub mod report;
pub mod slow_peers;
pub mod sys;
pub mod vfork;
