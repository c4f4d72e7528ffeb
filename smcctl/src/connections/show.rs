// SPDX-License-Identifier: MIT OR Apache-2.0
//! Connections for people: a line each with what it is, whose and with whom, and
//! under it what else is known.

use super::{Connection, End};
use crate::commands::explain::wrapped;
use crate::explain::codes::in_words;
use crate::kernel::diag::Mode;
use crate::output::{bytes, styled, DOUBTFUL, GOOD, STRONG, WIDTH};
use std::fmt::Write;

const MODE: usize = 5;
const GAP: usize = 2;
/// Under the first column but one.
const INDENT: &str = "       ";
/// Longer names of programs are cut.
const LONGEST_NAME: usize = 40;

/// An end as people write it; `?` for an address that could not be found out.
#[must_use]
pub fn end(end: Option<End>) -> String {
    match end {
        None | Some(End { port: 0, .. }) => "-".to_owned(),
        Some(End {
            address: Some(address),
            port,
        }) => std::net::SocketAddr::new(address, port).to_string(),
        Some(End { port, .. }) => format!("?:{port}"),
    }
}

/// The processes that have it: `nginx/4711 and 3 more`.
#[must_use]
pub fn program(connection: &Connection) -> String {
    let Some(first) = connection.processes.first() else {
        return "-".to_owned();
    };
    let cut: String = first.program.chars().take(LONGEST_NAME).collect();
    let name = format!("{cut}/{}", first.pid);
    match connection.processes.len() {
        1 => name,
        count => format!("{name} +{}", count - 1),
    }
}

/// Why it is TCP, in words: the own reason and what the peer said.
#[must_use]
pub fn reasons(connection: &Connection) -> [Option<String>; 2] {
    let fallback = connection.fallback.unwrap_or_default();
    [fallback.own, fallback.peer].map(|code| (code != 0).then(|| in_words(code)))
}

/// What stands under the line.
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

/// What of the line does not fit into it.
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
        let most = usize::from(WIDTH);
        let with_peer = MODE + state + local + peer + 3 * GAP;
        Self {
            state,
            local,
            peer,
            has_program: with_peer + GAP + program <= most,
            has_peer: with_peer <= most,
        }
    }

    /// The mode is given apart, for it may be coloured.
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

/// All of them as text.
#[must_use]
pub fn text(connections: &[Connection]) -> String {
    let lines: Vec<[String; 4]> = connections
        .iter()
        .map(|each| {
            let state = each.state.name().to_owned();
            [state, end(Some(each.local)), end(each.peer), program(each)]
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
