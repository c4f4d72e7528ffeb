// SPDX-License-Identifier: MIT OR Apache-2.0
//! What std's panic printer gets instead of the C library: see build.rs.
//!
//! Assembly, because only there a symbol can be kept out of the list of
//! exported ones.

#[cfg(target_arch = "x86_64")]
core::arch::global_asm!(
    ".globl smc_shim_fails, smc_shim_null",
    ".hidden smc_shim_fails, smc_shim_null",
    "smc_shim_fails:",
    "mov rax, -1",
    "ret",
    "smc_shim_null:",
    "xor eax, eax",
    "ret",
);
