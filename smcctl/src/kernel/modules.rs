// SPDX-License-Identifier: MIT OR Apache-2.0
//! Whether the modules of SMC are built in, loaded or loadable.

use crate::failure::Failure;
use std::fs;
use std::path::Path;

/// The presence of a module.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Presence {
    /// Built into the kernel.
    BuiltIn,
    /// Loaded.
    Loaded,
    /// Installed, but not loaded.
    Loadable,
    /// Not available.
    #[default]
    Absent,
}

/// The release of the running kernel.
#[must_use]
pub fn release() -> String {
    release_in(Path::new("/"))
}

/// The release in `root`, which stands for `/`.
#[must_use]
pub fn release_in(root: &Path) -> String {
    let release = fs::read_to_string(root.join("proc/sys/kernel/osrelease")).unwrap_or_default();
    release.trim().to_owned()
}

/// The presence of a module.
#[must_use]
pub fn presence(module: &str) -> Presence {
    presence_in(Path::new("/"), module)
}

/// The presence of a module in `root`, which stands for `/`.
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
        // Only modules have a state.
        if in_use.join("initstate").exists() {
            Presence::Loaded
        } else {
            Presence::BuiltIn
        }
    } else if module == "smc" && root.join("proc/sys/net/smc").exists() {
        // A custom kernel without a list of built-in modules.
        Presence::BuiltIn
    } else if listed("modules.dep") {
        Presence::Loadable
    } else {
        Presence::Absent
    }
}

/// Whether a list of modules (lines like `kernel/net/smc/smc.ko.xz: …`) contains one.
fn lists(list: &str, module: &str) -> bool {
    list.lines().any(|line| {
        let path = line.split(':').next().unwrap_or_default();
        let file = path.rsplit('/').next().unwrap_or_default();
        file.split_once(".ko")
            .is_some_and(|(name, _)| name.replace('-', "_") == module)
    })
}

/// The failure when the kernel does not provide what a module does.
#[must_use]
pub fn missing(module: &str) -> Failure {
    match presence(module) {
        Presence::Loadable => Failure::new(format!("the kernel module {module} is not loaded"))
            .fixed_by(format!("sudo modprobe {module}")),
        Presence::Absent => Failure::new(format!(
            "this kernel ({}) has no {}: boot one with CONFIG_SMC and CONFIG_SMC_DIAG",
            release(),
            if module == "smc" { "SMC" } else { module }
        )),
        Presence::BuiltIn | Presence::Loaded => Failure::new(format!(
            "this kernel ({}) has {module}, but does not answer its requests",
            release()
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_module_is_found_by_its_exact_name() {
        let list = "kernel/net/smc/smc_diag.ko.xz: kernel/net/smc/smc.ko.xz\n";
        assert!(lists(list, "smc_diag"));
        assert!(!lists(list, "smc"));
        assert!(lists("kernel/net/smc/smc.ko", "smc"));
    }
}
