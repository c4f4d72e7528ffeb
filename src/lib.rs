// SPDX-License-Identifier: MIT OR Apache-2.0
//! `libsmc_shim.so`: lets an unmodified TCP program use SMC.
//!
//! The life of one connection in a process that takes part:
//!
//! 1. `socket(AF_INET, SOCK_STREAM, 0)`: [`hooks`] sees that this is TCP and
//!    makes an SMC socket instead ([`smc::create`]).
//! 2. `setsockopt(…)`: passed through. What SMC refuses and TCP accepts is
//!    said to the kernel in another way ([`smc::options`]).
//! 3. `connect(fd, 192.0.2.1:6379)`: now the destination is known. On the
//!    lists: straight through. Not on the lists: the socket is turned into
//!    plain TCP in place ([`smc::demote`]), then the real call.
//! 4. `send`, `write`, `epoll_wait`: the real call first. Only after one that sent a part
//!    of its data, or reported an event that TCP would not have, is the kernel asked
//!    whether the socket is SMC ([`smc::send`], [`smc::epoll`]). `recv`, `read` and `poll`
//!    are not interposed.
//! 5. `splice` out of an SMC socket: the data is copied ([`smc::splice`]), since the
//!    kernel would put the pages of the receive ring into the pipe.
//!
//! Rooms: [`hooks`] translates C arguments and nothing else; [`smc`] knows the
//! kernel's vocabulary; [`process`] holds what was decided at load; [`hints`]
//! remembers where it is worth asking the kernel; [`journal`] writes lines from
//! inside somebody else's program. `unsafe` lives in `hooks` and `smc` only.

#![allow(rustdoc::private_intra_doc_links)] // nobody links a cdylib: the rooms are what its documentation is about

mod hints;
mod hooks;
mod journal;
mod lazy;
mod panics;
mod process;
mod smc;
