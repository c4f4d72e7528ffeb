// SPDX-License-Identifier: MIT OR Apache-2.0
//! Which connections are asked for.

use super::Connection;
use crate::kernel::diag::Mode;
use clap::{Args, ValueEnum};
use glob::Pattern;

/// The filters. Those of a kind are alternatives; different kinds must all fit.
#[derive(Clone, Debug, Default, Args)]
pub struct Filter {
    /// Only sockets of this process
    #[arg(long, value_name = "N", value_delimiter = ',')]
    pub pid: Vec<u32>,
    /// Only sockets of this program: a glob for its name, or for its whole path
    #[arg(long, value_name = "GLOB")]
    pub program: Vec<Pattern>,
    /// Only sockets with this port on one of the two sides
    #[arg(long, value_name = "P", value_delimiter = ',')]
    pub port: Vec<u16>,
    /// Only sockets of this kind
    #[arg(long, value_name = "MODE", value_delimiter = ',')]
    pub mode: Vec<Kind>,
}

/// The kinds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    /// Over RDMA
    #[value(name = "smc-r", alias = "smcr")]
    SmcR,
    /// Through shared memory
    #[value(name = "smc-d", alias = "smcd")]
    SmcD,
    /// Whatever has not fallen back
    Smc,
    /// Fallen back
    Tcp,
}

impl Filter {
    /// Whether this is one that is asked for.
    #[must_use]
    pub fn fits(&self, connection: &Connection) -> bool {
        fn any<T>(those: &[T], fits: impl Fn(&T) -> bool) -> bool {
            those.is_empty() || those.iter().any(fits)
        }
        let processes = &connection.processes;
        any(&self.pid, |pid| {
            processes.iter().any(|process| process.pid == *pid)
        }) && any(&self.program, |glob| {
            processes.iter().any(|process| {
                let file_name = process.file.rsplit('/').next().unwrap_or_default();
                let names = [process.program.as_str(), file_name, &process.file];
                names.iter().any(|name| glob.matches(name))
            })
        }) && any(&self.port, |port| {
            connection.local.port == *port || connection.peer.is_some_and(|peer| peer.port == *port)
        }) && any(&self.mode, |kind| match kind {
            Kind::SmcR => connection.mode == Mode::SmcR,
            Kind::SmcD => connection.mode == Mode::SmcD,
            Kind::Smc => connection.mode != Mode::Tcp,
            Kind::Tcp => connection.mode == Mode::Tcp,
        })
    }
}
