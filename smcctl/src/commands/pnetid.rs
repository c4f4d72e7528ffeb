// SPDX-License-Identifier: MIT OR Apache-2.0
//! `smcctl pnetid`: the pnetids of devices.

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
    /// Show the devices with a pnetid [default: with any]
    Get {
        /// Letters and digits
        #[arg(value_parser = pnetid)]
        pnetid: Option<String>,
    },
    /// Assign a pnetid to devices, until the next boot
    Add(Add),
    /// Remove a pnetid from all devices
    Remove {
        /// Letters and digits
        #[arg(value_parser = pnetid)]
        pnetid: String,
    },
    /// Remove all pnetids
    Flush,
}

#[derive(Debug, Args)]
#[group(skip)]
#[command(group = ArgGroup::new("device").args(["net", "ib", "ism"]).required(true).multiple(true))]
struct Add {
    /// At most 16 letters and digits; the kernel converts them to upper case
    #[arg(value_parser = pnetid)]
    pnetid: String,
    /// A network interface, such as eth0
    #[arg(short, long, short_alias = 'I', value_name = "INTERFACE")]
    net: Option<String>,
    /// An RDMA device, such as mlx5_0
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
    /// The bus ID of an ISM device
    #[arg(long, value_name = "BUS-ID")]
    ism: Option<String>,
}

/// Parses a pnetid, in the form that the kernel stores.
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

/// Runs the command.
///
/// # Errors
/// When the kernel refuses it.
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
            None => "no user-defined pnetids".to_owned(),
        })?;
    } else {
        output.show(&Pnetids { pnetids })?;
    }
    Ok(ExitCode::from(u8::from(none && wanted.is_some())))
}

fn add_to_table(add: &Add, output: &mut Output) -> Outcome {
    let ib = add.ib.as_deref().map(|name| (name, add.port));
    let ism = add.ism.as_deref().map(|name| (name, 1));
    assign(&add.pnetid, add.net.as_deref(), ib.or(ism))?;
    for (folder, name) in [("net", &add.net), ("infiniband", &add.ib)] {
        if let Some(name) = name {
            if !Path::new("/sys/class").join(folder).join(name).exists() {
                output.say(&format!("note: device {name} does not exist yet"))?;
            }
        }
    }
    show(Some(&add.pnetid), output)
}

/// Assigns a pnetid to a network interface, to a port of an RDMA device or an ISM device,
/// or to both.
pub(crate) fn assign(
    pnetid: &str,
    net: Option<&str>,
    ib: Option<(&str, u8)>,
) -> Result<(), Failure> {
    pnet::add(Family::pnetid()?, pnetid, net, ib)
        .map_err(|error| add_failure(pnetid, &[net, ib.map(|(name, _)| name)], &error))
}

fn add_failure(pnetid: &str, devices: &[Option<&str>], error: &io::Error) -> Failure {
    match error.raw_os_error() {
        Some(errno::EEXIST) => {
            // Pnetids that are not in the table are those of the hardware.
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
                    "the device has a pnetid of its hardware, or does not support one here",
                ),
            }
        }
        Some(errno::EINVAL) => Failure::new("the kernel rejects this pnetid, device or port"),
        Some(errno::EPERM | errno::EACCES) => refused("add a pnetid", error),
        _ => Failure::new(format!("cannot add pnetid {pnetid}: {}", words(error))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invalid_pnetid_is_rejected() {
        assert_eq!(pnetid("test1"), Ok("TEST1".to_owned()));
        for bad in ["", "seventeenletters1", "a b", "a-b", "é"] {
            assert!(pnetid(bad).is_err(), "{bad}");
        }
    }
}
