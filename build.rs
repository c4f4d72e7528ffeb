// SPDX-License-Identifier: MIT OR Apache-2.0
//! Linking: what the loader has to do in every process that the shim enters
//! is decided here (`scripts/bench` counts it).

use std::{env, fs, io, path::PathBuf};

/// C functions that only std's panic printer calls (environment, working
/// directory, symbol files, standard error), and what stands for them. The
/// shim must not print over the program's descriptors, so they are never to
/// run; and the loader need not look up each of them in every process.
const FAILING: [&str; 13] = [
    "__xpg_strerror_r",
    "close",
    "fstat64",
    "lseek64",
    "mmap64",
    "munmap",
    "open64",
    "posix_memalign",
    "read",
    "readlink",
    "stat64",
    "statx",
    "write",
];
const ANSWERING_NULL: [&str; 4] = ["getcwd", "getenv", "gettid", "realpath"];

fn main() -> io::Result<()> {
    println!("cargo:rerun-if-changed=build.rs");
    if env::var("CARGO_CFG_TARGET_ENV").as_deref() != Ok("gnu") {
        return Ok(());
    }
    link_unwinder_statically()?;
    // Nothing here needs the hooks of crti.o and crtbeginS.o, nor their look-ups.
    println!("cargo:rustc-cdylib-link-arg=-nostartfiles");
    // The unwinder's calls are bound when they are made, which is never.
    println!("cargo:rustc-cdylib-link-arg=-Wl,-z,lazy");
    for (names, stub) in [
        (&FAILING[..], "smc_shim_fails"),
        (&ANSWERING_NULL[..], "smc_shim_null"),
    ] {
        for name in names {
            println!("cargo:rustc-cdylib-link-arg=-Wl,--defsym={name}={stub}");
        }
    }
    Ok(())
}

/// std asks for `-lgcc_s`. A linker script of that name, found first, answers
/// with the static unwinder: otherwise every preloaded process would map,
/// relocate and initialise the shared one too, for panics that never happen.
fn link_unwinder_statically() -> io::Result<()> {
    let folder = env::var_os("OUT_DIR").ok_or(io::ErrorKind::NotFound)?;
    let folder = PathBuf::from(folder);
    fs::write(folder.join("libgcc_s.so"), "INPUT(-lgcc_eh)\n")?;
    println!("cargo:rustc-link-search=native={}", folder.display());
    Ok(())
}
