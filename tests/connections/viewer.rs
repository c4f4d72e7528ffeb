// SPDX-License-Identifier: MIT OR Apache-2.0
//! A live view of numbers that grow: viewer [fails|panics], after the second time.

use smcctl::failure::Failure;
use smcctl::output::Output;
use smcctl::watch::{run, Cell, Column, Row, Rows, View};
use std::process::ExitCode;
use std::time::Duration;

fn main() -> ExitCode {
    let how = std::env::args().nth(1).unwrap_or_default();
    let columns = [Column::text("NAME"), Column::rate("RATE")];
    let view = View {
        title: "Numbers",
        columns: &columns,
        interval: Duration::from_millis(100),
    };
    let mut times = 0_u64;
    let ended = run(&view, &Output::new(false), || {
        times += 1;
        match (times, how.as_str()) {
            (3, "fails") => return Err(Failure::new("there are no more")),
            #[expect(clippy::panic, reason = "this is what is to be seen")]
            (3, "panics") => panic!("there are no more"),
            _ => {}
        }
        let cell = Cell::Count {
            value: Some(times),
            wraps_at: None,
        };
        let name = format!("seen-{times}");
        Ok(Rows {
            rows: vec![Row {
                key: "one".to_owned(),
                cells: vec![Cell::Text(name), cell],
            }],
            note: None,
        })
    });
    ended.unwrap_or_else(|failure| failure.report())
}
