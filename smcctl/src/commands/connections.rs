// SPDX-License-Identifier: MIT OR Apache-2.0
//! `smcctl connections`: all SMC sockets and their modes.

use crate::connections::filter::Filter;
use crate::connections::list::{self, Selection};
use crate::connections::show::{endpoint, program, reasons, text};
use crate::connections::Connection;
use crate::failure::{again_with_sudo, Failure, Outcome, EXIT_FALSE};
use crate::output::{plural, Output, Report};
use crate::watch::{self, Cell, Column, Row, Rows, Watch};
use anstream::eprintln;
use clap::Args;
use serde::Serialize;
use std::fmt::Write;
use std::process::ExitCode;

/// Arguments of `smcctl connections`.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    filter: Filter,
    /// Print only the PIDs of their processes, one per line
    #[arg(long, conflicts_with = "watch")]
    pids: bool,
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

#[derive(Serialize)]
struct Pids {
    pids: Vec<u32>,
    hidden: usize,
}

impl Report for Pids {
    fn text(&self) -> String {
        self.pids.iter().fold(String::new(), |mut text, pid| {
            let _ = writeln!(text, "{pid}");
            text
        })
    }
}

/// Runs the command.
///
/// # Errors
/// When the kernel does not report it.
pub fn run(arguments: &Arguments, output: &mut Output) -> Outcome {
    if let Some(interval) = arguments.watch.interval() {
        let view = watch::View {
            title: "SMC sockets",
            columns: &COLUMNS,
            interval,
        };
        return watch::run(&view, output, || rows(&arguments.filter));
    }
    let all = list::all()?;
    if arguments.pids {
        return pids(&all.select(&arguments.filter), output);
    }
    let count = all.connections.len();
    let Selection {
        connections,
        hidden,
        ..
    } = all.select(&arguments.filter);
    if connections.is_empty() {
        output.say(match count {
            0 => "no SMC sockets",
            _ => "no matching SMC sockets",
        })?;
    }
    output.show(&Connections {
        connections,
        hidden,
    })?;
    report_hidden(hidden);
    Ok(ExitCode::SUCCESS)
}

/// For scripts: prints the processes, and returns whether there are any.
fn pids(selection: &Selection, output: &mut Output) -> Outcome {
    let pids = selection.pids();
    let has_any = !pids.is_empty();
    output.show(&Pids {
        pids,
        hidden: selection.hidden,
    })?;
    report_hidden(selection.hidden);
    if !has_any && selection.hidden == 0 && selection.ownerless > 0 {
        eprintln!(
            "smcctl: no visible process has {} that match: \
             in another PID namespace, or exiting?",
            plural(selection.ownerless, "socket")
        );
    }
    Ok(if has_any {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(EXIT_FALSE)
    })
}

fn report_hidden(hidden: usize) {
    if hidden > 0 {
        eprintln!(
            "smcctl: the processes of {} are hidden from this user; to show them: {}",
            plural(hidden, "socket"),
            again_with_sudo()
        );
    }
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
    let Selection {
        connections,
        hidden,
        ..
    } = list::all()?.select(filter);
    Ok(Rows {
        rows: connections.iter().map(row).collect(),
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
            Cell::Text(endpoint(Some(connection.local))),
            Cell::Text(endpoint(connection.peer)),
            Cell::Text(program(connection)),
            sent.clone(),
            received.clone(),
            sent,
            received,
            Cell::Text(why.join("; peer: ")),
        ],
    }
}
