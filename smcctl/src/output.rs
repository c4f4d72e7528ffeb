// SPDX-License-Identifier: MIT OR Apache-2.0
//! Output: tables that fit 80 columns, or JSON.

use crate::failure::Failure;
use anstyle::{AnsiColor, Style};
use comfy_table::{presets, CellAlignment, ContentArrangement};
use serde::Serialize;
use std::fmt::Display;
use std::io::{self, BufWriter, IsTerminal, Write};

/// The width of text, whatever the terminal.
pub const WIDTH: u16 = 80;

/// For good values.
pub const GOOD: Style = AnsiColor::Green.on_default();
/// For doubtful values.
pub const DOUBTFUL: Style = AnsiColor::Yellow.on_default();
/// For bad values.
pub const BAD: Style = AnsiColor::Red.on_default();
/// For headings.
pub const STRONG: Style = Style::new().bold();
/// For less important text.
pub const FAINT: Style = Style::new().dimmed();

/// Adds a style, which is removed if the output is not a terminal.
#[must_use]
pub fn styled(text: impl Display, style: Style) -> String {
    format!("{style}{text}{style:#}")
}

/// A result: serialized as JSON for programs, as text for people.
pub trait Report: Serialize {
    /// The text, ending in a line feed unless empty.
    fn text(&self) -> String;
}

/// Standard output, as text or JSON.
#[derive(Debug)]
pub struct Output {
    json: bool,
}

impl Output {
    /// Creates it for JSON or text.
    #[must_use]
    pub fn new(json: bool) -> Self {
        Self { json }
    }

    /// Whether it is JSON.
    #[must_use]
    pub fn is_json(&self) -> bool {
        self.json
    }

    /// Prints a result.
    ///
    /// # Errors
    /// When writing to standard output fails.
    pub fn show(&mut self, report: &impl Report) -> Result<(), Failure> {
        if self.json {
            write_json(report).map_err(|error| Failure::of_output(&error))
        } else {
            write(&report.text())
        }
    }

    /// Prints a line of text, unless the output is JSON.
    ///
    /// # Errors
    /// When writing to standard output fails.
    pub fn say(&mut self, text: &str) -> Result<(), Failure> {
        if self.json {
            return Ok(());
        }
        write(&format!("{text}\n"))
    }
}

/// Writes JSON, indented on a terminal. Buffered, since ten thousand sockets are
/// megabytes, and without the filter for styles, since it has none.
fn write_json(report: &impl Serialize) -> io::Result<()> {
    /// The capacity of a pipe.
    const BUFFER: usize = 1 << 16;
    let out = io::stdout().lock();
    let is_terminal = out.is_terminal();
    let mut out = BufWriter::with_capacity(BUFFER, out);
    if is_terminal {
        serde_json::to_writer_pretty(&mut out, report)?;
    } else {
        serde_json::to_writer(&mut out, report)?;
    }
    out.write_all(b"\n")?;
    out.flush()
}

fn write(text: &str) -> Result<(), Failure> {
    let mut out = anstream::stdout().lock();
    out.write_all(text.as_bytes())
        .and_then(|()| out.flush())
        .map_err(|error| Failure::of_output(&error))
}

/// A column and its alignment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Column {
    /// Text.
    Left(&'static str),
    /// Numbers.
    Right(&'static str),
}

/// A table without lines; long cells are wrapped so that it fits [`WIDTH`].
#[derive(Debug)]
pub struct Table(comfy_table::Table);

impl Table {
    /// Creates an empty table.
    #[must_use]
    pub fn new(columns: &[Column]) -> Self {
        let mut table = comfy_table::Table::new();
        table
            .load_preset(presets::NOTHING)
            .set_content_arrangement(ContentArrangement::Dynamic)
            .set_width(WIDTH);
        table.set_header(columns.iter().map(|column| match column {
            Column::Left(name) | Column::Right(name) => styled(name, STRONG),
        }));
        for (place, column) in columns.iter().enumerate() {
            if let Some(cells) = table.column_mut(place) {
                // The first column starts at the edge; two blanks between the others.
                cells.set_padding((if place == 0 { 0 } else { 2 }, 0));
                if let Column::Right(_) = column {
                    cells.set_cell_alignment(CellAlignment::Right);
                }
            }
        }
        Self(table)
    }

    /// Adds a row.
    pub fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.0.add_row(cells);
    }

    /// Whether there are no rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.row_iter().next().is_none()
    }

    /// The table as text, ending in a line feed.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        for line in self.0.lines() {
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }
}

/// A count and a noun in singular or plural: `1 socket`, `2 sockets`.
#[must_use]
pub fn plural(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

/// A number of bytes with a binary unit: `64K`, `1.5M`.
#[must_use]
pub fn bytes(count: u64) -> String {
    const UNITS: [&str; 6] = ["K", "M", "G", "T", "P", "E"];
    if count < 1024 {
        return count.to_string();
    }
    let (mut tenths, mut unit) = (u128::from(count) * 10 / 1024, 0);
    while tenths >= 10240 && unit + 1 < UNITS.len() {
        tenths /= 1024;
        unit += 1;
    }
    let unit = UNITS.get(unit).copied().unwrap_or_default();
    if tenths >= 100 || tenths % 10 == 0 {
        format!("{}{unit}", tenths / 10)
    } else {
        format!("{}.{}{unit}", tenths / 10, tenths % 10)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_have_binary_units() {
        for (count, text) in [
            (0, "0"),
            (1023, "1023"),
            (65536, "64K"),
            (1536, "1.5K"),
            (1_048_576, "1M"),
            (15 * 1_048_576 + 900_000, "15M"),
            (u64::MAX, "15E"),
        ] {
            assert_eq!(bytes(count), text);
        }
    }

    #[test]
    fn a_table_is_aligned_and_never_too_wide() {
        let mut table = Table::new(&[Column::Left("NAME"), Column::Right("COUNT")]);
        table.row(["short".to_owned(), "7".to_owned()]);
        table.row([styled("longer name", GOOD), "1234".to_owned()]);
        let plain = anstream::adapter::strip_str(&table.text()).to_string();
        assert_eq!(
            plain,
            "NAME         COUNT\nshort            7\nlonger name   1234\n"
        );
        table.row(["word ".repeat(40), "1".to_owned()]);
        let plain = anstream::adapter::strip_str(&table.text()).to_string();
        assert!(
            plain.lines().all(|line| line.chars().count() <= 80),
            "{plain}"
        );
        assert_eq!(plain.matches("word").count(), 40, "{plain}");
    }
}
