// SPDX-License-Identifier: MIT OR Apache-2.0
//! The rows of a live view: what has changed since the last ones, and their order.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::time::Instant;

/// What a column shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Words.
    Text,
    /// A count of bytes.
    Bytes,
    /// A count of anything else.
    Number,
    /// How fast a count grows, in a second.
    Rate,
}

/// A column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its heading.
    pub name: &'static str,
    /// What it shows.
    pub kind: Kind,
}

impl Column {
    /// One with words.
    #[must_use]
    pub const fn text(name: &'static str) -> Self {
        let kind = Kind::Text;
        Self { name, kind }
    }

    /// One with counts of bytes.
    #[must_use]
    pub const fn bytes(name: &'static str) -> Self {
        let kind = Kind::Bytes;
        Self { name, kind }
    }

    /// One with other counts.
    #[must_use]
    pub const fn number(name: &'static str) -> Self {
        let kind = Kind::Number;
        Self { name, kind }
    }

    /// One with the rate of a count; its cells have the count.
    #[must_use]
    pub const fn rate(name: &'static str) -> Self {
        let kind = Kind::Rate;
        Self { name, kind }
    }
}

/// What is in a column of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell {
    /// Words.
    Text(String),
    /// A count, if it is known.
    Count {
        /// The count.
        value: Option<u64>,
        /// Where it begins again at 0, if it does.
        wraps_at: Option<u64>,
    },
}

impl Cell {
    fn count(&self) -> Option<u64> {
        match self {
            Self::Text(_) => None,
            Self::Count { value, .. } => *value,
        }
    }
}

/// A row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// What it is known by the next time.
    pub key: String,
    /// One for each column.
    pub cells: Vec<Cell>,
}

/// All of them at one time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rows {
    /// In the order that they have at first.
    pub rows: Vec<Row>,
    /// What else is to be said.
    pub note: Option<String>,
}

/// What the user wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// Enough.
    Quit,
    /// The column before, or after, gives the order.
    SortBefore,
    /// See [`Key::SortBefore`].
    SortNext,
    /// The other way round.
    Reverse,
    /// So many rows up, or down.
    Up(usize),
    /// See [`Key::Up`].
    Down(usize),
    /// As many as are shown.
    PageUp,
    /// See [`Key::PageUp`].
    PageDown,
}

/// What is shown in a cell.
#[derive(Clone, Debug, PartialEq, PartialOrd)]
pub enum Shown {
    /// Nothing is known.
    Unknown,
    /// A number.
    Number(f64),
    /// Words.
    Text(String),
}

/// The rows, and how they are looked at.
#[derive(Debug)]
pub struct Table {
    columns: Vec<Column>,
    rows: Vec<Vec<Shown>>,
    note: Option<String>,
    /// The counts of the rows before, and when that was.
    before: HashMap<String, Vec<Option<u64>>>,
    at: Option<Instant>,
    /// The column that gives the order; none: as the rows came.
    sort: Option<usize>,
    is_reversed: bool,
    top: usize,
    page: usize,
}

impl Table {
    /// None yet.
    #[must_use]
    pub fn new(columns: &[Column]) -> Self {
        Self {
            columns: columns.to_vec(),
            rows: Vec::new(),
            note: None,
            before: HashMap::new(),
            at: None,
            sort: None,
            is_reversed: false,
            top: 0,
            page: 1,
        }
    }

    /// These are the rows now.
    #[expect(clippy::cast_precision_loss, reason = "it is shown with three digits")]
    pub fn update(&mut self, rows: Rows, now: Instant) {
        let seconds = self.at.map(|at| (now - at).as_secs_f64());
        let mut counts = HashMap::with_capacity(rows.rows.len());
        self.note = rows.note;
        self.rows.clear();
        for row in rows.rows {
            let before = self.before.get(&row.key);
            let shown = self.columns.iter().zip(&row.cells).enumerate();
            let shown = shown.map(|(place, (column, cell))| match (column.kind, cell) {
                (_, Cell::Text(text)) => Shown::Text(text.clone()),
                (Kind::Rate, Cell::Count { value, wraps_at }) => {
                    let before = before.and_then(|before| before.get(place).copied().flatten());
                    let grown = before.zip(*value).map(|(before, value)| match wraps_at {
                        Some(wraps_at) if value < before => {
                            value + (wraps_at - before.min(*wraps_at))
                        }
                        _ => value.saturating_sub(before),
                    });
                    grown
                        .zip(seconds.filter(|seconds| *seconds > 0.0))
                        .map_or(Shown::Unknown, |(grown, seconds)| {
                            Shown::Number(grown as f64 / seconds)
                        })
                }
                (_, Cell::Count { value, .. }) => {
                    value.map_or(Shown::Unknown, |value| Shown::Number(value as f64))
                }
            });
            self.rows.push(shown.collect());
            counts.insert(row.key, row.cells.iter().map(Cell::count).collect());
        }
        self.before = counts;
        self.at = Some(now);
        self.order();
    }

    /// Equal rows stay as they came. Of numbers the largest are first.
    fn order(&mut self) {
        let Some(sort) = self.sort else {
            return;
        };
        let is_reversed = self.is_reversed;
        self.rows.sort_by(|one, other| {
            let order = match (one.get(sort), other.get(sort)) {
                (Some(Shown::Number(one)), Some(Shown::Number(other))) => other.total_cmp(one),
                // What is not known is last.
                (Some(Shown::Unknown), Some(Shown::Number(_))) => Ordering::Greater,
                (Some(Shown::Number(_)), Some(Shown::Unknown)) => Ordering::Less,
                (one, other) => one.partial_cmp(&other).unwrap_or(Ordering::Equal),
            };
            if is_reversed {
                order.reverse()
            } else {
                order
            }
        });
    }

    /// Does what the user wants.
    pub fn press(&mut self, key: Key) {
        let count = self.columns.len();
        match key {
            Key::Quit => {}
            // Past either end there is the order in which they came.
            Key::SortBefore => {
                self.sort = match self.sort {
                    Some(place) => place.checked_sub(1),
                    None => count.checked_sub(1),
                }
            }
            Key::SortNext => {
                let next = self.sort.map_or(0, |place| place + 1);
                self.sort = (next < count).then_some(next);
            }
            Key::Reverse => self.is_reversed = !self.is_reversed,
            Key::Up(lines) => self.top = self.top.saturating_sub(lines),
            Key::Down(lines) => self.top = self.top.saturating_add(lines),
            Key::PageUp => self.top = self.top.saturating_sub(self.page),
            Key::PageDown => self.top = self.top.saturating_add(self.page),
        }
        self.order();
    }

    /// There is room for so many rows: those that are seen.
    pub fn visible(&mut self, room: usize) -> &[Vec<Shown>] {
        self.page = room.max(1);
        self.top = self.top.min(self.rows.len().saturating_sub(self.page));
        let rows = self.rows.get(self.top..).unwrap_or_default();
        rows.get(..room).unwrap_or(rows)
    }

    /// How many rows there are, and which is the first that is seen.
    #[must_use]
    pub fn place(&self) -> (usize, usize) {
        (self.top, self.rows.len())
    }

    /// The columns.
    #[must_use]
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// The column that gives the order, and whether the other way round.
    #[must_use]
    pub fn sorted_by(&self) -> (Option<usize>, bool) {
        (self.sort, self.is_reversed)
    }

    /// What else is to be said.
    #[must_use]
    pub fn note(&self) -> Option<&str> {
        self.note.as_deref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    const COLUMNS: [Column; 3] = [
        Column::text("NAME"),
        Column::rate("SENT/s"),
        Column::bytes("SENT"),
    ];

    fn rows(those: &[(&str, Option<u64>)]) -> Rows {
        let row = |(name, value): &(&str, Option<u64>)| {
            let count = Cell::Count {
                value: *value,
                wraps_at: Some(1000),
            };
            Row {
                key: (*name).to_owned(),
                cells: vec![Cell::Text((*name).to_owned()), count.clone(), count],
            }
        };
        Rows {
            rows: those.iter().map(row).collect(),
            note: None,
        }
    }

    fn names(table: &mut Table) -> Vec<String> {
        let rows = table.visible(100).iter();
        rows.map(|row| match &row[0] {
            Shown::Text(text) => text.clone(),
            other => panic!("{other:?}"),
        })
        .collect()
    }

    #[test]
    fn a_rate_is_what_a_count_has_grown_by_in_a_second() {
        let (mut table, now) = (Table::new(&COLUMNS), Instant::now());
        table.update(rows(&[("a", Some(100)), ("b", Some(900))]), now);
        assert_eq!(table.visible(9)[0][1], Shown::Unknown);
        let later = now + Duration::from_secs(2);
        let those = [("b", Some(100)), ("a", Some(300)), ("c", Some(1))];
        table.update(rows(&those), later);
        let shown: Vec<_> = table.visible(9).iter().map(|row| row[1].clone()).collect();
        // b began again at 1000.
        let expected = [Shown::Number(100.0), Shown::Number(100.0), Shown::Unknown];
        assert_eq!(shown, expected);
        table.update(rows(&[("b", None)]), later + Duration::from_secs(1));
        assert_eq!(table.visible(9)[0][1..], [Shown::Unknown, Shown::Unknown]);
    }

    #[test]
    fn the_order_is_the_users() {
        let mut table = Table::new(&COLUMNS);
        let those = [("b", Some(1)), ("c", None), ("a", Some(3)), ("d", Some(3))];
        table.update(rows(&those), Instant::now());
        assert_eq!(names(&mut table), ["b", "c", "a", "d"]);
        table.press(Key::SortNext);
        assert_eq!(names(&mut table), ["a", "b", "c", "d"]);
        table.press(Key::Reverse);
        assert_eq!(names(&mut table), ["d", "c", "b", "a"]);
        table.press(Key::Reverse);
        table.press(Key::SortBefore);
        assert_eq!(table.sorted_by(), (None, false));
        table.press(Key::SortBefore);
        // The largest first, the unknown last; a stays before d.
        assert_eq!(names(&mut table), ["a", "d", "b", "c"]);
        table.press(Key::SortNext);
        assert_eq!(table.sorted_by(), (None, false));
    }

    #[test]
    fn one_cannot_leave_the_rows() {
        let mut table = Table::new(&COLUMNS);
        let those = [("a", None), ("b", None), ("c", None), ("d", None)];
        table.update(rows(&those), Instant::now());
        assert_eq!(table.visible(3).len(), 3);
        table.press(Key::PageDown);
        assert_eq!((table.visible(3).len(), table.place()), (3, (1, 4)));
        table.press(Key::Down(usize::MAX));
        assert_eq!((table.visible(3).len(), table.place()), (3, (1, 4)));
        table.press(Key::Up(usize::MAX));
        table.press(Key::Up(1));
        assert_eq!((table.visible(3).len(), table.place()), (3, (0, 4)));
        assert_eq!(table.visible(0).len(), 0);
        table.update(Rows::default(), Instant::now());
        assert_eq!((table.visible(3).len(), table.place()), (0, (0, 0)));
    }
}
