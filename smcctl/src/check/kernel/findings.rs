// SPDX-License-Identifier: MIT OR Apache-2.0
//! Findings about the kernel.

use super::super::finding::Finding;
use super::super::{defects, Privilege};
use super::Kernel;
use crate::kernel::modules::Presence;

impl Kernel {
    /// Checks the presence of SMC and known defects.
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
                format!("{file} prevents loading the module smc"),
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
        // Otherwise `smcctl load` is proposed already, and loads both.
        if self.has_smc() {
            findings.push(self.diag(privilege));
        }
        findings.extend(defects::findings(self, privilege));
        findings
    }

    /// Why there is no SMC: the kernel was built without it, or a package is missing.
    fn absent(&self, privilege: Privilege) -> Finding {
        let release = &self.release;
        match self.configured("SMC") {
            Some(true) => {
                let finding = Finding::problem(
                    "kernel",
                    format!("{release} was built with SMC, but its module smc is not installed"),
                    "some distributions ship it in a package of extra modules",
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
                let file = self
                    .config
                    .as_ref()
                    .map_or("", |config| config.path.as_str());
                let why = if self.is_like("debian") {
                    "the kernels of Debian 12 and 13 have SMC, Debian's kernels from 6.18 on do not \
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
        let why = "it reports what each connection is, and why it is not SMC";
        match self.smc_diag {
            Presence::BuiltIn | Presence::Loaded => {
                Finding::ok("kernel", "smc_diag is available", why)
            }
            Presence::Loadable => Finding::warning("kernel", "smc_diag is not loaded", why)
                .fixed_by(privilege.command("smcctl load")),
            Presence::Absent => Finding::warning("kernel", "no module smc_diag is installed", why),
        }
    }
}
