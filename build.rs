// SPDX-License-Identifier: MIT OR Apache-2.0
//! Linking: what the loader does in every process that the shim enters is decided here
//! (`scripts/bench` measures it).

#[path = "build/unwinder.rs"]
mod unwinder;

use std::{env, io, process::Command};

fn main() -> io::Result<()> {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=build/unwinder.rs");
    println!("cargo:rustc-check-cfg=cfg(has_naked_functions)");
    if env::var("CARGO_CFG_TARGET_ARCH").as_deref() == Ok("x86_64") && compiler_is_from(88)? {
        println!("cargo:rustc-cfg=has_naked_functions"); // src/hooks/exec_variadic.rs
    }
    if env::var("CARGO_CFG_TARGET_ENV").as_deref() != Ok("gnu") {
        return Ok(());
    }
    unwinder::link_statically()?;
    for argument in [
        // Look up a function when it is first called.
        "-z,lazy",
        // dlclose(3) does not remove what other libraries may still call.
        "-z,nodelete",
        // `_Unwind_Backtrace` is ours (src/panics.rs) and, unused, libgcc's.
        "-z,muldefs",
    ] {
        println!("cargo:rustc-cdylib-link-arg=-Wl,{argument}");
    }
    Ok(())
}

/// Whether the compiler is Rust 1.`minor` or later.
fn compiler_is_from(minor: u32) -> io::Result<bool> {
    let compiler = env::var_os("RUSTC").ok_or(io::ErrorKind::NotFound)?;
    let version = Command::new(compiler).arg("--version").output()?.stdout;
    // rustc 1.88.0 (6b00bc388 2025-06-23)
    let minor_of = |version: &str| version.split('.').nth(1)?.parse::<u32>().ok();
    Ok(minor_of(&String::from_utf8_lossy(&version)).is_some_and(|this| this >= minor))
}
