// SPDX-License-Identifier: MIT OR Apache-2.0
//! `libsmc_shim.so`: lets an unmodified TCP program use SMC. This is the preload engine: the
//! program's calls reach [`hooks`], which pass them to the lifecycle in `smc-core`.
//!
//! The life of one connection in a process that takes part:
//!
//! 1. `socket(AF_INET, SOCK_STREAM, 0)`: this is TCP, so an SMC socket is created
//!    (`lifecycle::create`).
//! 2. `setsockopt(…)`: passed through. What SMC refuses and TCP accepts is set in another
//!    way (`lifecycle::setsockopt`).
//! 3. `connect(fd, 192.0.2.1:6379)`: now the destination is known. On the lists: passed
//!    through. Not on the lists: the socket is turned into TCP in place
//!    (`convert::demote`), then the real call is made.
//! 4. `send`, `write`, `epoll_wait`: the real call first. Only after one that sent a part of
//!    its data, or reported an event that TCP would not have, is the kernel asked whether
//!    the socket is SMC (`lifecycle::send`, `lifecycle::epoll`). `recv`, `read` and `poll`
//!    are not interposed.
//! 5. `splice` out of an SMC socket: the data is copied (`lifecycle::splice`), since the
//!    kernel would put the pages of the receive ring into the pipe.
//!
//! [`load`] reads the environment once; [`journal`] writes log lines from inside somebody
//! else's program.

#![allow(rustdoc::private_intra_doc_links)] // nobody links a cdylib

mod allocator;
mod hooks;
mod journal;
mod load;
mod panics;
mod stdio;
