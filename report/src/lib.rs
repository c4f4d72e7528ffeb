// SPDX-License-Identifier: MIT OR Apache-2.0
//! `libsmc_report.so`: writes down which connections a program makes and accepts,
//! for `smcctl run --report`, which preloads it in front of the shim. Nobody else
//! does, so a run without a report pays nothing for it.
//!
//! It looks at a connection before and after the program's own call ([`notes`]),
//! asks nothing of the kernel that needs a descriptor, and writes what it sees into
//! memory that smcctl reads ([`memory`]). Whether it is SMC-R or SMC-D, and why it
//! fell back, smcctl asks the kernel, as long as the socket is there: so a program
//! that closes a connection before smcctl was done with it waits, for milliseconds
//! and at most [`leaving::PATIENCE`]. The data path is not interposed.
//!
//! As in the shim: no locks and no allocation on a hook's path, `errno` is that of
//! the program's own call, and when anything is missing the program runs on as if
//! the library was not there.

#![allow(rustdoc::private_intra_doc_links)] // nobody links a cdylib: the rooms are what its documentation is about

mod executing;
mod hooks;
mod kernel;
mod leaving;
mod memory;
mod notes;
mod numbers;
#[path = "../../src/smc/raw.rs"]
#[allow(dead_code, reason = "the shim's; not all of it is needed here")]
mod raw;
