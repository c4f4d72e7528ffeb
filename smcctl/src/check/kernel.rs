// SPDX-License-Identifier: MIT OR Apache-2.0
//! The kernel: was it built with SMC, and are its modules loaded?

pub mod config;
mod findings;

use crate::kernel::modules::{presence_in, release_in, Presence};
use crate::kernel::version::{Origin, Version};
use crate::system::files::Root;
use config::{Build, Config};

/// The kernel of a host.
#[derive(Clone, Debug, Default)]
pub struct Kernel {
    /// Its release, such as `6.12.118+deb13-amd64`.
    pub release: String,
    /// The upstream release that it is built from.
    pub version: Version,
    /// The module `smc`.
    pub smc: Presence,
    /// The module `smc_diag`, which reports single connections.
    pub smc_diag: Presence,
    /// The module `rdma_rxe`, Soft-RoCE.
    pub rxe: Presence,
    /// Its build configuration, where it can be read.
    config: Option<Config>,
    /// The file in modprobe.d that prevents loading `smc`, if there is one.
    blocked_by: Option<String>,
    /// `ID` and `ID_LIKE` in os-release.
    distribution: String,
}

/// Reads the files of a host.
#[must_use]
pub fn read(root: &Root) -> Kernel {
    let release = release_in(root.directory());
    let config = Config::read(root, &release);
    // A custom kernel may lack lists of modules; its configuration is used instead.
    let presence = |module, option: &str| match presence_in(root.directory(), module) {
        Presence::Absent if is(config.as_ref(), option, Build::BuiltIn) == Some(true) => {
            Presence::BuiltIn
        }
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

/// How an option was built; `None` when the configuration cannot be read.
fn is(config: Option<&Config>, option: &str, build: Build) -> Option<bool> {
    Some(config?.get(option) == build)
}

/// Finds the file with `install MODULE /bin/false`. (`blacklist` prevents automatic
/// loading only.)
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
    /// Whether SMC is built in or loaded.
    #[must_use]
    pub fn has_smc(&self) -> bool {
        matches!(self.smc, Presence::BuiltIn | Presence::Loaded)
    }

    /// Whether SMC is built in or loaded, or `smcctl load` can load it.
    #[must_use]
    pub fn can_have_smc(&self) -> bool {
        self.has_smc() || (self.smc == Presence::Loadable && self.blocked_by.is_none())
    }

    /// Whether an option is set to `y` or `m`; `None` when the configuration cannot be read.
    #[must_use]
    pub fn configured(&self, option: &str) -> Option<bool> {
        Some(self.config.as_ref()?.get(option) != Build::No)
    }

    /// Whether the kernel was built with loopback-ism, SMC-D within one host.
    #[must_use]
    pub fn built_with_loopback(&self) -> Option<bool> {
        Some(self.configured("SMC_LO")? || self.configured("DIBS_LO")?)
    }

    /// Whether the package smc-loopback-dkms can build loopback-ism for it.
    #[must_use]
    pub fn can_have_loopback(&self) -> bool {
        let (lowest, highest) = ((6, 10), (6, 17));
        let series = self.version.number.map(|number| number.series);
        self.version.origin == Origin::Debian
            && series.is_some_and(|series| (lowest..=highest).contains(&series))
            && is(self.config.as_ref(), "SMC", Build::Module) == Some(true)
            && self.built_with_loopback() == Some(false)
    }

    /// Whether this is a distribution, or one derived from it.
    #[must_use]
    pub fn is_like(&self, distribution: &str) -> bool {
        let mut names = self.distribution.split_whitespace();
        names.any(|name| name == distribution)
    }
}

#[cfg(test)]
mod tests;
