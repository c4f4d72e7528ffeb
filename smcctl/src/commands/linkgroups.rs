// SPDX-License-Identifier: MIT OR Apache-2.0
//! `smcctl linkgroups`: link groups, which connections between two hosts share.

use crate::failure::Outcome;
use crate::kernel::link_groups::{self, Group, Kind};
use crate::output::{bytes, styled, Column, Output, Report, Table, STRONG};
use clap::Args;
use serde::Serialize;
use std::fmt::{Display, Write};
use std::process::ExitCode;

/// The technologies to show: both, unless one is named.
#[derive(Clone, Copy, Debug, Default, Args)]
pub struct Technologies {
    /// Only SMC-R, over RDMA
    #[arg(long, conflicts_with = "smcd")]
    smcr: bool,
    /// Only SMC-D, over shared memory within one machine
    #[arg(long)]
    smcd: bool,
}

impl Technologies {
    /// Whether to show a technology.
    #[must_use]
    pub fn has(self, kind: Kind) -> bool {
        match kind {
            Kind::SmcR => !self.smcd,
            Kind::SmcD => !self.smcr,
        }
    }
}

/// Arguments of `smcctl linkgroups`.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    technologies: Technologies,
    /// Show all details
    #[arg(short, long)]
    details: bool,
}

#[derive(Serialize)]
struct Groups {
    linkgroups: Vec<Group>,
    #[serde(skip)]
    details: bool,
}

impl Report for Groups {
    fn text(&self) -> String {
        if self.details {
            let blocks: Vec<_> = self.linkgroups.iter().map(details).collect();
            return blocks.join("\n");
        }
        let mut table = Table::new(&[
            Column::Left("GROUP"),
            Column::Left("KIND"),
            Column::Left("ROLE"),
            Column::Left("TYPE"),
            Column::Left("VER"),
            Column::Right("VLAN"),
            Column::Right("CONNS"),
            Column::Left("PNETID"),
        ]);
        for group in &self.linkgroups {
            table.row([
                group.id.to_string(),
                kind(group).to_owned(),
                or_dash(group.role),
                or_dash(group.links),
                version(group),
                or_dash(group.vlan),
                or_dash(group.connections),
                or_dash(group.pnetid.as_ref()),
            ]);
        }
        table.text()
    }
}

/// Formats a value, or a dash if the kernel does not report it.
pub(super) fn or_dash<T: Display>(value: Option<T>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| value.to_string())
}

fn kind(group: &Group) -> &'static str {
    match group.kind {
        Kind::SmcR => "SMC-R",
        Kind::SmcD => "SMC-D",
    }
}

/// `1`, `2`, or `2.1` with the release of the peer.
fn version(group: &Group) -> String {
    match group.agreement.peer_release {
        Some(release) if release > 0 => format!("{}.{release}", group.version),
        _ => group.version.to_string(),
    }
}

/// The details of a group, one per line, without unknown ones.
fn details(group: &Group) -> String {
    let title = format!("{} {}", group.id, kind(group));
    let mut text = format!("{}\n", styled(title, STRONG));
    let agreement = &group.agreement;
    let facts: [(&str, Option<String>); 19] = [
        ("role", group.role.map(str::to_owned)),
        ("type", group.links.map(str::to_owned)),
        ("version", Some(version(group))),
        ("EID", agreement.eid.clone()),
        ("peer", agreement.peer_host.clone()),
        ("peer's system", agreement.peer_system.map(str::to_owned)),
        ("same subnet", group.direct.map(yes_or_no)),
        ("VLAN", group.vlan.map(|vlan| vlan.to_string())),
        ("pnetid", group.pnetid.clone()),
        ("connections", group.connections.map(|n| n.to_string())),
        ("at most", group.max_connections.map(|n| n.to_string())),
        ("links, at most", group.max_links.map(|n| n.to_string())),
        ("GID", group.gid.clone()),
        ("peer's GID", group.peer_gid.clone()),
        ("CHID", group.chid.map(|chid| format!("{chid:04x}"))),
        ("buffers", group.buffer_type.map(str::to_owned)),
        ("send buffers", group.send_memory.map(bytes)),
        ("receive buffers", group.receive_memory.map(bytes)),
        (
            "net cookie",
            group.net_cookie.map(|cookie| cookie.to_string()),
        ),
    ];
    for (name, fact) in facts {
        if let Some(fact) = fact {
            let _ = writeln!(text, "  {name:17}{fact}");
        }
    }
    text
}

fn yes_or_no(is: bool) -> String {
    if is { "yes" } else { "no" }.to_owned()
}

/// Runs the command.
///
/// # Errors
/// When the kernel refuses it.
pub fn run(arguments: &Arguments, output: &mut Output) -> Outcome {
    let mut linkgroups = Vec::new();
    for kind in [Kind::SmcR, Kind::SmcD] {
        if arguments.technologies.has(kind) {
            linkgroups.extend(link_groups::groups(kind)?);
        }
    }
    if linkgroups.is_empty() {
        output.say("no link group: no SMC connection now or in the last minutes")?;
        if !output.is_json() {
            return Ok(ExitCode::SUCCESS);
        }
    }
    output.show(&Groups {
        linkgroups,
        details: arguments.details,
    })?;
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::link_groups::{Agreement, Id};

    fn widest() -> Group {
        Group {
            id: Id(0x100),
            kind: Kind::SmcR,
            role: Some("server"),
            links: Some("asymmetric-local"),
            version: 2,
            vlan: Some(255),
            pnetid: Some("SIXTEENLETTERS16".to_owned()),
            connections: Some(255),
            max_connections: Some(255),
            max_links: Some(2),
            agreement: Agreement {
                eid: Some("E".repeat(32)),
                peer_host: Some("H".repeat(32)),
                peer_system: Some("Linux"),
                peer_release: Some(1),
            },
            direct: Some(true),
            gid: Some(link_groups::ism_gid(u64::MAX, Some(u64::MAX))),
            peer_gid: None,
            chid: Some(0xffff),
            buffer_type: Some("physical"),
            send_memory: Some(1 << 20),
            receive_memory: Some(u64::MAX),
            net_cookie: Some(u64::MAX),
        }
    }

    #[test]
    fn the_widest_group_fits() {
        for details in [false, true] {
            let groups = Groups {
                linkgroups: vec![widest()],
                details,
            };
            let plain = anstream::adapter::strip_str(&groups.text()).to_string();
            let widest = plain.lines().map(|line| line.chars().count()).max();
            assert!(widest <= Some(80), "{plain}");
            assert_eq!(
                plain.lines().count(),
                if details { 19 } else { 2 },
                "{plain}"
            );
            assert!(plain.contains("2.1"), "{plain}");
        }
    }
}
