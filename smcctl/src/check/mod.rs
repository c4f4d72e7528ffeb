// SPDX-License-Identifier: MIT OR Apache-2.0
//! `smcctl check`: is this host ready for SMC, and what is missing?
//!
//! [`inspect`] reads the host ([`kernel`], [`smc_state`], [`crate::system`]);
//! [`diagnose`] derives findings and verdicts from what was read.

pub mod defects;
pub mod eids;
pub mod finding;

pub mod host;
pub mod kernel;
pub mod limits;

pub mod peer;
pub mod pnetids;
pub mod programs;
pub mod rdma;
pub mod smc_state;
pub mod verdict;

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
    /// This process is root: they do not.
    Root,
    /// They do.
    User,
}

impl Privilege {
    /// Reads the privilege of this process from its status file.
    #[must_use]
    pub fn of(root: &Root) -> Self {
        let status = root.text("/proc/self/status").unwrap_or_default();
        let uids = status.lines().find_map(|line| line.strip_prefix("Uid:"));
        match uids.and_then(|uids| uids.split_whitespace().nth(1)) {
            Some("0") => Self::Root,
            _ => Self::User,
        }
    }

    /// Returns a command that needs root, prefixed by `sudo` if necessary.
    #[must_use]
    pub fn command(self, command: &str) -> String {
        match self {
            Self::Root => command.to_owned(),
            Self::User => format!("sudo {command}"),
        }
    }
}

/// The result of a check.
#[derive(Clone, Debug, Serialize)]
pub struct Diagnosis {
    /// Whether some kind of SMC is possible, and the program and the connection that were
    /// asked for have no problem.
    pub ready: bool,
    /// The findings, in order.
    pub findings: Vec<Finding>,
    /// Which kinds of SMC are possible.
    pub verdicts: Vec<Verdict>,
    /// The connection to the peer, if one was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub peer: Option<peer::Connection>,
}

/// Reads the host. The failure, if any, is why the SMC state could not be read.
#[must_use]
pub fn inspect(root: &Root) -> (Host, Option<Failure>) {
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

/// Derives the findings and verdicts; `more` are findings from elsewhere.
#[must_use]
pub fn diagnose(
    root: &Root,
    host: &Host,
    failure: Option<&Failure>,
    privilege: Privilege,
    more: Vec<Finding>,
) -> Diagnosis {
    let mut findings = host.kernel.findings(privilege);
    if let Some(failure) = failure {
        let why = "some findings depend on this";
        let mut finding = Finding::problem("kernel", failure.what(), why);
        finding.fix.extend(failure.fix().map(str::to_owned));
        findings.push(finding);
    }
    findings.extend(rdma::findings(host, privilege));
    findings.extend(pnetids::findings(host, privilege));
    findings.extend(eids::findings(host, privilege));
    let limited = host.smc.as_ref().map(|smc| smc.limits_handshakes);
    findings.extend(limits::findings(root, limited, privilege));
    let smc = host.smc.as_ref();
    let current = smc.map(|smc| Current::of(root, &host.kernel, smc));
    findings.extend(differences::findings(root, current.as_ref(), privilege));
    let has_requested = more.iter().all(|finding| finding.level != Level::Problem);
    findings.extend(more);
    let verdicts = verdict::verdicts(host);
    Diagnosis {
        ready: has_requested && verdicts.iter().any(|verdict| verdict.possible),
        findings,
        verdicts,
        peer: None,
    }
}

#[cfg(test)]
mod tests;
