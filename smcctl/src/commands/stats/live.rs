// SPDX-License-Identifier: MIT OR Apache-2.0
//! The statistics as rows of a live view, with rates.

use super::super::linkgroups::Technologies;
use crate::explain::codes;
use crate::kernel::counts::{Counts, Technology};
use crate::kernel::link_groups::Kind;
use crate::watch::{Cell, Column, Row, Rows};

/// The columns. "Out" is connected or sent, "in" is accepted or received.
pub const COLUMNS: [Column; 5] = [
    Column::text("COUNT OF"),
    Column::rate("OUT/s"),
    Column::rate("IN/s"),
    Column::number("OUT"),
    Column::number("IN"),
];

/// The counts of reasons have 16 bits.
const REASONS_WRAP_AT: Option<u64> = Some(1 << 16);

/// Returns the rows.
#[must_use]
pub fn rows(counts: &Counts, technologies: Technologies) -> Rows {
    let mut rows = Vec::new();
    let all = [
        ("SMC-R", Kind::SmcR, &counts.smc_r),
        ("SMC-D", Kind::SmcD, &counts.smc_d),
    ];
    for (name, kind, one) in all {
        if technologies.has(kind) {
            rows.extend(technology_rows(name, one));
        }
    }
    for (name, sides) in [
        ("fell back to TCP", counts.fallbacks),
        ("handshake failed", counts.handshake_errors),
    ] {
        rows.push(row(name, [Some(sides.client), Some(sides.server)], None));
    }
    let mut codes: Vec<u32> = counts.reasons.iter().map(|reason| reason.code).collect();
    codes.sort_unstable();
    codes.dedup();
    for code in codes {
        let side = |is_server| {
            let mut reasons = counts.reasons.iter();
            let found = reasons.find(|one| (one.code, one.is_server) == (code, is_server));
            found.map(|reason| reason.count.into())
        };
        let name = format!("  {}", codes::in_words(code));
        rows.push(row(&name, [side(false), side(true)], REASONS_WRAP_AT));
    }
    Rows { rows, note: None }
}

fn technology_rows(name: &str, one: &Technology) -> [Row; 3] {
    let of = |what: &str, counts: [u64; 2]| row(&format!("{name} {what}"), counts.map(Some), None);
    [
        of("connections", [one.made(), one.accepted()]),
        of("requests", [one.sent, one.received]),
        of("bytes", [one.sent_bytes, one.received_bytes]),
    ]
}

fn row(name: &str, [out, into]: [Option<u64>; 2], wraps_at: Option<u64>) -> Row {
    let cells = [out, into, out, into].map(|value| Cell::Count { value, wraps_at });
    Row {
        key: name.to_owned(),
        cells: [Cell::Text(name.to_owned())]
            .into_iter()
            .chain(cells)
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::counts::Reason;

    #[test]
    fn a_row_for_each_count_and_reason() {
        let reason = |is_server, count| Reason {
            is_server,
            code: 0x0303_0000,
            count,
        };
        let mut counts = Counts {
            reasons: vec![reason(false, 3), reason(true, 4)],
            ..Counts::default()
        };
        (counts.smc_d.client_v1, counts.smc_d.client_v2) = (2, 5);
        let rows = rows(&counts, Technologies::default()).rows;
        assert!(rows.iter().all(|row| row.cells.len() == COLUMNS.len()));
        let of = |name: &str| {
            let found = rows.iter().find(|row| row.key.contains(name)).unwrap();
            found.cells[3..].to_vec()
        };
        let count = |value, wraps_at| Cell::Count {
            value: Some(value),
            wraps_at,
        };
        assert_eq!(of("SMC-D connections"), [count(7, None), count(0, None)]);
        let [three, four] = [3, 4].map(|value| count(value, REASONS_WRAP_AT));
        assert_eq!(of("NOSMCDEV"), [three, four]);
        assert_eq!(rows.len(), 9);
    }
}
