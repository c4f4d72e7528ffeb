// SPDX-License-Identifier: MIT OR Apache-2.0
//! The statistics as tables.

use super::super::linkgroups::{or_dash, Technologies};
use crate::explain::codes;
use crate::kernel::counts::{Buffers, Counts, Technology, CLASSES};
use crate::kernel::link_groups::Kind;
use crate::output::{bytes, Column, Table};

/// A table; the heading of its first column is its title.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    /// The headings.
    pub columns: Vec<Column>,
    /// The rows.
    pub rows: Vec<Vec<String>>,
}

impl Section {
    fn new(columns: impl Into<Vec<Column>>) -> Self {
        Self {
            columns: columns.into(),
            rows: Vec::new(),
        }
    }

    fn row(&mut self, name: &str, cells: impl IntoIterator<Item = String>) {
        self.rows
            .push([name.to_owned()].into_iter().chain(cells).collect());
    }

    /// The table as text.
    #[must_use]
    pub fn text(&self) -> String {
        let mut table = Table::new(&self.columns);
        for row in &self.rows {
            table.row(row.clone());
        }
        table.text()
    }
}

/// Returns the tables.
#[must_use]
pub fn sections(counts: &Counts, technologies: Technologies) -> Vec<Section> {
    let all = [(Kind::SmcR, &counts.smc_r), (Kind::SmcD, &counts.smc_d)];
    let wanted: Vec<_> = all
        .into_iter()
        .filter(|(kind, _)| technologies.has(*kind))
        .collect();
    let mut sections = vec![connections(&wanted), not_smc(counts)];
    if !counts.reasons.is_empty() {
        sections.push(reasons(counts));
    }
    sections.push(data(&wanted));
    let busy = |one: &&(Kind, &Technology)| one.1.connections() > 0;
    sections.extend(wanted.iter().filter(busy).map(|one| sizes(*one)));
    sections
}

/// The name of a row, and the function that returns its cell.
type Row<Of, Cell> = (&'static str, fn(&Of) -> Cell);

/// The column heading of a technology.
fn heading(kind: Kind) -> &'static str {
    match kind {
        Kind::SmcR => "SMC-R",
        Kind::SmcD => "SMC-D",
    }
}

fn connections(technologies: &[(Kind, &Technology)]) -> Section {
    let names = technologies
        .iter()
        .map(|(kind, _)| Column::Right(heading(*kind)));
    let columns: Vec<_> = [Column::Left("CONNECTIONS")]
        .into_iter()
        .chain(names)
        .collect();
    let mut section = Section::new(columns);
    let rows: [Row<Technology, String>; 11] = [
        ("all", |one| one.connections().to_string()),
        ("connected, version 1", |one| one.client_v1.to_string()),
        ("connected, version 2", |one| one.client_v2.to_string()),
        ("accepted, version 1", |one| one.server_v1.to_string()),
        ("accepted, version 2", |one| one.server_v2.to_string()),
        ("requests per connection", requests_per_connection),
        ("TCP_CORK used", |one| one.cork.to_string()),
        ("TCP_NODELAY used", |one| one.no_delay.to_string()),
        ("urgent data", |one| one.urgent.to_string()),
        ("splice", |one| one.splice.to_string()),
        ("sendpage", |one| one.sendpage.to_string()),
    ];
    for (name, cell) in rows {
        section.row(name, technologies.iter().map(|(_, one)| cell(one)));
    }
    section
}

/// With one decimal, as smcr and smcd display it.
fn requests_per_connection(one: &Technology) -> String {
    let requests = u128::from(one.sent) + u128::from(one.received);
    match (requests * 10).checked_div(u128::from(one.connections())) {
        Some(tenths) => format!("{}.{}", tenths / 10, tenths % 10),
        None => "-".to_owned(),
    }
}

fn not_smc(counts: &Counts) -> Section {
    let mut section = Section::new([
        Column::Left("NOT SMC"),
        Column::Right("CONNECTED"),
        Column::Right("ACCEPTED"),
    ]);
    for (name, sides) in [
        ("fell back to TCP", counts.fallbacks),
        ("handshake failed", counts.handshake_errors),
    ] {
        section.row(name, [sides.client.to_string(), sides.server.to_string()]);
    }
    section
}

fn reasons(counts: &Counts) -> Section {
    let mut section = Section::new([
        Column::Left("FELL BACK"),
        Column::Right("COUNT"),
        Column::Left("REASON"),
    ]);
    for reason in &counts.reasons {
        let side = if reason.is_server {
            "accepted"
        } else {
            "connected"
        };
        section.row(
            side,
            [reason.count.to_string(), codes::in_words(reason.code)],
        );
    }
    section
}

fn data(technologies: &[(Kind, &Technology)]) -> Section {
    let names = technologies.iter().flat_map(|(kind, _)| match kind {
        Kind::SmcR => ["SMC-R SENT", "RECEIVED"],
        Kind::SmcD => ["SMC-D SENT", "RECEIVED"],
    });
    let columns: Vec<_> = [Column::Left("DATA")]
        .into_iter()
        .chain(names.map(Column::Right))
        .collect();
    let mut section = Section::new(columns);
    let both = |cell: fn(&Technology) -> [String; 2]| {
        technologies.iter().flat_map(move |(_, one)| cell(one))
    };
    section.row(
        "bytes",
        both(|one| [bytes(one.sent_bytes), bytes(one.received_bytes)]),
    );
    section.row(
        "requests",
        both(|one| [one.sent.to_string(), one.received.to_string()]),
    );
    section.row(
        "buffers now",
        both(|one| [one.send_memory, one.receive_memory].map(|size| or_dash(size.map(bytes)))),
    );
    let of_buffers: [Row<Buffers, u64>; 7] = [
        ("buffer full", |one| one.full),
        ("peer's buffer full", |one| one.full_at_peer),
        ("larger than buffer", |one| one.too_small),
        ("larger than peer's", |one| one.too_small_at_peer),
        ("buffers allocated", |one| one.allocated),
        ("buffers reused", |one| one.reused),
        ("buffers downgraded", |one| one.downgraded),
    ];
    for (name, count) in of_buffers {
        let cells = technologies
            .iter()
            .flat_map(|(_, one)| [one.send_buffers, one.receive_buffers])
            .map(|buffers| count(&buffers).to_string());
        section.row(name, cells);
    }
    section
}

fn sizes((kind, one): (Kind, &Technology)) -> Section {
    let title = match kind {
        Kind::SmcR => "SMC-R UP TO",
        Kind::SmcD => "SMC-D UP TO",
    };
    let mut section = Section::new([
        Column::Left(title),
        Column::Right("SENT"),
        Column::Right("RECEIVED"),
        Column::Right("SEND BUFFERS"),
        Column::Right("RECEIVE BUFFERS"),
    ]);
    let columns = one
        .sent_sizes
        .iter()
        .zip(one.received_sizes)
        .zip(one.send_buffer_sizes)
        .zip(one.receive_buffer_sizes);
    for (class, (((sent, received), sending), receiving)) in CLASSES.iter().zip(columns) {
        let cells = [*sent, received, sending, receiving];
        section.row(class, cells.map(|count| count.to_string()));
    }
    section
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::counts::Reason;

    #[test]
    fn the_largest_counts_fit() {
        let mut counts = Counts::default();
        for count in counts.counters() {
            *count = u64::MAX;
        }
        let codes = codes::all().map(|code| Reason {
            is_server: true,
            code: code.value,
            count: u16::MAX,
        });
        counts.reasons = codes.collect();
        let sections = sections(&counts, Technologies::default());
        assert_eq!(sections.len(), 6);
        for section in sections {
            let plain = anstream::adapter::strip_str(&section.text()).to_string();
            let widest = plain.lines().map(|line| line.chars().count()).max();
            assert!(widest <= Some(80), "{plain}");
        }
    }

    #[test]
    fn an_unused_technology_has_no_size_table() {
        let mut counts = Counts::default();
        counts.smc_d.client_v2 = 4;
        counts.smc_d.sent = 9;
        counts.smc_d.received = 1;
        let sections = sections(&counts, Technologies::default());
        assert_eq!(sections.len(), 4);
        let rows = &sections[0].rows;
        assert_eq!(rows[0], ["all", "0", "4"]);
        assert_eq!(rows[5], ["requests per connection", "-", "2.5"]);
        assert_eq!(sections[3].columns[0], Column::Left("SMC-D UP TO"));
    }
}
