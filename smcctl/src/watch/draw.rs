// SPDX-License-Identifier: MIT OR Apache-2.0
//! Draws a live view.

use super::rows::{Column, Kind};
use super::table::{Table, Value};
use super::View;
use crate::output::bytes;
use ratatui::layout::{Alignment, Constraint, Layout};
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Text};
use ratatui::widgets::{Row, Table as Widget};
use ratatui::Frame;

const KEYS: &str = "q quit  ←→ sort  r reverse  ↑↓ scroll";

/// The gap between columns.
const GAP: u16 = 2;

/// Draws the title, the table and the keys.
pub fn draw(frame: &mut Frame, view: &View, table: &mut Table) {
    let bold = Style::new().add_modifier(Modifier::BOLD);
    let rows = [
        Constraint::Length(1),
        Constraint::Fill(1),
        Constraint::Length(1),
    ];
    let [above, middle, below] = Layout::vertical(rows).areas(frame.area());

    // One line is for the column headings.
    let height = usize::from(middle.height.saturating_sub(1));
    let columns = table.columns().to_vec();
    let lines: Vec<Vec<String>> = table
        .visible(height)
        .iter()
        .map(|row| row.iter().zip(&columns).map(text).collect())
        .collect();
    let (sort, is_reversed) = table.sorted_by();
    let headings: Vec<String> = columns
        .iter()
        .enumerate()
        .map(|(place, column)| match (sort == Some(place), is_reversed) {
            (false, _) => column.name.to_owned(),
            (true, false) => format!("{}▼", column.name),
            (true, true) => format!("{}▲", column.name),
        })
        .collect();
    let widths = widths(middle.width, &headings, &lines);
    let cells = |cells: &[String]| {
        let cells = cells.iter().zip(&columns).take(widths.len());
        Row::new(cells.map(|(text, column)| {
            Text::from(text.clone()).alignment(match column.kind {
                Kind::Text => Alignment::Left,
                Kind::Bytes | Kind::Number | Kind::Rate => Alignment::Right,
            })
        }))
    };
    let widget = Widget::new(lines.iter().map(|line| cells(line)), widths.iter())
        .header(cells(&headings).style(bold))
        .column_spacing(GAP);
    frame.render_widget(widget, middle);

    let (top, count) = table.position();
    let range = match lines.len() {
        visible if visible == count => format!("{count}"),
        visible => format!("{}-{} of {count}", top + 1, top + visible),
    };
    let seconds = view.interval.as_secs();
    let title = format!("{}: {range}, every {seconds} s", view.title);
    frame.render_widget(Line::styled(title, bold), above);
    let foot = match table.note() {
        Some(note) => format!("{KEYS}  ({note})"),
        None => KEYS.to_owned(),
    };
    frame.render_widget(
        Line::styled(foot, Style::new().add_modifier(Modifier::DIM)),
        below,
    );
}

/// The width of each column is that of its widest cell. Columns at the end that do not
/// fit are cut.
fn widths(available: u16, headings: &[String], lines: &[Vec<String>]) -> Vec<Constraint> {
    let mut left = available;
    let mut widths = Vec::new();
    for (place, heading) in headings.iter().enumerate() {
        if left == 0 {
            // Even a column without width would take a gap from the others.
            break;
        }
        let cells = lines.iter().filter_map(|line| line.get(place));
        let widest = cells
            .chain([heading])
            .map(|cell| cell.chars().count())
            .max();
        let width = u16::try_from(widest.unwrap_or(0))
            .unwrap_or(u16::MAX)
            .min(left);
        left = left.saturating_sub(width.saturating_add(GAP));
        widths.push(Constraint::Length(width));
    }
    widths
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "counts and rates are not negative, and they are rounded"
)]
fn text((value, column): (&Value, &Column)) -> String {
    match value {
        Value::Unknown => "-".to_owned(),
        Value::Text(text) => text.clone(),
        Value::Number(number) => match column.kind {
            Kind::Number => format!("{number:.0}"),
            Kind::Bytes | Kind::Rate | Kind::Text => bytes(number.round() as u64),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::super::rows::{Cell, Row, Rows};
    use super::*;
    use ratatui::backend::TestBackend;
    use ratatui::Terminal;
    use std::time::{Duration, Instant};

    #[test]
    fn a_view_is_drawn() {
        let columns = [
            Column::text("NAME"),
            Column::rate("SENT/s"),
            Column::number("COUNT"),
        ];
        let view = View {
            title: "Things",
            columns: &columns,
            interval: Duration::from_secs(2),
        };
        let rows = |count: u64| {
            let count = Cell::Count {
                value: Some(count),
                wraps_at: None,
            };
            let name = |name: &str| Cell::Text(name.to_owned());
            let row = |text: &str| Row {
                key: text.to_owned(),
                cells: vec![name(text), count.clone(), count.clone()],
            };
            Rows {
                rows: vec![row("one"), row("two"), row("three")],
                note: Some("a note".to_owned()),
            }
        };
        let (mut table, now) = (Table::new(&columns), Instant::now());
        table.update(rows(0), now);
        table.update(rows(4096), now + Duration::from_secs(2));
        let mut terminal = Terminal::new(TestBackend::new(50, 5)).unwrap();
        terminal
            .draw(|frame| draw(frame, &view, &mut table))
            .unwrap();
        terminal.backend().assert_buffer_lines([
            Line::styled(
                format!("{:50}", "Things: 1-2 of 3, every 2 s"),
                Style::new().add_modifier(Modifier::BOLD),
            ),
            Line::styled(
                format!("{:50}", "NAME  SENT/s  COUNT"),
                Style::new().add_modifier(Modifier::BOLD),
            ),
            Line::from("one       2K   4096"),
            Line::from("two       2K   4096"),
            Line::styled(
                format!("{:50}", format!("{KEYS}  (a note)")),
                Style::new().add_modifier(Modifier::DIM),
            ),
        ]);
    }

    #[test]
    fn columns_that_do_not_fit_are_cut() {
        let texts = |those: [&str; 3]| those.map(str::to_owned).to_vec();
        let headings = texts(["A", "B", "C"]);
        let lines = [texts(["1234", "12345678", "1"])];
        let expected: [(u16, &[u16]); 5] = [
            (80, &[4, 8, 1]),
            (14, &[4, 8]),
            (10, &[4, 4]),
            (3, &[3]),
            (0, &[]),
        ];
        for (room, expected) in expected {
            let expected: Vec<_> = expected.iter().copied().map(Constraint::Length).collect();
            assert_eq!(widths(room, &headings, &lines), expected, "{room}");
        }
    }

    /// The columns that fit are drawn in full.
    #[test]
    fn the_first_columns_are_drawn_in_full() {
        let columns = [Column::text("A"); 10];
        let interval = Duration::from_secs(1);
        let view = View {
            title: "Things",
            columns: &columns,
            interval,
        };
        let mut table = Table::new(&columns);
        let row = Row {
            key: String::new(),
            cells: vec![Cell::Text("12345678".to_owned()); 10],
        };
        let (rows, note) = (vec![row], None);
        table.update(Rows { rows, note }, Instant::now());
        let mut terminal = Terminal::new(TestBackend::new(22, 4)).unwrap();
        terminal
            .draw(|frame| draw(frame, &view, &mut table))
            .unwrap();
        let screen = terminal.backend().to_string();
        assert!(screen.contains("\"12345678  12345678  12\""), "{screen}");
    }

    #[test]
    fn no_screen_is_too_small() {
        let columns = [Column::text("NAME")];
        let interval = Duration::from_secs(1);
        let view = View {
            title: "Things",
            columns: &columns,
            interval,
        };
        for (width, height) in [(1, 1), (1, 2), (3, 3), (500, 1)] {
            let mut table = Table::new(&columns);
            let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
            terminal
                .draw(|frame| draw(frame, &view, &mut table))
                .unwrap();
        }
    }
}
