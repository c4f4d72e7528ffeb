// SPDX-License-Identifier: MIT OR Apache-2.0
//! `smcctl list`: the enabled services, and what their connections are.

use crate::connections::list;
use crate::failure::{Outcome, EXIT_FALSE};
use crate::output::{Column, Output, Report, Table};
use crate::service::drop_in;
use crate::service::status::{is_preloaded, processes, Service, State};
use crate::service::unit::Unit;
use clap::Args;
use serde::Serialize;
use std::process::ExitCode;

/// Arguments of `smcctl list`.
#[derive(Debug, Args)]
pub struct Arguments {}

#[derive(Serialize)]
struct Services {
    services: Vec<Service>,
}

impl Report for Services {
    fn text(&self) -> String {
        let mut table = Table::new(&[
            Column::Left("SERVICE"),
            Column::Left("STATE"),
            Column::Right("LISTENING"),
            Column::Right("SMC-R"),
            Column::Right("SMC-D"),
            Column::Right("TCP"),
        ]);
        for one in &self.services {
            let state = match one.state {
                State::Running => "running".to_owned(),
                State::Partly => format!("{} of {} processes", one.preloaded, one.processes),
                State::NotYet => "needs a restart".to_owned(),
                State::Stopped => "not running".to_owned(),
            };
            let counts = [one.listening, one.smc_r, one.smc_d, one.tcp];
            let cells = [one.service.clone(), state].into_iter();
            table.row(cells.chain(counts.map(|count| count.to_string())));
        }
        let mut text = table.text();
        if self.services.iter().any(|one| one.tcp > 0) {
            text.push_str("reasons for TCP: smcctl connections --mode tcp\n");
        }
        text
    }
}

/// Runs the command.
///
/// # Errors
/// When writing to standard output fails.
pub fn run(_: &Arguments, output: &mut Output) -> Outcome {
    let names = drop_in::services();
    if names.is_empty() {
        output.say("no enabled services")?;
    }
    let mut status = ExitCode::SUCCESS;
    let connections = match list::all() {
        Ok(list) => list.connections,
        Err(_) if names.is_empty() => Vec::new(),
        Err(failure) => {
            let _ = failure.report();
            status = ExitCode::from(EXIT_FALSE);
            Vec::new()
        }
    };
    let mut services = Vec::new();
    for name in names {
        match Unit::read(&name) {
            Ok(unit) => {
                let pids = processes(&unit);
                services.push(Service::new(&unit, &pids, &connections, is_preloaded));
            }
            Err(failure) => {
                let _ = failure.report();
                status = ExitCode::from(EXIT_FALSE);
            }
        }
    }
    if !services.is_empty() || output.is_json() {
        output.show(&Services { services })?;
    }
    Ok(status)
}
