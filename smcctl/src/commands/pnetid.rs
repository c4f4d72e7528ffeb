// SPDX-License-Identifier: MIT OR Apache-2.0
//! `smcctl pnetid`: which devices share a network.

use crate::failure::{words, Failure, Outcome};
use crate::kernel::generic::{errno, refused, Family};
use crate::kernel::pnet::{self, Device, Entry};
use crate::output::{Column, Output, Report, Table};
use clap::{ArgGroup, Args, Subcommand};
use serde::Serialize;
use std::io;
use std::path::Path;
use std::process::ExitCode;

/// The maximum length of a pnetid.
const MAX_LEN: usize = 16;

/// Arguments of `smcctl pnetid`.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Show who has a pnetid (all, or those that have PNETID)
    Get {
        /// Letters and digits
        #[arg(value_parser = pnetid)]
        pnetid: Option<String>,
    },
    /// Give devices a pnetid, until the next boot
    Add(Add),
    /// Take a pnetid from all devices that have it
    Remove {
        /// Letters and digits
        #[arg(value_parser = pnetid)]
        pnetid: String,
    },
    /// Take every pnetid from every device
    Flush,
}

#[derive(Debug, Args)]
#[group(skip)]
#[command(group = ArgGroup::new("device").args(["net", "ib", "ism"]).required(true).multiple(true))]
struct Add {
    /// Letters and digits, at most 16; the kernel makes them capital
    #[arg(value_parser = pnetid)]
    pnetid: String,
    /// A network interface: eth0
    #[arg(short, long, short_alias = 'I', value_name = "INTERFACE")]
    net: Option<String>,
    /// An RDMA device: mlx5_0, rxe0
    #[arg(
        short,
        long,
        short_alias = 'D',
        value_name = "DEVICE",
        conflicts_with = "ism"
    )]
    ib: Option<String>,
    /// The port of the RDMA device
    #[arg(short, long, short_alias = 'P', default_value_t = 1, requires = "ib",
          value_parser = clap::value_parser!(u8).range(1..=2))]
    port: u8,
    /// An ISM device, by its bus id
    #[arg(long, value_name = "BUS-ID")]
    ism: Option<String>,
}

/// A pnetid as the kernel keeps it.
pub(crate) fn pnetid(text: &str) -> Result<String, String> {
    if text.is_empty() || text.len() > MAX_LEN || !text.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return Err(format!("expected 1 to {MAX_LEN} letters or digits"));
    }
    Ok(text.to_ascii_uppercase())
}

#[derive(Serialize)]
struct Pnetids {
    pnetids: Vec<Entry>,
}

impl Report for Pnetids {
    fn text(&self) -> String {
        let mut table = Table::new(&[
            Column::Left("PNETID"),
            Column::Left("TYPE"),
            Column::Left("NAME"),
            Column::Right("PORT"),
        ]);
        for entry in &self.pnetids {
            let (kind, name, port) = match &entry.device {
                Device::Net { name } => ("net", name, String::new()),
                Device::Ib { name, port } => ("ib", name, port.to_string()),
            };
            table.row([entry.pnetid.clone(), kind.to_owned(), name.clone(), port]);
        }
        table.text()
    }
}

/// Runs it.
///
/// # Errors
/// Why it could not be done.
pub fn run(arguments: &Arguments, output: &mut Output) -> Outcome {
    match &arguments.action {
        None => show(None, output),
        Some(Action::Get { pnetid }) => show(pnetid.as_deref(), output),
        Some(Action::Add(add)) => add_to_table(add, output),
        Some(Action::Remove { pnetid }) => {
            pnet::remove(Family::pnetid()?, pnetid).map_err(|error| {
                match error.raw_os_error() {
                    Some(errno::ENOENT) => Failure::new(format!("no device has pnetid {pnetid}")),
                    _ => refused("remove a pnetid", &error),
                }
            })?;
            output.say(&format!("pnetid {pnetid}: removed from all devices"))?;
            show(None, output)
        }
        Some(Action::Flush) => {
            pnet::flush(Family::pnetid()?).map_err(|error| refused("flush the pnetids", &error))?;
            output.say("all pnetids removed")?;
            show(None, output)
        }
    }
}

fn show(wanted: Option<&str>, output: &mut Output) -> Outcome {
    let mut pnetids = pnet::table()?;
    pnetids.retain(|entry| wanted.is_none_or(|wanted| wanted == entry.pnetid));
    let none = pnetids.is_empty();
    if none && !output.is_json() {
        output.say(&match wanted {
            Some(pnetid) => format!("no device has pnetid {pnetid}"),
            None => "no device has a pnetid that was set by hand".to_owned(),
        })?;
    } else {
        output.show(&Pnetids { pnetids })?;
    }
    Ok(ExitCode::from(u8::from(none && wanted.is_some())))
}

fn add_to_table(add: &Add, output: &mut Output) -> Outcome {
    let ib = add.ib.as_deref().map(|name| (name, add.port));
    let ism = add.ism.as_deref().map(|name| (name, 1));
    give(&add.pnetid, add.net.as_deref(), ib.or(ism))?;
    for (folder, name) in [("net", &add.net), ("infiniband", &add.ib)] {
        if let Some(name) = name {
            if !Path::new("/sys/class").join(folder).join(name).exists() {
                output.say(&format!("note: there is no device {name} yet"))?;
            }
        }
    }
    show(Some(&add.pnetid), output)
}

/// Gives a pnetid to a network interface, to a port of an RDMA device or an ISM device,
/// or to both.
pub(crate) fn give(pnetid: &str, net: Option<&str>, ib: Option<(&str, u8)>) -> Result<(), Failure> {
    pnet::add(Family::pnetid()?, pnetid, net, ib)
        .map_err(|error| not_added(pnetid, &[net, ib.map(|(name, _)| name)], &error))
}

fn not_added(pnetid: &str, devices: &[Option<&str>], error: &io::Error) -> Failure {
    match error.raw_os_error() {
        Some(errno::EEXIST) => {
            // The table tells who has which; what is not in it came with the hardware.
            let taken = pnet::table().unwrap_or_default().into_iter().find(|entry| {
                let (Device::Net { name } | Device::Ib { name, .. }) = &entry.device;
                devices.contains(&Some(name))
            });
            match taken {
                Some(Entry { pnetid, device }) => {
                    let (Device::Net { name } | Device::Ib { name, .. }) = device;
                    Failure::new(format!("{name} already has pnetid {pnetid}"))
                        .fixed_by(format!("sudo smcctl pnetid remove {pnetid}"))
                }
                None => Failure::new(
                    "the device already has a pnetid, from the hardware, or does not take one here",
                ),
            }
        }
        Some(errno::EINVAL) => Failure::new("the kernel takes no such pnetid, device or port"),
        Some(errno::EPERM | errno::EACCES) => refused("add a pnetid", error),
        _ => Failure::new(format!("cannot add pnetid {pnetid}: {}", words(error))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pnetid_is_checked_before_the_kernel_is_asked() {
        assert_eq!(pnetid("test1"), Ok("TEST1".to_owned()));
        for bad in ["", "seventeenletters1", "a b", "a-b", "é"] {
            assert!(pnetid(bad).is_err(), "{bad}");
        }
    }
}
