// SPDX-License-Identifier: MIT OR Apache-2.0
//! Which parts of SMC this kernel has: built in, as a module, loaded or not.

use crate::failure::Failure;
use std::fs;
use std::path::Path;

/// Where a part of the kernel is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Presence {
    /// In the kernel itself.
    BuiltIn,
    /// A module, in use.
    Loaded,
    /// A module that could be loaded.
    Loadable,
    /// Neither.
    #[default]
    Absent,
}

/// The running kernel's release.
#[must_use]
pub fn release() -> String {
    release_in(Path::new("/"))
}

/// The same where `root` stands for `/`.
#[must_use]
pub fn release_in(root: &Path) -> String {
    let release = fs::read_to_string(root.join("proc/sys/kernel/osrelease")).unwrap_or_default();
    release.trim().to_owned()
}

/// Where `module` (`smc`, `smc_diag`) is.
#[must_use]
pub fn presence(module: &str) -> Presence {
    presence_in(Path::new("/"), module)
}

/// The same where `root` stands for `/`.
#[must_use]
pub fn presence_in(root: &Path, module: &str) -> Presence {
    let modules = root.join("lib/modules").join(release_in(root));
    let in_use = root.join("sys/module").join(module);
    let listed = |list: &str| {
        let list = fs::read_to_string(modules.join(list)).unwrap_or_default();
        lists(&list, module)
    };
    if listed("modules.builtin") {
        Presence::BuiltIn
    } else if in_use.exists() {
        // A module has a state, a part of the kernel has none.
        if in_use.join("initstate").exists() {
            Presence::Loaded
        } else {
            Presence::BuiltIn
        }
    } else if module == "smc" && root.join("proc/sys/net/smc").exists() {
        // In use, no module, and no list of what is built in: a kernel made by hand.
        Presence::BuiltIn
    } else if listed("modules.dep") {
        Presence::Loadable
    } else {
        Presence::Absent
    }
}

/// Whether a list of modules (`kernel/net/smc/smc.ko.xz: …` a line) has one.
fn lists(list: &str, module: &str) -> bool {
    list.lines().any(|line| {
        let path = line.split(':').next().unwrap_or_default();
        let file = path.rsplit('/').next().unwrap_or_default();
        file.split_once(".ko")
            .is_some_and(|(name, _)| name.replace('-', "_") == module)
    })
}

/// What to tell when the kernel does not answer for `module`.
#[must_use]
pub fn missing(module: &str) -> Failure {
    match presence(module) {
        Presence::Loadable => Failure::new(format!("the kernel module {module} is not loaded"))
            .fixed_by(format!("sudo modprobe {module}")),
        Presence::Absent => Failure::new(format!(
            "this kernel ({}) has no SMC: it has no module {module} \
             (CONFIG_SMC, CONFIG_SMC_DIAG); boot one that has",
            release()
        )),
        Presence::BuiltIn | Presence::Loaded => Failure::new(format!(
            "{module} is there but this kernel ({}) does not answer for it",
            release()
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_module_is_found_by_its_name_only() {
        let list = "kernel/net/smc/smc_diag.ko.xz: kernel/net/smc/smc.ko.xz\n";
        assert!(lists(list, "smc_diag"));
        assert!(!lists(list, "smc"));
        assert!(lists("kernel/net/smc/smc.ko", "smc"));
    }
}
