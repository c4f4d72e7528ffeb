// SPDX-License-Identifier: MIT OR Apache-2.0
//! `smcctl connections`: every SMC socket, and what it really is.

use crate::connections::filter::Filter;
use crate::connections::show::{end, program, reasons, text};
use crate::connections::{self, Connection, List};
use crate::failure::{again_with_sudo, Failure, Outcome};
use crate::output::{Output, Report};
use crate::watch::{self, Cell, Column, Row, Rows, Watch};
use anstream::eprintln;
use clap::Args;
use serde::Serialize;
use std::process::ExitCode;

/// Arguments of `smcctl connections`.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    filter: Filter,
    #[command(flatten)]
    watch: Watch,
}

#[derive(Serialize)]
struct Connections {
    connections: Vec<Connection>,
    hidden: usize,
}

impl Report for Connections {
    fn text(&self) -> String {
        if self.connections.is_empty() {
            return String::new();
        }
        text(&self.connections)
    }
}

/// Runs it.
///
/// # Errors
/// When the kernel does not tell.
pub fn run(arguments: &Arguments, output: &mut Output) -> Outcome {
    if let Some(every) = arguments.watch.every() {
        let view = watch::View {
            title: "SMC sockets",
            columns: &COLUMNS,
            every,
        };
        return watch::run(&view, output, || rows(&arguments.filter));
    }
    let List {
        mut connections,
        hidden,
    } = connections::list()?;
    let count = connections.len();
    connections.retain(|connection| arguments.filter.fits(connection));
    if connections.is_empty() {
        output.say(match count {
            0 => "no SMC socket",
            _ => "no such SMC socket",
        })?;
    }
    output.show(&Connections {
        connections,
        hidden,
    })?;
    if hidden > 0 {
        eprintln!(
            "smcctl: the programs of {hidden} sockets are hidden: other users have them; \
             to see them: {}",
            again_with_sudo()
        );
    }
    Ok(ExitCode::SUCCESS)
}

const COLUMNS: [Column; 10] = [
    Column::text("MODE"),
    Column::text("STATE"),
    Column::text("LOCAL"),
    Column::text("PEER"),
    Column::text("PROGRAM"),
    Column::rate("SENT/s"),
    Column::rate("RECV/s"),
    Column::bytes("SENT"),
    Column::bytes("RECV"),
    Column::text("WHY TCP"),
];

fn rows(filter: &Filter) -> Result<Rows, Failure> {
    let List {
        connections,
        hidden,
    } = connections::list()?;
    let connections = connections.iter().filter(|each| filter.fits(each));
    Ok(Rows {
        rows: connections.map(row).collect(),
        note: (hidden > 0).then(|| format!("{hidden} programs hidden: use sudo")),
    })
}

fn row(connection: &Connection) -> Row {
    let bytes = connection.bytes;
    let sent = Cell::Count {
        value: bytes.map(|bytes| bytes.sent),
        wraps_at: bytes.and_then(|bytes| bytes.sent_wraps_at),
    };
    let received = Cell::Count {
        value: bytes.map(|bytes| bytes.received),
        wraps_at: bytes.and_then(|bytes| bytes.received_wraps_at),
    };
    let why: Vec<String> = reasons(connection).into_iter().flatten().collect();
    Row {
        key: connection.cookie().to_string(),
        cells: vec![
            Cell::Text(connection.mode.name().to_owned()),
            Cell::Text(connection.state.name().to_owned()),
            Cell::Text(end(Some(connection.local))),
            Cell::Text(end(connection.peer)),
            Cell::Text(program(connection)),
            sent.clone(),
            received.clone(),
            sent,
            received,
            Cell::Text(why.join("; peer: ")),
        ],
    }
}
