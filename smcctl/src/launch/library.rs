// SPDX-License-Identifier: MIT OR Apache-2.0
//! Where libsmc_shim.so is: beside this program's build, or under the prefix that this
//! program is installed in.

use super::elf::{self, Elf};
use super::Refusal;
use crate::preload::SHIM;
use rustix::fs::{statvfs, StatVfsMountFlags};
use std::env;
use std::fs;
use std::path::{Path, PathBuf};

const BUILD: &str = "cargo build --release -p smc-shim";

/// The library.
#[derive(Clone, Debug)]
pub struct Library {
    /// Its path.
    pub path: PathBuf,
    /// Its headers, with the loader that it needs.
    pub elf: Elf,
}

/// Finds the library.
///
/// # Errors
/// When there is none that this machine can load.
pub fn find() -> Result<Library, Refusal> {
    let own = env::current_exe().unwrap_or_default();
    let own = own.as_path();
    let elf = match elf::read_machine(own) {
        Some(elf) if elf.loader.is_some() => elf,
        // A static build of this program.
        _ => elf::read_machine(Path::new("/bin/sh")).unwrap_or_default(),
    };
    let directory = own.parent().unwrap_or(Path::new("/"));
    let (candidates, place) = if is_build(directory) {
        (vec![directory.join(SHIM)], directory.display().to_string())
    } else {
        let prefix = directory.parent().unwrap_or(Path::new("/"));
        let place = format!("{}/lib, lib/* or lib64", prefix.display());
        (installed(prefix), place)
    };
    let mut broken = None;
    for path in candidates.into_iter().filter(|path| path.is_file()) {
        let shown = path.display();
        if path.to_string_lossy().contains([' ', ':', '$']) {
            let why = "LD_PRELOAD cannot contain a path with a space, colon or dollar sign";
            return Err(Refusal::new(1, format!("{shown}: {why}")));
        }
        match why_broken(&path, &elf) {
            None => return Ok(Library { path, elf }),
            Some(why) => {
                broken = Some(format!(
                    "{shown}: {why}; build it for this machine: {BUILD}"
                ));
            }
        }
    }
    let missing = || format!("cannot find {SHIM} in {place}; build it: {BUILD}");
    Err(Refusal::new(1, broken.unwrap_or_else(missing)))
}

/// Whether this program is where cargo has built it: in the folder of a profile.
fn is_build(directory: &Path) -> bool {
    ["release", "debug"]
        .iter()
        .any(|profile| directory.ends_with(profile))
}

/// Where packages and distributions install it, in this order.
fn installed(prefix: &Path) -> Vec<PathBuf> {
    let (lib, lib64) = (prefix.join("lib"), prefix.join("lib64"));
    let mut below: Vec<PathBuf> = fs::read_dir(&lib)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .collect();
    below.sort();
    let below = || below.iter();
    std::iter::once(lib.join(SHIM))
        .chain(below().map(|folder| folder.join(SHIM)))
        .chain(below().map(|folder| folder.join("smc-shim").join(SHIM)))
        .chain([lib64.join(SHIM), lib64.join("smc-shim").join(SHIM)])
        .collect()
}

/// Why the loader would refuse it, in its words.
fn why_broken(path: &Path, own: &Elf) -> Option<&'static str> {
    let Some(library) = elf::read_machine(path) else {
        return Some(match fs::File::open(path) {
            Ok(_) => "invalid ELF header",
            Err(_) => "cannot open it",
        });
    };
    if library.machine.0 != own.machine.0 {
        return Some("wrong ELF class");
    }
    if library.machine != own.machine {
        return Some("built for another processor");
    }
    let is_noexec = statvfs(path).is_ok_and(|fs| fs.f_flag.contains(StatVfsMountFlags::NOEXEC));
    is_noexec.then_some("on a file system that is mounted noexec")
}
