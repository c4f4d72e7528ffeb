// SPDX-License-Identifier: MIT OR Apache-2.0
//! The state of a host, and which devices an interface can use.

use super::kernel::Kernel;
use super::smc_state::SmcState;
use crate::kernel::devices::Device;
use crate::system::interfaces::Interface;
use crate::system::ports::{Gid, Port, Roce};

/// A host.
#[derive(Clone, Debug, Default)]
pub struct Host {
    /// Its kernel.
    pub kernel: Kernel,
    /// Its network interfaces.
    pub interfaces: Vec<Interface>,
    /// Its RDMA ports.
    pub ports: Vec<Port>,
    /// The state of SMC; `None` if SMC is not loaded.
    pub smc: Option<SmcState>,
    /// Whether the command `rdma` is installed.
    pub has_rdma_command: bool,
}

/// The interface of a connection and the RDMA port that carries its data.
#[derive(Clone, Copy, Debug)]
pub struct Path<'a> {
    /// The interface.
    pub interface: &'a Interface,
    /// The port.
    pub port: &'a Port,
}

impl Path<'_> {
    /// Its name: `eth0 with rxe0 port 1`.
    #[must_use]
    pub fn label(&self) -> String {
        format!("{} with {}", self.interface.name, self.port.label())
    }
}

impl Host {
    /// The interfaces that are up and have an address.
    pub fn usable_interfaces(&self) -> impl Iterator<Item = &Interface> {
        self.interfaces
            .iter()
            .filter(|one| one.up && one.name != "lo" && (one.ipv6 || !one.ipv4.is_empty()))
    }

    /// Whether the kernel uses a port for an interface: one with the same pnetid, or, if the
    /// interface has no pnetid, its own.
    #[must_use]
    pub fn can_use(interface: &Interface, port: &Port) -> bool {
        match &interface.pnetid {
            Some(pnetid) => port.pnetid.as_ref() == Some(pnetid),
            None => port
                .interface
                .as_deref()
                .is_some_and(|name| name == interface.base),
        }
    }

    /// Every usable interface with every active port that it can use.
    pub fn paths(&self) -> impl Iterator<Item = Path<'_>> {
        self.usable_interfaces().flat_map(|interface| {
            self.ports
                .iter()
                .filter(|port| port.is_roce() && port.is_active())
                .filter(|port| Self::can_use(interface, port))
                .map(move |port| Path { interface, port })
        })
    }

    /// The paths that SMC-R version 1 can use.
    #[must_use]
    pub fn paths_v1(&self) -> Vec<Path<'_>> {
        self.paths()
            .filter(|path| path.port.gids.iter().any(|gid| gid.roce == Roce::V1))
            .collect()
    }

    /// The paths that SMC-R version 2 can use: the port has an IPv4 GID in the subnet of the
    /// interface.
    #[must_use]
    pub fn paths_v2(&self) -> Vec<Path<'_>> {
        self.paths().filter(|path| self.can_v2(path)).collect()
    }

    fn can_v2(&self, path: &Path) -> bool {
        path.port
            .gids
            .iter()
            .filter(|gid| is_v2(gid))
            .filter_map(|gid| gid.interface.as_ref())
            .filter_map(|name| self.interfaces.iter().find(|one| one.name == *name))
            .flat_map(|interface| &interface.ipv4)
            .any(|subnet| {
                path.interface
                    .ipv4
                    .iter()
                    .any(|own| subnet.contains(own.address))
            })
    }

    /// The ISM devices that SMC-D version 1 can use: those with the pnetid of an interface.
    #[must_use]
    pub fn ism_v1(&self) -> Vec<&Device> {
        let same = |ism: &&Device| {
            ism.pnetid().is_some_and(|pnetid| {
                self.usable_interfaces()
                    .any(|one| one.pnetid.as_ref() == Some(pnetid))
            })
        };
        self.smc
            .iter()
            .flat_map(|smc| &smc.devices.ism)
            .filter(same)
            .collect()
    }
}

/// Whether SMC-R version 2 can use a GID: it needs IPv4 GIDs of RoCE version 2.
#[must_use]
pub fn is_v2(gid: &Gid) -> bool {
    gid.roce == Roce::V2 && gid.address.to_ipv4_mapped().is_some()
}
