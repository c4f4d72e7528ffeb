// SPDX-License-Identifier: MIT OR Apache-2.0
//! What services are doing: which processes they have, whether the library is in them, and
//! what their connections are.

use super::unit::Unit;
use crate::connections::{self, Connection};
use crate::kernel::diag::Mode;
use crate::preload::SHIM;
use serde::Serialize;
use std::collections::HashSet;
use std::fs;
use std::path::Path;

/// How a service is on SMC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// All its processes have the library.
    Running,
    /// Some have.
    Partly,
    /// None has: it was started before, or something keeps the library away.
    NotYet,
    /// It is not running.
    Stopped,
}

/// A service, and what its connections are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Service {
    /// Its name.
    pub service: String,
    /// How it is on SMC.
    pub state: State,
    /// So many processes.
    pub processes: usize,
    /// So many of them have the library.
    pub preloaded: usize,
    /// Listening sockets that offer SMC.
    pub listening: usize,
    /// Connections over RDMA.
    pub smc_r: usize,
    /// Connections over shared memory.
    pub smc_d: usize,
    /// Connections that fell back to TCP, or were made TCP.
    pub tcp: usize,
}

impl Service {
    /// Of a unit; `connections` are all those of the host, `is_preloaded` is asked for each
    /// process.
    #[must_use]
    pub fn new(
        unit: &Unit,
        pids: &[u32],
        connections: &[Connection],
        is_preloaded: impl Fn(u32) -> bool,
    ) -> Self {
        let own: HashSet<u32> = pids.iter().copied().collect();
        let is_own = |each: &&Connection| each.processes.iter().any(|one| own.contains(&one.pid));
        let count = |matching: &dyn Fn(&Connection) -> bool| {
            let own = connections.iter().filter(is_own);
            own.filter(|each| matching(each)).count()
        };
        let of = |mode: Mode| count(&|each| each.mode == mode && each.peer.is_some());
        let preloaded = pids.iter().filter(|pid| is_preloaded(**pid)).count();
        Self {
            service: unit.name().to_owned(),
            state: match (pids.len(), preloaded) {
                (0, _) => State::Stopped,
                (_, 0) => State::NotYet,
                (all, some) if some < all => State::Partly,
                _ => State::Running,
            },
            processes: pids.len(),
            preloaded,
            listening: count(&|each| {
                each.mode == Mode::Smc && each.state == connections::State::Listening
            }),
            smc_r: of(Mode::SmcR),
            smc_d: of(Mode::SmcD),
            tcp: of(Mode::Tcp),
        }
    }
}

/// Whether a process has the library; not when this user must not look.
#[must_use]
pub fn is_preloaded(pid: u32) -> bool {
    let maps = fs::read_to_string(format!("/proc/{pid}/maps")).unwrap_or_default();
    maps.lines().any(|line| Path::new(line).ends_with(SHIM))
}

/// The processes in the unit's control group and those below it.
#[must_use]
pub fn processes(unit: &Unit) -> Vec<u32> {
    let Some(group) = unit.get("ControlGroup") else {
        return Vec::new();
    };
    let pids = fs::read_dir("/proc").into_iter().flatten().flatten();
    pids.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter(|pid: &u32| {
            let groups = fs::read_to_string(format!("/proc/{pid}/cgroup")).unwrap_or_default();
            is_in(&groups, group)
        })
        .collect()
}

/// Whether one of a process's groups (`0::/system.slice/x.service` a line) is the group or
/// below it.
fn is_in(groups: &str, group: &str) -> bool {
    groups.lines().any(|line| {
        let path = line.splitn(3, ':').nth(2).unwrap_or_default();
        path.strip_prefix(group)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_is_not_another_with_a_longer_name() {
        let groups = "12:pids:/\n0::/system.slice/web.service/worker\n";
        assert!(is_in(groups, "/system.slice/web.service"));
        assert!(is_in(
            "0::/system.slice/web.service",
            "/system.slice/web.service"
        ));
        assert!(!is_in(
            "0::/system.slice/web.service2",
            "/system.slice/web.service"
        ));
        assert!(!is_in("", "/system.slice/web.service"));
    }

    #[test]
    fn a_service_is_on_smc_when_all_its_processes_are() {
        let unit = Unit::parse("Id=web.service\n");
        let state =
            |pids: &[u32], limit: u32| Service::new(&unit, pids, &[], |pid| pid <= limit).state;
        assert_eq!(state(&[], 0), State::Stopped);
        assert_eq!(state(&[1, 2], 0), State::NotYet);
        assert_eq!(state(&[1, 2], 1), State::Partly);
        assert_eq!(state(&[1, 2], 2), State::Running);
    }
}
