// SPDX-License-Identifier: MIT OR Apache-2.0
//! Linking: what the loader has to do in every process that the shim enters
//! is decided here (`scripts/bench` counts it).

use std::fmt::Write;
use std::{env, fs, io, path::Path, process::Command};

/// C functions that most processes never need: while tidying up, writing the
/// journal, or panicking. The loader would look each of them up in every
/// process, because Rust calls through the address table; through
/// `src/lazy.rs` they are looked up when they are first called. A name that is
/// missing here costs some hundred instructions at each program start.
const LAZY: [&str; 29] = [
    "__libc_current_sigrtmax",
    "__clone",
    "__cxa_atexit",
    "__errno_location",
    "__pthread_key_create",
    "abort",
    "bcmp",
    "clock_gettime",
    "dlsym",
    "fflush",
    "fileno",
    "fork",
    "ftrylockfile",
    "funlockfile",
    "getauxval",
    "getcwd",
    "getenv",
    "memcpy",
    "memmove",
    "memset",
    "mmap",
    "poll",
    "pthread_mutex_lock",
    "pthread_mutex_unlock",
    "recv",
    "sigaction",
    "strlen",
    "syscall",
    "write",
];

fn main() -> io::Result<()> {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rustc-check-cfg=cfg(has_naked_functions)");
    if env::var("CARGO_CFG_TARGET_ARCH").as_deref() == Ok("x86_64") && compiler_is_from(88)? {
        println!("cargo:rustc-cfg=has_naked_functions"); // src/hooks: straight, any_number
    }
    let folder = env::var_os("OUT_DIR").ok_or(io::ErrorKind::NotFound)?;
    let folder = Path::new(&folder);
    let architecture = env::var("CARGO_CFG_TARGET_ARCH").unwrap_or_default();
    let is_gnu = env::var("CARGO_CFG_TARGET_ENV").as_deref() == Ok("gnu");
    // A jump through the procedure linkage table.
    let jump = match architecture.as_str() {
        "x86_64" => Some(("jmp", "@PLT")),
        "aarch64" => Some(("b", "")),
        "s390x" => Some(("jg", "@PLT")),
        _ => None,
    };
    let mut assembly = String::new();
    if let Some((instruction, suffix)) = jump.filter(|_| is_gnu) {
        for name in LAZY {
            println!("cargo:rustc-cdylib-link-arg=-Wl,--wrap={name}");
            let _ = write!(
                assembly,
                ".section .text.__wrap_{name}, \"ax\", @progbits\n\
                 .globl __wrap_{name}\n\
                 .hidden __wrap_{name}\n\
                 .type __wrap_{name}, @function\n\
                 __wrap_{name}: {instruction} __real_{name}{suffix}\n"
            );
        }
    }
    fs::write(folder.join("lazy.s"), assembly + ".text\n")?;
    if !is_gnu {
        return Ok(());
    }
    link_unwinder_statically(folder)?;
    // Nothing here needs the hooks of crti.o and crtbeginS.o, nor their look-ups.
    println!("cargo:rustc-cdylib-link-arg=-nostartfiles");
    // Of what compilers choose between (lld since Rust 1.90), the one whose segments
    // take the loader fewer instructions.
    println!("cargo:rustc-cdylib-link-arg=-fuse-ld=bfd");
    // Look up a function when it is first called.
    println!("cargo:rustc-cdylib-link-arg=-Wl,-z,lazy");
    // `_Unwind_Backtrace` is ours (src/panics.rs) and, unused, libgcc's.
    println!("cargo:rustc-cdylib-link-arg=-Wl,-z,muldefs");
    Ok(())
}

/// std asks for `-lgcc_s`. A linker script of that name, found first, answers
/// with the static unwinder: otherwise every preloaded process would map,
/// relocate and initialise the shared one too, for panics that never happen.
fn link_unwinder_statically(folder: &Path) -> io::Result<()> {
    fs::write(folder.join("libgcc_s.so"), "INPUT(-lgcc_eh)\n")?;
    println!("cargo:rustc-link-search=native={}", folder.display());
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
