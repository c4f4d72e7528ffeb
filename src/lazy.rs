// SPDX-License-Identifier: MIT OR Apache-2.0
//! Calls of the C library by way of the procedure linkage table, made by
//! build.rs, which says why.

core::arch::global_asm!(include_str!(concat!(env!("OUT_DIR"), "/lazy.s")));
