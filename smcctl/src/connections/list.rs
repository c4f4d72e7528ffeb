// SPDX-License-Identifier: MIT OR Apache-2.0
//! Lists the SMC sockets of this network namespace, and selects some.

use super::clcsock::ClcSockets;
use super::filter::Filter;
use super::link_groups::LinkGroups;
use super::Connection;
use crate::failure::Failure;
use crate::kernel::diag;
use crate::kernel::owners::Owners;

/// All SMC sockets.
#[derive(Debug)]
pub struct List {
    /// In the order of their addresses.
    pub connections: Vec<Connection>,
    /// Whether there are processes that this user may not inspect.
    pub hides_owners: bool,
}

/// The sockets that match a filter.
#[derive(Debug)]
pub struct Selection {
    /// In the order of their addresses.
    pub connections: Vec<Connection>,
    /// The number of matching sockets without a visible process.
    pub ownerless: usize,
    /// The number of these that may be those of another user.
    pub hidden: usize,
}

impl List {
    /// Selects the sockets that match a filter.
    #[must_use]
    pub fn select(mut self, filter: &Filter) -> Selection {
        // Before accept and after close a socket has no process and no inode.
        let is_ownerless = |each: &&Connection| each.processes.is_empty() && each.inode != 0;
        let all = self.connections.iter();
        let ownerless = all.filter(|each| filter.matches_socket(each));
        let ownerless = ownerless.filter(is_ownerless).count();
        self.connections.retain(|each| filter.matches(each));
        Selection {
            connections: self.connections,
            ownerless,
            hidden: if self.hides_owners { ownerless } else { 0 },
        }
    }
}

impl Selection {
    /// The PIDs of their processes, sorted and unique.
    #[must_use]
    pub fn pids(&self) -> Vec<u32> {
        let processes = self.connections.iter().flat_map(|each| &each.processes);
        let mut pids: Vec<u32> = processes.map(|process| process.pid).collect();
        pids.sort_unstable();
        pids.dedup();
        pids
    }
}

/// Lists all SMC sockets of this network namespace.
///
/// # Errors
/// When the kernel does not list them.
pub fn all() -> Result<List, Failure> {
    let sockets = diag::all()?;
    let clc_sockets = ClcSockets::of(&sockets);
    let owners = Owners::find(&clc_sockets.inodes(&sockets));
    let groups = if sockets.iter().any(|socket| socket.link.is_some()) {
        LinkGroups::read()
    } else {
        LinkGroups::default()
    };
    let mut connections: Vec<Connection> = sockets
        .iter()
        .map(|socket| {
            let found = clc_sockets.find(socket, &owners);
            Connection::new(socket, &found, &owners, &groups)
        })
        .collect();
    // Cached, since the keys are large.
    connections.sort_by_cached_key(|each| (each.local, each.peer, each.inode, each.cookie));
    Ok(List {
        connections,
        hides_owners: owners.are_hidden,
    })
}
