// SPDX-License-Identifier: MIT OR Apache-2.0
//! The kernel: was it built with SMC, and are its modules loaded?

use super::finding::Finding;
use super::{defects, Privilege};
use crate::kernel::modules::{presence_in, release_in, Presence};
use crate::kernel::version::{Origin, Version};
use crate::system::files::Root;

/// What the kernel is.
#[derive(Clone, Debug, Default)]
pub struct Kernel {
    /// Its release: `6.12.118+deb13-amd64`.
    pub release: String,
    /// What it is made from.
    pub version: Version,
    /// The protocol.
    pub smc: Presence,
    /// What tells about single connections.
    pub smc_diag: Presence,
    /// Software RDMA over any network interface.
    pub rxe: Presence,
    /// Its configuration, where it can be read.
    config: Option<(String, String)>,
    /// The file that keeps smc from being loaded, if one does.
    blocked_by: Option<String>,
    /// The distribution's ID in os-release, and those it is like.
    distribution: String,
}

/// Reads what the host's files say.
#[must_use]
pub fn read(root: &Root) -> Kernel {
    let release = release_in(root.directory());
    let config = config(root, &release);
    // A kernel made by hand may come without lists of modules: its configuration tells.
    let presence = |module, option: &str| match presence_in(root.directory(), module) {
        Presence::Absent if set(config.as_ref(), option, "y") == Some(true) => Presence::BuiltIn,
        found => found,
    };
    let build = root.line("/proc/sys/kernel/version").unwrap_or_default();
    Kernel {
        version: Version::parse(&release, &build),
        smc: presence("smc", "SMC"),
        smc_diag: presence("smc_diag", "SMC_DIAG"),
        rxe: presence("rdma_rxe", "RDMA_RXE"),
        config,
        blocked_by: blocked_by(root, "smc"),
        distribution: distribution(root),
        release,
    }
}

/// Whether an option of a configuration is set to `y` or `m`.
fn set(config: Option<&(String, String)>, option: &str, value: &str) -> Option<bool> {
    let line = format!("CONFIG_{option}={value}");
    config.map(|(_, text)| text.lines().any(|other| other == line))
}

/// The file that has the configuration, and its text.
fn config(root: &Root, release: &str) -> Option<(String, String)> {
    let running = "/proc/config.gz";
    if let Some(text) = root.unzipped(running) {
        return Some((running.to_owned(), text));
    }
    [
        format!("/boot/config-{release}"),
        format!("/lib/modules/{release}/config"),
        format!("/lib/modules/{release}/build/.config"),
    ]
    .into_iter()
    .find_map(|path| root.text(&path).map(|text| (path, text)))
}

/// `blacklist` is for automatic loading only; `install smc false` is for good.
fn blocked_by(root: &Root, module: &str) -> Option<String> {
    [
        "/etc/modprobe.d",
        "/run/modprobe.d",
        "/usr/lib/modprobe.d",
        "/lib/modprobe.d",
    ]
    .into_iter()
    .flat_map(|folder| {
        root.names(folder)
            .into_iter()
            .map(move |name| format!("{folder}/{name}"))
    })
    .filter(|path| path.strip_suffix(".conf").is_some())
    .find(|path| {
        root.text(path).unwrap_or_default().lines().any(|line| {
            let mut words = line.split_whitespace();
            words.next() == Some("install")
                && words.next() == Some(module)
                && words.next().is_some_and(|command| {
                    command.ends_with("/false") || command.ends_with("/true")
                })
        })
    })
}

fn distribution(root: &Root) -> String {
    root.text("/etc/os-release")
        .or_else(|| root.text("/usr/lib/os-release"))
        .unwrap_or_default()
        .lines()
        .filter_map(|line| {
            line.strip_prefix("ID=")
                .or_else(|| line.strip_prefix("ID_LIKE="))
        })
        .map(|value| value.trim_matches(['"', '\'']))
        .collect::<Vec<_>>()
        .join(" ")
}

impl Kernel {
    /// Whether SMC is in use in this kernel.
    #[must_use]
    pub fn has_smc(&self) -> bool {
        matches!(self.smc, Presence::BuiltIn | Presence::Loaded)
    }

    /// Whether SMC is in use, or will be with `smcctl load`.
    #[must_use]
    pub fn can_have_smc(&self) -> bool {
        self.has_smc() || (self.smc == Presence::Loadable && self.blocked_by.is_none())
    }

    /// Whether the configuration has it as `y` or `m`; `None` when it cannot be read.
    #[must_use]
    pub fn configured(&self, option: &str) -> Option<bool> {
        let config = self.config.as_ref();
        Some(set(config, option, "y")? || set(config, option, "m")?)
    }

    /// Whether the kernel was built with a device that does SMC-D on one host.
    #[must_use]
    pub fn built_with_loopback(&self) -> Option<bool> {
        Some(self.configured("SMC_LO")? || self.configured("DIBS_LO")?)
    }

    /// Whether the package smc-loopback-dkms has a module with such a device for it.
    #[must_use]
    pub fn can_have_loopback(&self) -> bool {
        let (lowest, highest) = ((6, 10), (6, 17));
        let series = self.version.number.map(|number| number.series);
        self.version.origin == Origin::Debian
            && series.is_some_and(|series| (lowest..=highest).contains(&series))
            && set(self.config.as_ref(), "SMC", "m") == Some(true)
            && self.built_with_loopback() == Some(false)
    }

    /// What there is to say.
    #[must_use]
    pub fn findings(&self, privilege: Privilege) -> Vec<Finding> {
        let why = "without SMC in the kernel every connection is TCP";
        let release = &self.release;
        let mut findings = vec![match (self.smc, &self.blocked_by) {
            (Presence::BuiltIn, _) => {
                Finding::ok("kernel", format!("{release} has SMC built in"), why)
            }
            (Presence::Loaded, _) => {
                Finding::ok("kernel", format!("{release}: smc is loaded"), why)
            }
            (Presence::Loadable, Some(file)) => Finding::problem(
                "kernel",
                format!("{file} keeps the module smc from being loaded"),
                why,
            )
            .fixed_by(privilege.command(&format!("sed -i '/^install smc /d' {file}")))
            .fixed_by(privilege.command("smcctl load")),
            (Presence::Loadable, None) => {
                Finding::problem("kernel", format!("{release}: smc is not loaded"), why)
                    .fixed_by(privilege.command("smcctl load"))
            }
            (Presence::Absent, _) => self.absent(privilege),
        }];
        // Before, `smcctl load` is proposed anyway, and loads both.
        if self.has_smc() {
            findings.push(self.diag(privilege));
        }
        findings.extend(defects::findings(self, privilege));
        findings
    }

    /// Whether this system is of a distribution, or of one that is like it.
    #[must_use]
    pub fn is_like(&self, distribution: &str) -> bool {
        let mut names = self.distribution.split_whitespace();
        names.any(|name| name == distribution)
    }

    /// No SMC: was the kernel built without, or is a package missing?
    fn absent(&self, privilege: Privilege) -> Finding {
        let release = &self.release;
        match self.configured("SMC") {
            Some(true) => {
                let finding = Finding::problem(
                    "kernel",
                    format!("{release} was built with SMC, but its module smc is not installed"),
                    "some distributions have it in a package of further modules",
                );
                if self.is_like("ubuntu") {
                    finding.fixed_by(
                        privilege
                            .command(&format!("apt-get install linux-modules-extra-{release}")),
                    )
                } else if self.is_like("fedora") || self.is_like("rhel") {
                    finding.fixed_by(
                        privilege.command(&format!("dnf install kernel-modules-extra-{release}")),
                    )
                } else {
                    finding
                }
            }
            Some(false) => {
                let file = self.config.as_ref().map_or("", |(file, _)| file);
                let why = if self.is_like("debian") {
                    "Debian's kernels from 6.18 on have none, those of Debian 12 and 13 do \
                     (smcctl explain debian)"
                } else {
                    "boot a kernel that has CONFIG_SMC and CONFIG_SMC_DIAG"
                };
                Finding::problem(
                    "kernel",
                    format!("{release} was built without SMC (no CONFIG_SMC in {file})"),
                    why,
                )
            }
            None => Finding::problem(
                "kernel",
                format!("{release} has no SMC: not built in, and no module smc is installed"),
                "its configuration cannot be read; in a container, load smc on the host",
            ),
        }
    }

    fn diag(&self, privilege: Privilege) -> Finding {
        let why = "it tells what each connection is, and why it is not SMC";
        match self.smc_diag {
            Presence::BuiltIn | Presence::Loaded => Finding::ok("kernel", "smc_diag is there", why),
            Presence::Loadable => Finding::warning("kernel", "smc_diag is not loaded", why)
                .fixed_by(privilege.command("smcctl load")),
            Presence::Absent => Finding::warning("kernel", "there is no module smc_diag", why),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::finding::Level;
    use super::*;
    use crate::system::fixtures::Tree;

    fn findings(tree: &Tree) -> Vec<Finding> {
        read(&tree.root()).findings(Privilege::Root)
    }

    #[test]
    fn a_module_that_is_not_loaded_is_loaded_by_a_command() {
        let tree = Tree::debian_612();
        let found = findings(&tree);
        assert_eq!(found[0].level, Level::Problem);
        assert_eq!(found[0].fix, ["smcctl load"]);
        tree.write("sys/module/smc/initstate", "live\n");
        tree.write("sys/module/smc_diag/initstate", "live\n");
        assert!(findings(&tree)
            .iter()
            .all(|finding| finding.level <= Level::Note));
    }

    #[test]
    fn a_kernel_without_smc_is_told_from_one_without_the_module() {
        let tree = Tree::new();
        tree.write("proc/sys/kernel/osrelease", "7.3.4-amd64\n");
        tree.write("etc/os-release", "ID=debian\n");
        assert!(findings(&tree)[0]
            .what
            .contains("no module smc is installed"));
        tree.write(
            "boot/config-7.3.4-amd64",
            "# CONFIG_SMC is not set\nCONFIG_SMC_LO=n\n",
        );
        let found = findings(&tree);
        assert_eq!(found.len(), 1);
        assert!(found[0].what.contains("built without SMC"), "{found:?}");
        assert!(found[0].why.contains("smcctl explain debian"), "{found:?}");
        tree.write("etc/os-release", "ID=pop\nID_LIKE=\"ubuntu debian\"\n");
        tree.write("boot/config-7.3.4-amd64", "CONFIG_SMC=m\n");
        assert_eq!(
            findings(&tree)[0].fix,
            ["apt-get install linux-modules-extra-7.3.4-amd64"]
        );
    }

    #[test]
    fn the_configuration_of_the_running_kernel_comes_first() {
        let tree = Tree::debian_612();
        tree.write_gz("proc/config.gz", "CONFIG_SMC=y\nCONFIG_SMC_LO=y\n");
        let kernel = read(&tree.root());
        assert_eq!(kernel.configured("SMC_LO"), Some(true));
        assert_eq!(kernel.configured("SMC_DIAG"), Some(false));
        assert_eq!(kernel.built_with_loopback(), Some(true));
    }

    #[test]
    fn a_kernel_made_by_hand_needs_no_lists_of_modules() {
        let tree = Tree::new();
        tree.write("proc/sys/kernel/osrelease", "6.12.0\n");
        tree.write("proc/sys/net/smc/rmem", "65536\n");
        assert!(read(&tree.root()).has_smc());
        let tree = Tree::new();
        tree.write_gz("proc/config.gz", "CONFIG_SMC=y\nCONFIG_SMC_DIAG=y\n");
        assert!(findings(&tree)
            .iter()
            .all(|finding| finding.level <= Level::Note));
    }

    #[test]
    fn a_module_that_may_not_be_loaded_names_the_file() {
        let tree = Tree::debian_612();
        tree.write("etc/modprobe.d/harden.conf", "install smc /bin/false\n");
        let found = findings(&tree);
        assert!(found[0].what.contains("/etc/modprobe.d/harden.conf"));
        assert_eq!(found[0].fix.len(), 2);
        tree.write("etc/modprobe.d/harden.conf", "blacklist smc\n");
        assert_eq!(findings(&tree)[0].fix, ["smcctl load"]);
    }
}
