// SPDX-License-Identifier: MIT OR Apache-2.0
//! Whether a program can be preloaded.

use super::elf::{self, Elf};
use super::{privileges, script};
use std::ffi::OsStr;
use std::path::Path;

/// A program, as far as preloading is concerned.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Program {
    /// Why it cannot be SMC: ` is a Go program …`; none of a program that can.
    pub obstacle: Option<String>,
    /// The library is in its `LD_PRELOAD`: for the programs that it starts, at least.
    pub gets_library: bool,
    /// AddressSanitizer's runtime is its first library.
    pub has_asan: bool,
    /// Who interprets the script, if it is one.
    pub interpreter: Option<String>,
}

/// Looks at the program that is executed for `file`. `library` is the ELF file of the
/// library, with the loader that it needs.
pub fn inspect(file: &Path, path: &OsStr, library: &Elf) -> Program {
    let program = script::program(file, path);
    let mut inspected = Program {
        gets_library: true,
        interpreter: (program != file).then(|| program.display().to_string()),
        ..Program::default()
    };
    if let Some(elf) = elf::read(&program) {
        inspected.has_asan = elf.has_asan;
        (inspected.obstacle, inspected.gets_library) = judge(&elf, &program, library);
    }
    inspected
}

/// Why a program cannot be SMC, and whether it gets the library all the same.
fn judge(elf: &Elf, file: &Path, library: &Elf) -> (Option<String>, bool) {
    if elf.machine != library.machine {
        let obstacle = if elf.machine.0 == library.machine.0 {
            "is built for another processor than libsmc_shim.so".to_owned()
        } else {
            let (own, bits) = (elf.bits(), library.bits());
            format!("is a {own}-bit program, libsmc_shim.so is {bits}-bit")
        };
        return (Some(obstacle), false);
    }
    if elf.is_go {
        let obstacle = "is a Go program, which makes system calls without the C library";
        return (Some(obstacle.to_owned()), true);
    }
    let own = library.loader.as_deref().unwrap_or_default();
    match elf.loader.as_deref() {
        None if !is_loader(file) => {
            let obstacle = "is statically linked, so no library can be preloaded";
            return (Some(obstacle.to_owned()), true);
        }
        Some(loader) if name_of(loader).starts_with("ld-musl") => {
            let other = "libsmc_shim.so with another C library";
            return (
                Some(format!("is linked with musl ({loader}), {other}")),
                false,
            );
        }
        Some(loader) if name_of(loader) != name_of(own) => {
            let obstacle = format!("needs the loader {loader}, libsmc_shim.so needs {own}");
            return (Some(obstacle), false);
        }
        _ => {}
    }
    let gained = privileges::gained_by(file);
    let obstacle = gained.map(|gained| format!("{gained}, so the loader ignores LD_PRELOAD"));
    (obstacle, true)
}

fn name_of(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or_default()
}

/// The loader as a command does preload.
fn is_loader(file: &Path) -> bool {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let is_linux = name.starts_with("ld-linux") && name.contains(".so");
    is_linux || name.starts_with("ld64.so") || name.starts_with("ld.so")
}
