// SPDX-License-Identifier: MIT OR Apache-2.0
//! Every SMC socket of this network namespace, and those of them that are asked for.

use super::filter::Filter;
use super::groups::Groups;
use super::inner::Inner;
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
pub struct Picked {
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
    pub fn pick(mut self, filter: &Filter) -> Picked {
        // Until it is accepted, and when it has been closed, it is nobody's.
        let is_ownerless = |each: &&Connection| each.processes.is_empty() && each.inode != 0;
        let all = self.connections.iter();
        let ownerless = all.filter(|each| filter.fits_socket(each));
        let ownerless = ownerless.filter(is_ownerless).count();
        self.connections.retain(|each| filter.fits(each));
        Picked {
            connections: self.connections,
            ownerless,
            hidden: if self.hides_owners { ownerless } else { 0 },
        }
    }
}

impl Picked {
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
    let inner = Inner::of(&sockets);
    let owners = Owners::find(&inner.inodes(&sockets));
    let groups = if sockets.iter().any(|socket| socket.link.is_some()) {
        Groups::read()
    } else {
        Groups::default()
    };
    let mut connections: Vec<Connection> = sockets
        .iter()
        .map(|socket| {
            let found = inner.find(socket, &owners);
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
