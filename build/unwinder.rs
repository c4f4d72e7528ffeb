// SPDX-License-Identifier: MIT OR Apache-2.0
//! Of the build scripts: links the unwinder statically, so that the loader has one library
//! less to load in each process.

use std::{env, fs, io, path::Path};

/// std asks for `-lgcc_s`. A linker script of that name, found first, names the static one.
pub fn link_statically() -> io::Result<()> {
    let folder = env::var_os("OUT_DIR").ok_or(io::ErrorKind::NotFound)?;
    let folder = Path::new(&folder);
    fs::write(folder.join("libgcc_s.so"), "INPUT(-lgcc_eh)\n")?;
    println!("cargo:rustc-link-search=native={}", folder.display());
    Ok(())
}
