// SPDX-License-Identifier: MIT OR Apache-2.0
//! The doctor: is this host ready for SMC, and what is missing?
//!
//! Looking ([`kernel`], [`names`], [`crate::system`]) is apart from judging
//! ([`wiring`], [`limits`], [`verdict`]), which is pure.

pub mod defects;
pub mod finding;

pub mod host;
pub mod kernel;
pub mod limits;

pub mod peer;
pub mod programs;
pub mod smc_state;
pub mod truth;
pub mod verdict;
pub mod wiring;

use crate::configuration::{current::Current, differences};
use crate::failure::Failure;
use crate::system::files::Root;
use crate::system::{interfaces, ports};
use finding::{Finding, Level};
use host::Host;
use serde::Serialize;
use std::env;
use verdict::Verdict;

/// Whether commands that change the host need `sudo` before them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Privilege {
    /// They do not.
    Root,
    /// They do.
    User,
}

impl Privilege {
    /// Of this process, as its status file says.
    #[must_use]
    pub fn of(root: &Root) -> Self {
        let status = root.text("/proc/self/status").unwrap_or_default();
        let uids = status.lines().find_map(|line| line.strip_prefix("Uid:"));
        match uids.and_then(|uids| uids.split_whitespace().nth(1)) {
            Some("0") => Self::Root,
            _ => Self::User,
        }
    }

    /// A command that needs root, as this user would type it.
    #[must_use]
    pub fn command(self, command: &str) -> String {
        match self {
            Self::Root => command.to_owned(),
            Self::User => format!("sudo {command}"),
        }
    }
}

/// What the doctor says.
#[derive(Clone, Debug, Serialize)]
pub struct Diagnosis {
    /// Whether some kind of SMC is possible, and nothing that was asked for is not.
    pub ready: bool,
    /// What was looked at, in order.
    pub findings: Vec<Finding>,
    /// Which kinds of SMC are possible.
    pub verdicts: Vec<Verdict>,
    /// What became of the connection that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub peer: Option<peer::Connection>,
}

/// Looks at a host; `Err` of the second: what its kernel does not tell.
#[must_use]
pub fn look(root: &Root) -> (Host, Option<Failure>) {
    let kernel = kernel::read(root);
    let mut interfaces = interfaces::interfaces(root);
    let mut ports = ports::ports(root);
    smc_state::read_addresses(&mut interfaces);
    let (mut smc, mut failure) = (None, None);
    if kernel.has_smc() {
        match smc_state::read(&mut ports) {
            Ok(state) => smc = Some(state),
            Err(error) => failure = Some(error),
        }
    }
    smc_state::assign_interface_pnetids(
        smc.as_ref().map_or(&[], |smc| smc.pnetids.as_slice()),
        &mut interfaces,
    );
    let path = env::var_os("PATH").unwrap_or_default();
    let has_rdma_command = env::split_paths(&path)
        .chain(["/usr/sbin", "/sbin", "/usr/bin", "/bin"].map(Into::into))
        .any(|folder| folder.join("rdma").is_file());
    let host = Host {
        kernel,
        interfaces,
        ports,
        smc,
        has_rdma_command,
    };
    (host, failure)
}

/// Judges what was seen; `more` was found out otherwise.
#[must_use]
pub fn judge(
    root: &Root,
    host: &Host,
    failure: Option<&Failure>,
    privilege: Privilege,
    more: Vec<Finding>,
) -> Diagnosis {
    let mut findings = host.kernel.findings(privilege);
    if let Some(failure) = failure {
        let why = "without these answers not all can be judged";
        let mut finding = Finding::problem("kernel", failure.what(), why);
        finding.fix.extend(failure.fix().map(str::to_owned));
        findings.push(finding);
    }
    findings.extend(wiring::findings(host, privilege));
    let limited = host.smc.as_ref().map(|smc| smc.limits_handshakes);
    findings.extend(limits::findings(root, limited, privilege));
    let smc = host.smc.as_ref();
    let current = smc.map(|smc| Current::of(root, &host.kernel, smc));
    findings.extend(differences::findings(root, current.as_ref(), privilege));
    let asked_for = more.iter().all(|finding| finding.level != Level::Problem);
    findings.extend(more);
    let verdicts = verdict::verdicts(host);
    Diagnosis {
        ready: asked_for && verdicts.iter().any(|verdict| verdict.possible),
        findings,
        verdicts,
        peer: None,
    }
}

#[cfg(test)]
mod tests;
