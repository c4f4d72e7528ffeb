// SPDX-License-Identifier: MIT OR Apache-2.0
//! The data that a live view displays.

/// The kind of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Text.
    Text,
    /// A number of bytes.
    Bytes,
    /// Another number.
    Number,
    /// The increase of a count per second.
    Rate,
}

/// A column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its heading.
    pub name: &'static str,
    /// Its kind.
    pub kind: Kind,
}

impl Column {
    /// A column of text.
    #[must_use]
    pub const fn text(name: &'static str) -> Self {
        let kind = Kind::Text;
        Self { name, kind }
    }

    /// A column of byte counts.
    #[must_use]
    pub const fn bytes(name: &'static str) -> Self {
        let kind = Kind::Bytes;
        Self { name, kind }
    }

    /// A column of other counts.
    #[must_use]
    pub const fn number(name: &'static str) -> Self {
        let kind = Kind::Number;
        Self { name, kind }
    }

    /// A column with the rates of counts; its cells contain the counts.
    #[must_use]
    pub const fn rate(name: &'static str) -> Self {
        let kind = Kind::Rate;
        Self { name, kind }
    }
}

/// A cell of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell {
    /// Text.
    Text(String),
    /// A count, if known.
    Count {
        /// The count.
        value: Option<u64>,
        /// The modulus, if it wraps.
        wraps_at: Option<u64>,
    },
}

impl Cell {
    pub(super) fn count(&self) -> Option<u64> {
        match self {
            Self::Text(_) => None,
            Self::Count { value, .. } => *value,
        }
    }
}

/// A row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Identifies the row in the next update.
    pub key: String,
    /// One cell per column.
    pub cells: Vec<Cell>,
}

/// The rows of one update.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rows {
    /// The rows in their original order.
    pub rows: Vec<Row>,
    /// A note to display below them.
    pub note: Option<String>,
}
