// SPDX-License-Identifier: MIT OR Apache-2.0
//! Rates, order and scrolling.

use super::super::rows::Row;
use super::*;
use std::time::Duration;

const COLUMNS: [Column; 3] = [
    Column::text("NAME"),
    Column::rate("SENT/s"),
    Column::bytes("SENT"),
];

fn rows(data: &[(&str, Option<u64>)]) -> Rows {
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
        rows: data.iter().map(row).collect(),
        note: None,
    }
}

fn names(table: &mut Table) -> Vec<String> {
    let rows = table.visible(100).iter();
    rows.map(|row| match &row[0] {
        Value::Text(text) => text.clone(),
        other => panic!("{other:?}"),
    })
    .collect()
}

#[test]
fn a_rate_is_the_increase_of_a_count_per_second() {
    let (mut table, now) = (Table::new(&COLUMNS), Instant::now());
    table.update(rows(&[("a", Some(100)), ("b", Some(900))]), now);
    assert_eq!(table.visible(9)[0][1], Value::Unknown);
    let later = now + Duration::from_secs(2);
    let data = [("b", Some(100)), ("a", Some(300)), ("c", Some(1))];
    table.update(rows(&data), later);
    let shown: Vec<_> = table.visible(9).iter().map(|row| row[1].clone()).collect();
    // The count of b wrapped at 1000.
    let expected = [Value::Number(100.0), Value::Number(100.0), Value::Unknown];
    assert_eq!(shown, expected);
    table.update(rows(&[("b", None)]), later + Duration::from_secs(1));
    assert_eq!(table.visible(9)[0][1..], [Value::Unknown, Value::Unknown]);
}

#[test]
fn the_user_chooses_the_order() {
    let mut table = Table::new(&COLUMNS);
    let data = [("b", Some(1)), ("c", None), ("a", Some(3)), ("d", Some(3))];
    table.update(rows(&data), Instant::now());
    assert_eq!(names(&mut table), ["b", "c", "a", "d"]);
    table.press(Key::SortNext);
    assert_eq!(names(&mut table), ["a", "b", "c", "d"]);
    table.press(Key::Reverse);
    assert_eq!(names(&mut table), ["d", "c", "b", "a"]);
    table.press(Key::Reverse);
    table.press(Key::SortPrevious);
    assert_eq!(table.sorted_by(), (None, false));
    table.press(Key::SortPrevious);
    // The largest is first, the unknown last; a stays before d.
    assert_eq!(names(&mut table), ["a", "d", "b", "c"]);
    table.press(Key::SortNext);
    assert_eq!(table.sorted_by(), (None, false));
}

#[test]
fn scrolling_stops_at_both_ends() {
    let mut table = Table::new(&COLUMNS);
    let data = [("a", None), ("b", None), ("c", None), ("d", None)];
    table.update(rows(&data), Instant::now());
    assert_eq!(table.visible(3).len(), 3);
    table.press(Key::PageDown);
    assert_eq!((table.visible(3).len(), table.position()), (3, (1, 4)));
    table.press(Key::Down(usize::MAX));
    assert_eq!((table.visible(3).len(), table.position()), (3, (1, 4)));
    table.press(Key::Up(usize::MAX));
    table.press(Key::Up(1));
    assert_eq!((table.visible(3).len(), table.position()), (3, (0, 4)));
    assert_eq!(table.visible(0).len(), 0);
    table.update(Rows::default(), Instant::now());
    assert_eq!((table.visible(3).len(), table.position()), (0, (0, 0)));
}
