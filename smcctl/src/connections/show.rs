// SPDX-License-Identifier: MIT OR Apache-2.0
//! Formats connections: a line each, and details below it.

use super::{Connection, Endpoint};
use crate::commands::explain::wrapped;
use crate::explain::codes::in_words;
use crate::kernel::diag::Mode;
use crate::output::{bytes, styled, DOUBTFUL, GOOD, STRONG, WIDTH};
use std::fmt::Write;

const MODE: usize = 5;
const GAP: usize = 2;
/// The position of the second column.
const INDENT: &str = "       ";
/// The maximum length of program names.
const MAX_NAME: usize = 40;

/// Formats an endpoint, with `?` for an unknown address.
#[must_use]
pub fn endpoint(endpoint: Option<Endpoint>) -> String {
    match endpoint {
        None | Some(Endpoint { port: 0, .. }) => "-".to_owned(),
        Some(Endpoint {
            address: Some(address),
            port,
        }) => std::net::SocketAddr::new(address, port).to_string(),
        Some(Endpoint { port, .. }) => format!("?:{port}"),
    }
}

/// The processes: `nginx/4711 +3`.
#[must_use]
pub fn program(connection: &Connection) -> String {
    let Some(first) = connection.processes.first() else {
        return "-".to_owned();
    };
    let name: String = first.program.chars().take(MAX_NAME).collect();
    let name = format!("{name}/{}", first.pid);
    match connection.processes.len() {
        1 => name,
        count => format!("{name} +{}", count - 1),
    }
}

/// The reasons for TCP on this side and that of the peer.
#[must_use]
pub fn reasons(connection: &Connection) -> [Option<String>; 2] {
    let fallback = connection.fallback.unwrap_or_default();
    [fallback.own, fallback.peer].map(|code| (code != 0).then(|| in_words(code)))
}

/// The details below the line.
fn details(connection: &Connection) -> Vec<String> {
    let mut details = Vec::new();
    if let Some(group) = &connection.link_group {
        details.push(format!("link group {group}"));
    }
    details.extend(connection.device.clone());
    if let Some(buffers) = connection.buffers {
        let [send, receive] = [buffers.send, buffers.receive].map(|size| bytes(size.into()));
        details.push(format!("buffers {send}/{receive}"));
    }
    if connection.peer.is_some() {
        details.push(match connection.bytes {
            Some(count) => format!(
                "{} sent, {} received",
                bytes(count.sent),
                bytes(count.received)
            ),
            None => "bytes n/a".to_owned(),
        });
    }
    details
}

/// The widths of the columns, and which columns fit.
#[derive(Clone, Copy)]
struct Layout {
    state: usize,
    local: usize,
    peer: usize,
    has_program: bool,
    has_peer: bool,
}

impl Layout {
    fn of(lines: &[[String; 4]]) -> Self {
        let width = |column: usize, name: &str| {
            let widths = lines.iter().filter_map(|line| line.get(column));
            let widths = widths.map(|cell| cell.chars().count());
            widths.max().unwrap_or(0).max(name.len())
        };
        let [state, local, peer, program] =
            [(0, "STATE"), (1, "LOCAL"), (2, "PEER"), (3, "PROGRAM")]
                .map(|(column, name)| width(column, name));
        let width = usize::from(WIDTH);
        let with_peer = MODE + state + local + peer + 3 * GAP;
        Self {
            state,
            local,
            peer,
            has_program: with_peer + GAP + program <= width,
            has_peer: with_peer <= width,
        }
    }

    /// `mode` is separate, since it may contain a style.
    fn line(&self, mode: &str, [state, local, peer, program]: [&str; 4]) -> String {
        let gap = " ".repeat(GAP);
        let mut line = format!("{mode}{gap}{state:width$}{gap}", width = self.state);
        let _ = write!(line, "{local:width$}", width = self.local);
        if self.has_peer {
            let _ = write!(line, "{gap}{peer:width$}", width = self.peer);
        }
        if self.has_program {
            let _ = write!(line, "{gap}{program}");
        }
        let mut line = line.trim_end().to_owned();
        line.push('\n');
        if !self.has_peer && peer != "-" {
            let indent = " ".repeat(MODE + GAP + self.state + GAP);
            let _ = writeln!(line, "{indent}{peer}");
        }
        line
    }
}

/// Formats all connections.
#[must_use]
pub fn text(connections: &[Connection]) -> String {
    let lines: Vec<[String; 4]> = connections
        .iter()
        .map(|each| {
            let state = each.state.name().to_owned();
            [
                state,
                endpoint(Some(each.local)),
                endpoint(each.peer),
                program(each),
            ]
        })
        .collect();
    let layout = Layout::of(&lines);
    let heading = layout.line("MODE ", ["STATE", "LOCAL", "PEER", "PROGRAM"]);
    let mut text = String::new();
    for line in heading.lines() {
        let _ = writeln!(text, "{}", styled(line, STRONG));
    }
    for (connection, line) in connections.iter().zip(&lines) {
        let mode = format!("{:MODE$}", connection.mode.name());
        let style = if connection.mode == Mode::Tcp {
            DOUBTFUL
        } else {
            GOOD
        };
        text += &layout.line(&styled(mode, style), line.each_ref().map(String::as_str));
        let mut details = details(connection);
        let [.., program] = line;
        if !layout.has_program && program != "-" {
            details.insert(0, program.clone());
        }
        if !details.is_empty() {
            text += &wrapped(&details.join(", "), INDENT);
        }
        let [own, peer] = reasons(connection);
        for (whose, reason) in [("why", own), ("peer", peer)] {
            if let Some(reason) = reason {
                text += &wrapped(&reason, &format!("{INDENT}{whose}: "));
            }
        }
    }
    text
}
