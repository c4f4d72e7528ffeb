// SPDX-License-Identifier: MIT OR Apache-2.0
//! `smcctl links`: the paths of the link groups of SMC-R.

use super::linkgroups::shown;
use crate::failure::Outcome;
use crate::kernel::links::{self, Link};
use crate::output::{Column, Output, Report, Table};
use crate::system::files::Root;
use crate::system::interfaces;
use clap::Args;
use serde::Serialize;
use std::process::ExitCode;

/// Arguments of `smcctl links`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Everything that the kernel tells
    #[arg(short, long)]
    details: bool,
}

/// A link, and the name of its interface in this network namespace.
#[derive(Serialize)]
struct Named {
    #[serde(flatten)]
    link: Link,
    interface: Option<String>,
}

#[derive(Serialize)]
struct Links {
    links: Vec<Named>,
    #[serde(skip)]
    details: bool,
}

impl Report for Links {
    fn text(&self) -> String {
        let mut table = Table::new(&[
            Column::Left("GROUP"),
            Column::Right("LINK"),
            Column::Left("STATE"),
            Column::Left("DEVICE"),
            Column::Right("PORT"),
            Column::Left("NET"),
            Column::Right("CONNS"),
            Column::Left("PEER GID"),
        ]);
        for Named { link, interface } in &self.links {
            table.row([
                shown(link.group),
                link.id.to_string(),
                shown(link.state),
                shown(link.device.as_ref()),
                shown(link.port),
                shown(interface.as_ref()),
                shown(link.connections),
                shown(link.peer_gid.as_ref()),
            ]);
        }
        if !self.details {
            return table.text();
        }
        let mut more = Table::new(&[
            Column::Left("GROUP"),
            Column::Right("LINK"),
            Column::Left("UID"),
            Column::Left("PEER UID"),
            Column::Left("GID"),
        ]);
        for Named { link, .. } in &self.links {
            more.row([
                shown(link.group),
                link.id.to_string(),
                shown(link.uid),
                shown(link.peer_uid),
                shown(link.gid.as_ref()),
            ]);
        }
        format!("{}\n{}", table.text(), more.text())
    }
}

/// Runs it.
///
/// # Errors
/// Why it could not be done.
pub fn run(arguments: &Arguments, output: &mut Output) -> Outcome {
    let links = links::links()?;
    if links.is_empty() && !output.is_json() {
        output.say("no link: there is no SMC-R connection, and was none a short while ago")?;
        return Ok(ExitCode::SUCCESS);
    }
    let interfaces = interfaces::interfaces(&Root::new("/"));
    let name = |index: u32| {
        let found = interfaces.iter().find(|one| one.index == index);
        found.map(|one| one.name.clone())
    };
    let links = links
        .into_iter()
        .map(|link| Named {
            interface: link.interface_index.and_then(name),
            link,
        })
        .collect();
    output.show(&Links {
        links,
        details: arguments.details,
    })?;
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::link_groups::Id;

    #[test]
    fn the_widest_link_fits_and_loses_nothing() {
        let gid = "fe80:1111:2222:3333:4444:5555:6666:7777";
        let link = Link {
            group: Some(Id(0x100)),
            id: 255,
            state: Some("activating"),
            device: Some("mlx5_bond_0".to_owned()),
            port: Some(2),
            interface_index: Some(1),
            gid: Some(gid.to_owned()),
            peer_gid: Some(gid.to_owned()),
            connections: Some(u32::MAX),
            uid: Some(Id(1)),
            peer_uid: None,
        };
        let links = Links {
            links: vec![Named {
                link,
                interface: Some("fifteenletters1".to_owned()),
            }],
            details: true,
        };
        let plain = anstream::adapter::strip_str(&links.text()).to_string();
        let widest = plain.lines().map(|line| line.chars().count()).max();
        assert!(widest <= Some(80), "{plain}");
        assert!(plain.contains(gid), "{plain}");
    }
}
