// SPDX-License-Identifier: MIT OR Apache-2.0
//! Every SMC socket of this network namespace, and those of them that are asked for.

use super::clcsock::ClcSockets;
use super::filter::Filter;
use super::link_groups::LinkGroups;
use super::Connection;
use crate::failure::Failure;
use crate::kernel::diag;
use crate::kernel::owners::Owners;

/// Every SMC socket.
#[derive(Debug)]
pub struct List {
    /// In the order of their addresses.
    pub connections: Vec<Connection>,
    /// Whether there are processes that this user must not look into.
    pub hides_owners: bool,
}

/// Those that were asked for.
#[derive(Debug)]
pub struct Selection {
    /// In the order of their addresses.
    pub connections: Vec<Connection>,
    /// So many fit, as far as can be seen, and no process was found that has them.
    pub ownerless: usize,
    /// So many of these may be another user's.
    pub hidden: usize,
}

impl List {
    /// Those that the filter fits.
    #[must_use]
    pub fn select(mut self, filter: &Filter) -> Selection {
        // Until it is accepted, and when it has been closed, it is nobody's.
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
    /// The processes that have them, each once, lowest first.
    #[must_use]
    pub fn pids(&self) -> Vec<u32> {
        let processes = self.connections.iter().flat_map(|each| &each.processes);
        let mut pids: Vec<u32> = processes.map(|process| process.pid).collect();
        pids.sort_unstable();
        pids.dedup();
        pids
    }
}

/// Every SMC socket of this network namespace.
///
/// # Errors
/// In words, when the kernel does not tell.
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
    // Cached: what is sorted is large.
    connections.sort_by_cached_key(|each| (each.local, each.peer, each.inode, each.cookie));
    Ok(List {
        connections,
        hides_owners: owners.are_hidden,
    })
}
