// SPDX-License-Identifier: MIT OR Apache-2.0
//! What people and programs read: tables that fit 80 columns, or JSON.

use crate::failure::Failure;
use anstyle::{AnsiColor, Style};
use comfy_table::{presets, CellAlignment, ContentArrangement};
use serde::Serialize;
use std::fmt::Display;
use std::io::{self, BufWriter, IsTerminal, Write};

/// No table is wider, whatever the terminal.
pub const WIDTH: u16 = 80;

/// For what is as it should be.
pub const GOOD: Style = AnsiColor::Green.on_default();
/// For what may be meant so, or not.
pub const DOUBTFUL: Style = AnsiColor::Yellow.on_default();
/// For what is not as it should be.
pub const BAD: Style = AnsiColor::Red.on_default();
/// For headings.
pub const STRONG: Style = Style::new().bold();
/// For what matters less.
pub const FAINT: Style = Style::new().dimmed();

/// `text` in a style; the style is dropped where the output is no terminal.
#[must_use]
pub fn styled(text: impl Display, style: Style) -> String {
    format!("{style}{text}{style:#}")
}

/// Something that can be shown: to programs as it is, to people as text.
pub trait Report: Serialize {
    /// The text for people, ending in a line feed unless empty.
    fn text(&self) -> String;
}

/// Standard output, in the form that was asked for.
#[derive(Debug)]
pub struct Output {
    json: bool,
}

impl Output {
    /// JSON when `json`, else text.
    #[must_use]
    pub fn new(json: bool) -> Self {
        Self { json }
    }

    /// Whether the reader is a program.
    #[must_use]
    pub fn is_json(&self) -> bool {
        self.json
    }

    /// Shows it.
    ///
    /// # Errors
    /// When standard output takes no more.
    pub fn show(&mut self, report: &impl Report) -> Result<(), Failure> {
        if self.json {
            write_json(report).map_err(|error| Failure::of_output(&error))
        } else {
            write(&report.text())
        }
    }

    /// Says to people, not to programs, that something was done.
    ///
    /// # Errors
    /// When standard output takes no more.
    pub fn say(&mut self, text: &str) -> Result<(), Failure> {
        if self.json {
            return Ok(());
        }
        write(&format!("{text}\n"))
    }
}

/// In JSON: indented for people, on one line for programs. Piece by piece, for of ten
/// thousand sockets it is megabytes; and without looking for styles, for it has none.
fn write_json(report: &impl Serialize) -> io::Result<()> {
    /// As much as a pipe takes.
    const PIECE: usize = 1 << 16;
    let out = io::stdout().lock();
    let is_for_people = out.is_terminal();
    let mut out = BufWriter::with_capacity(PIECE, out);
    if is_for_people {
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

/// Where the text of a column begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Column {
    /// Words.
    Left(&'static str),
    /// Numbers.
    Right(&'static str),
}

/// A table without lines; long cells are wrapped so that it fits [`WIDTH`].
#[derive(Debug)]
pub struct Table(comfy_table::Table);

impl Table {
    /// An empty table with these columns.
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

    /// One more line.
    pub fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.0.add_row(cells);
    }

    /// Whether there is no line but the heading.
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
    fn bytes_as_people_say_them() {
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
