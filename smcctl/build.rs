// SPDX-License-Identifier: MIT OR Apache-2.0
//! How the program is linked: `smc_run` starts it for each command, so that it loads few
//! libraries.

#[path = "../build/unwinder.rs"]
mod unwinder;

use std::{env, io};

fn main() -> io::Result<()> {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=../build/unwinder.rs");
    if env::var("CARGO_CFG_TARGET_ENV").as_deref() == Ok("gnu") {
        unwinder::link_statically()?;
    }
    Ok(())
}
