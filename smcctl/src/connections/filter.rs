// SPDX-License-Identifier: MIT OR Apache-2.0
//! The filters of `smcctl connections`.

use super::{Connection, State};
use crate::kernel::diag::Mode;
use clap::{Args, ValueEnum};
use glob::Pattern;

/// The filters. Values of one filter are alternatives; all filters must match.
#[derive(Clone, Debug, Default, Args)]
pub struct Filter {
    /// Only sockets of this process
    #[arg(long, value_name = "N", value_delimiter = ',')]
    pub pid: Vec<u32>,
    /// Only sockets of this program: a glob for its name or its full path
    #[arg(long, value_name = "GLOB")]
    pub program: Vec<Pattern>,
    /// Only sockets with this local or peer port
    #[arg(long, value_name = "P", value_delimiter = ',')]
    pub port: Vec<u16>,
    /// Only sockets with this local port
    #[arg(long, value_name = "P", value_delimiter = ',')]
    pub local_port: Vec<u16>,
    /// Only sockets in this state
    #[arg(long, value_name = "STATE", value_delimiter = ',')]
    pub state: Vec<State>,
    /// Only sockets in this mode
    #[arg(long, value_name = "MODE", value_delimiter = ',')]
    pub mode: Vec<Kind>,
}

/// The modes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    /// Over RDMA
    #[value(name = "smc-r", alias = "smcr")]
    SmcR,
    /// Through shared memory
    #[value(name = "smc-d", alias = "smcd")]
    SmcD,
    /// Any but TCP
    Smc,
    /// Fallen back
    Tcp,
}

fn any<T>(values: &[T], matches: impl Fn(&T) -> bool) -> bool {
    values.is_empty() || values.iter().any(matches)
}

impl Filter {
    /// Whether all filters match.
    #[must_use]
    pub fn matches(&self, connection: &Connection) -> bool {
        self.matches_socket(connection) && self.matches_owner(connection)
    }

    /// Whether the filters match that are not about processes.
    #[must_use]
    pub fn matches_socket(&self, connection: &Connection) -> bool {
        let (local, peer) = (connection.local.port, connection.peer.map(|peer| peer.port));
        any(&self.port, |port| local == *port || peer == Some(*port))
            && any(&self.local_port, |port| local == *port)
            && any(&self.state, |state| connection.state == *state)
            && any(&self.mode, |kind| match kind {
                Kind::SmcR => connection.mode == Mode::SmcR,
                Kind::SmcD => connection.mode == Mode::SmcD,
                Kind::Smc => connection.mode != Mode::Tcp,
                Kind::Tcp => connection.mode == Mode::Tcp,
            })
    }

    fn matches_owner(&self, connection: &Connection) -> bool {
        let processes = &connection.processes;
        any(&self.pid, |pid| {
            processes.iter().any(|process| process.pid == *pid)
        }) && any(&self.program, |glob| {
            processes.iter().any(|process| {
                let file_name = process.file.rsplit('/').next().unwrap_or_default();
                let names = [process.program.as_str(), file_name, &process.file];
                names.iter().any(|name| glob.matches(name))
            })
        })
    }
}
