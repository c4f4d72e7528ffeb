// SPDX-License-Identifier: MIT OR Apache-2.0
//! `smcctl links`: the links of SMC-R link groups.

use super::linkgroups::or_dash;
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
    /// Show all details
    #[arg(short, long)]
    details: bool,
}

/// A link with the name of its interface in this network namespace.
#[derive(Serialize)]
struct NamedLink {
    #[serde(flatten)]
    link: Link,
    interface: Option<String>,
}

#[derive(Serialize)]
struct Links {
    links: Vec<NamedLink>,
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
        for NamedLink { link, interface } in &self.links {
            table.row([
                or_dash(link.group),
                link.id.to_string(),
                or_dash(link.state),
                or_dash(link.device.as_ref()),
                or_dash(link.port),
                or_dash(interface.as_ref()),
                or_dash(link.connections),
                or_dash(link.peer_gid.as_ref()),
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
        for NamedLink { link, .. } in &self.links {
            more.row([
                or_dash(link.group),
                link.id.to_string(),
                or_dash(link.uid),
                or_dash(link.peer_uid),
                or_dash(link.gid.as_ref()),
            ]);
        }
        format!("{}\n{}", table.text(), more.text())
    }
}

/// Runs the command.
///
/// # Errors
/// When the kernel refuses it.
pub fn run(arguments: &Arguments, output: &mut Output) -> Outcome {
    let links = links::links()?;
    if links.is_empty() && !output.is_json() {
        output.say("no link: no SMC-R connection now or in the last minutes")?;
        return Ok(ExitCode::SUCCESS);
    }
    let interfaces = interfaces::interfaces(&Root::new("/"));
    let name = |index: u32| {
        let found = interfaces.iter().find(|one| one.index == index);
        found.map(|one| one.name.clone())
    };
    let links = links
        .into_iter()
        .map(|link| NamedLink {
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
    fn the_widest_link_fits_without_truncation() {
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
            links: vec![NamedLink {
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
