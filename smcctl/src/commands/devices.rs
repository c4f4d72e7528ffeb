// SPDX-License-Identifier: MIT OR Apache-2.0
//! `smcctl devices`: the devices that SMC can use, grouped by pnetid.

mod table;

use crate::check::smc_state::{assign_interface_pnetids, assign_port_pnetids};
use crate::failure::{Failure, Outcome, EXIT_FALSE};
use crate::kernel::devices::{self, Known};
use crate::kernel::pnet::{self, Entry};
use crate::output::Output;
use crate::system::bus::{self, Ism, Place};
use crate::system::files::Root;
use crate::system::interfaces::{self, Interface};
use crate::system::ports::{self, Gid, Port};
use clap::Args;
use serde::Serialize;
use std::cmp::Ordering;
use std::process::ExitCode;

/// Arguments of `smcctl devices`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Only devices with this pnetid
    #[arg(long)]
    pnetid: Option<String>,
}

/// The kind of a device, in the order within a pnetid: first those that carry the data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    /// A port of an RDMA device.
    Ib,
    /// An ISM device.
    Ism,
    /// A network interface.
    Net,
}

/// A device, or a port of one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Device {
    /// Its pnetid, user-defined or of the hardware.
    pnetid: Option<String>,
    #[serde(rename = "type")]
    kind: Kind,
    name: String,
    /// The port of an RDMA device, from 1.
    port: Option<u8>,
    bus: Option<String>,
    bus_id: Option<String>,
    /// `up`, `down`, `init`, …
    state: String,
    speed_mbit: Option<u64>,
    /// The network interface of an RDMA port, or the lowest one below an interface.
    interface: Option<String>,
    /// The number of links, or of link groups of an ISM device, that use it.
    uses: Option<u32>,
    /// It is the last device of a link group: without it connections end.
    critical: bool,
    /// The GIDs of an RDMA port.
    gids: Vec<Gid>,
}

#[derive(Debug, Serialize)]
struct Devices {
    /// Whether SMC reported pnetids and ISM devices.
    pnetids_known: bool,
    devices: Vec<Device>,
}

/// Runs the command.
///
/// # Errors
/// When writing to standard output fails, and, after printing the devices, when SMC does
/// not report their pnetids.
pub fn run(arguments: &Arguments, output: &mut Output) -> Outcome {
    let (table, known, failure) = match read() {
        Ok((table, known)) => (table, known, None),
        Err(failure) => (Vec::new(), Known::default(), Some(failure)),
    };
    let mut devices = collect(&Root::new("/"), &table, &known);
    if let Some(wanted) = &arguments.pnetid {
        let wanted = wanted.to_ascii_uppercase();
        devices.retain(|device| device.pnetid.as_ref() == Some(&wanted));
    }
    let none = devices.is_empty();
    output.show(&Devices {
        pnetids_known: failure.is_none(),
        devices,
    })?;
    match failure {
        // Without SMC there are devices, but no pnetids.
        Some(failure) => Err(failure),
        None if none && arguments.pnetid.is_some() => Ok(ExitCode::from(EXIT_FALSE)),
        None => Ok(ExitCode::SUCCESS),
    }
}

fn read() -> Result<(Vec<Entry>, Known), Failure> {
    Ok((pnet::table()?, devices::read()?))
}

/// Collects all devices in order.
fn collect(root: &Root, table: &[Entry], known: &Known) -> Vec<Device> {
    let mut interfaces = interfaces::interfaces(root);
    assign_interface_pnetids(table, &mut interfaces);
    let mut ports = ports::ports(root);
    assign_port_pnetids(&known.rdma, &mut ports);
    let mut devices: Vec<Device> = interfaces.into_iter().map(Device::from).collect();
    devices.extend(ports.into_iter().map(|port| from_port(port, known, table)));
    devices.extend(isms(bus::isms(root), known));
    devices.sort_by(order);
    devices
}

impl Device {
    fn new(kind: Kind, name: String, place: Option<Place>) -> Self {
        let (bus, bus_id) = match place {
            Some(Place { bus, bus_id }) => (Some(bus), Some(bus_id)),
            None => (None, None),
        };
        Self {
            pnetid: None,
            kind,
            name,
            port: None,
            bus,
            bus_id,
            state: "up".to_owned(),
            speed_mbit: None,
            interface: None,
            uses: None,
            critical: false,
            gids: Vec::new(),
        }
    }
}

impl From<Interface> for Device {
    fn from(net: Interface) -> Self {
        Self {
            pnetid: net.pnetid,
            state: net.state.to_owned(),
            speed_mbit: net.speed,
            interface: (net.base != net.name).then_some(net.base),
            ..Self::new(Kind::Net, net.name, net.place)
        }
    }
}

fn from_port(port: Port, known: &Known, table: &[Entry]) -> Device {
    let smc = known
        .rdma
        .iter()
        .find(|device| device.name.as_deref() == Some(&port.device));
    // A device that SMC does not use, such as InfiniBand, is only in the table.
    let in_table = || {
        let entry = table.iter().find(|entry| {
            matches!(&entry.device, pnet::Device::Ib { name, port: number }
                if *name == port.device && *number == port.number)
        });
        entry.map(|entry| entry.pnetid.clone())
    };
    Device {
        pnetid: port.pnetid.clone().or_else(in_table),
        port: Some(port.number),
        state: match port.state.as_str() {
            "ACTIVE" => "up".to_owned(),
            other => other.to_lowercase(),
        },
        speed_mbit: port.speed,
        interface: port.interface,
        uses: smc
            .and_then(|device| device.port(port.number))
            .and_then(|port| port.links),
        critical: smc.is_some_and(|device| device.critical),
        gids: port.gids,
        ..Device::new(Kind::Ib, port.device, port.place)
    }
}

/// The ISM devices that SMC reports, those in sysfs, and loopback-ism, which is in no
/// list.
fn isms(plugged_in: Vec<Ism>, known: &Known) -> Vec<Device> {
    let ism = |bus_id: &str| {
        let place = Place {
            bus: "pci".to_owned(),
            bus_id: bus_id.to_owned(),
        };
        Device::new(Kind::Ism, bus_id.to_owned(), Some(place))
    };
    let mut devices: Vec<_> = known
        .ism
        .iter()
        .filter_map(|device| {
            Some(Device {
                pnetid: device.pnetid().cloned(),
                uses: device.uses,
                critical: device.critical,
                ..ism(device.bus_id.as_deref()?)
            })
        })
        .collect();
    for other in plugged_in {
        if devices.iter().all(|device| device.name != other.bus_id) {
            devices.push(Device {
                pnetid: other.pnetid,
                ..ism(&other.bus_id)
            });
        }
    }
    if known.has_loopback() {
        devices.push(Device::new(Kind::Ism, "loopback-ism".to_owned(), None));
    }
    devices
}

/// Orders devices with a pnetid by pnetid and kind, the others by bus ID.
fn order(a: &Device, b: &Device) -> Ordering {
    fn absent_last(a: Option<&String>, b: Option<&String>) -> Ordering {
        (a.is_none(), a).cmp(&(b.is_none(), b))
    }
    absent_last(a.pnetid.as_ref(), b.pnetid.as_ref())
        .then_with(|| match a.pnetid {
            Some(_) => a.kind.cmp(&b.kind),
            None => {
                absent_last(a.bus_id.as_ref(), b.bus_id.as_ref()).then_with(|| b.kind.cmp(&a.kind))
            }
        })
        .then_with(|| (&a.name, a.port).cmp(&(&b.name, b.port)))
}

#[cfg(test)]
mod tests;
