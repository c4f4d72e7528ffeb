// SPDX-License-Identifier: MIT OR Apache-2.0
//! The table of a live view: rates since the last update, order and scrolling.

use super::rows::{Cell, Column, Kind, Rows};
use std::cmp::Ordering;
use std::collections::HashMap;
use std::time::Instant;

/// A command of the user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// End the view.
    Quit,
    /// Sort by the previous or the next column.
    SortPrevious,
    /// See [`Key::SortPrevious`].
    SortNext,
    /// Reverse the order.
    Reverse,
    /// Scroll by a number of rows.
    Up(usize),
    /// See [`Key::Up`].
    Down(usize),
    /// Scroll by a page.
    PageUp,
    /// See [`Key::PageUp`].
    PageDown,
}

/// The value that a cell displays.
#[derive(Clone, Debug, PartialEq, PartialOrd)]
pub enum Value {
    /// Unknown.
    Unknown,
    /// A number.
    Number(f64),
    /// Text.
    Text(String),
}

/// The rows and how they are displayed.
#[derive(Debug)]
pub struct Table {
    columns: Vec<Column>,
    rows: Vec<Vec<Value>>,
    note: Option<String>,
    /// The counts of the previous update, and its time.
    before: HashMap<String, Vec<Option<u64>>>,
    at: Option<Instant>,
    /// The column to sort by; none: the original order.
    sort: Option<usize>,
    is_reversed: bool,
    top: usize,
    page: usize,
}

impl Table {
    /// Creates a table without rows.
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

    /// Replaces the rows.
    #[expect(clippy::cast_precision_loss, reason = "three digits are displayed")]
    pub fn update(&mut self, rows: Rows, now: Instant) {
        let seconds = self.at.map(|at| (now - at).as_secs_f64());
        let mut counts = HashMap::with_capacity(rows.rows.len());
        self.note = rows.note;
        self.rows.clear();
        for row in rows.rows {
            let before = self.before.get(&row.key);
            let shown = self.columns.iter().zip(&row.cells).enumerate();
            let shown = shown.map(|(place, (column, cell))| match (column.kind, cell) {
                (_, Cell::Text(text)) => Value::Text(text.clone()),
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
                        .map_or(Value::Unknown, |(grown, seconds)| {
                            Value::Number(grown as f64 / seconds)
                        })
                }
                (_, Cell::Count { value, .. }) => {
                    value.map_or(Value::Unknown, |value| Value::Number(value as f64))
                }
            });
            self.rows.push(shown.collect());
            counts.insert(row.key, row.cells.iter().map(Cell::count).collect());
        }
        self.before = counts;
        self.at = Some(now);
        self.order();
    }

    /// Sorts stably, numbers in descending order.
    fn order(&mut self) {
        let Some(sort) = self.sort else {
            return;
        };
        let is_reversed = self.is_reversed;
        self.rows.sort_by(|one, other| {
            let order = match (one.get(sort), other.get(sort)) {
                (Some(Value::Number(one)), Some(Value::Number(other))) => other.total_cmp(one),
                // Unknown values are last.
                (Some(Value::Unknown), Some(Value::Number(_))) => Ordering::Greater,
                (Some(Value::Number(_)), Some(Value::Unknown)) => Ordering::Less,
                (one, other) => one.partial_cmp(&other).unwrap_or(Ordering::Equal),
            };
            if is_reversed {
                order.reverse()
            } else {
                order
            }
        });
    }

    /// Executes a command.
    pub fn press(&mut self, key: Key) {
        let count = self.columns.len();
        match key {
            Key::Quit => {}
            // Before the first and after the last column is the original order.
            Key::SortPrevious => {
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

    /// Returns the visible rows where `height` rows fit.
    pub fn visible(&mut self, height: usize) -> &[Vec<Value>] {
        self.page = height.max(1);
        self.top = self.top.min(self.rows.len().saturating_sub(self.page));
        let rows = self.rows.get(self.top..).unwrap_or_default();
        rows.get(..height).unwrap_or(rows)
    }

    /// The index of the first visible row, and the number of rows.
    #[must_use]
    pub fn position(&self) -> (usize, usize) {
        (self.top, self.rows.len())
    }

    /// The columns.
    #[must_use]
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// The column to sort by, and whether the order is reversed.
    #[must_use]
    pub fn sorted_by(&self) -> (Option<usize>, bool) {
        (self.sort, self.is_reversed)
    }

    /// The note below the table.
    #[must_use]
    pub fn note(&self) -> Option<&str> {
        self.note.as_deref()
    }
}

#[cfg(test)]
mod tests;
