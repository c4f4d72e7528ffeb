// SPDX-License-Identifier: MIT OR Apache-2.0
//! The status of services: their processes, whether these have the library, and their
//! connections.

use super::unit::Unit;
use crate::connections::{self, Connection};
use crate::kernel::diag::Mode;
use crate::preload::SHIM;
use serde::Serialize;
use std::collections::HashSet;
use std::fs;
use std::path::Path;

/// Whether a service uses SMC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// All its processes have the library.
    Running,
    /// Some processes have it.
    Partly,
    /// No process has it: the service was started before, or the library was not loaded.
    NotYet,
    /// The service is not running.
    Stopped,
}

/// A service and its connections.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Service {
    /// Its name.
    pub service: String,
    /// Whether it uses SMC.
    pub state: State,
    /// The number of processes.
    pub processes: usize,
    /// The number of processes with the library.
    pub preloaded: usize,
    /// Listening sockets that offer SMC.
    pub listening: usize,
    /// Connections over RDMA.
    pub smc_r: usize,
    /// Connections over shared memory.
    pub smc_d: usize,
    /// Connections that fell back to TCP.
    pub tcp: usize,
}

impl Service {
    /// Creates the status. `connections` are those of the host; `is_preloaded` is called for
    /// each process.
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

/// Whether a process has the library; false if this user may not see it.
#[must_use]
pub fn is_preloaded(pid: u32) -> bool {
    let maps = fs::read_to_string(format!("/proc/{pid}/maps")).unwrap_or_default();
    maps.lines().any(|line| Path::new(line).ends_with(SHIM))
}

/// Returns the processes in the control group of the unit and below.
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

/// Whether one of the groups (lines like `0::/system.slice/x.service`) is the group or below
/// it.
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
    fn a_group_with_a_longer_name_differs() {
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
    fn the_state_depends_on_all_processes() {
        let unit = Unit::parse("Id=web.service\n");
        let state =
            |pids: &[u32], limit: u32| Service::new(&unit, pids, &[], |pid| pid <= limit).state;
        assert_eq!(state(&[], 0), State::Stopped);
        assert_eq!(state(&[1, 2], 0), State::NotYet);
        assert_eq!(state(&[1, 2], 1), State::Partly);
        assert_eq!(state(&[1, 2], 2), State::Running);
    }
}
