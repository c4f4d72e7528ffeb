// SPDX-License-Identifier: MIT OR Apache-2.0
//! `smcctl enable` and `disable`: the drop-in that makes a systemd service use SMC.

use crate::failure::{Failure, Outcome};
use crate::kernel::smc_socket::Supported;
use crate::output::{Output, Report};
use crate::service::drop_in::{self, DropIn};
use crate::service::unit::{self, Unit};
use crate::service::{environment, mounts, restrictions};
use crate::smc_run::Variables;
use clap::Args;
use serde::Serialize;
use std::fmt::Write;
use std::path::PathBuf;
use std::process::ExitCode;

/// Arguments of `smcctl enable`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The service, such as redis-server
    #[arg(value_name = "UNIT")]
    unit: String,
    #[command(flatten)]
    options: Options,
    /// Restart the service, so that it uses SMC now
    #[arg(long, conflicts_with = "dry_run")]
    restart: bool,
    /// Show the drop-in without writing it
    #[arg(short = 'n', long)]
    dry_run: bool,
}

/// Options of `smc_run`, which also checks their values.
#[derive(Debug, Args)]
struct Options {
    /// Only these ports (SMC_PORTS): 6379, 8000-8999, in:80, out:5432, !22
    #[arg(short, long, value_name = "LIST")]
    ports: Option<String>,
    /// Only these programs (SMC_PROCESSES)
    #[arg(short = 'P', long, value_name = "LIST")]
    processes: Option<String>,
    /// Only these addresses and networks (SMC_HOSTS)
    #[arg(short = 'H', long, value_name = "LIST")]
    hosts: Option<String>,
    /// Receive buffer in bytes, optionally with suffix k or m (SMC_RCVBUF)
    #[arg(short, long, value_name = "SIZE")]
    rcvbuf: Option<String>,
    /// Transmit buffer, likewise (SMC_SNDBUF)
    #[arg(short = 't', long, value_name = "SIZE")]
    sndbuf: Option<String>,
    /// auto, af_smc or ipproto_smc (SMC_SOCKET)
    #[arg(long, value_name = "KIND")]
    socket: Option<String>,
    /// Fail instead of using TCP when no SMC socket can be created (SMC_REQUIRE)
    #[arg(long)]
    require: bool,
    /// Log each decision in the journal of the service (SMC_DEBUG)
    #[arg(short, long)]
    debug: bool,
}

/// Arguments of `smcctl disable`.
#[derive(Debug, Args)]
pub struct Disable {
    /// The service
    #[arg(value_name = "UNIT")]
    unit: String,
    /// Restart the service, so that it uses TCP now
    #[arg(long)]
    restart: bool,
}

#[derive(Serialize)]
struct DropInReport {
    service: String,
    file: PathBuf,
    /// The text of the drop-in; none if it was removed.
    text: Option<String>,
    changed: bool,
    restarted: bool,
    notes: Vec<String>,
    #[serde(skip)]
    is_dry: bool,
}

impl Report for DropInReport {
    fn text(&self) -> String {
        let file = self.file.display();
        let status = match (&self.text, self.changed, self.is_dry) {
            (Some(_), true, true) => "would be written",
            (Some(_), true, false) => "written",
            (Some(_), false, _) => "unchanged",
            (None, ..) => "removed",
        };
        let mut text = format!("{file}: {status}\n");
        for line in self.text.iter().flat_map(|text| text.lines()) {
            let _ = writeln!(text, "  {line}");
        }
        for note in &self.notes {
            let _ = writeln!(text, "note: {note}");
        }
        let name = &self.service;
        if self.restarted {
            let _ = writeln!(text, "{name}: restarted");
        } else if !self.is_dry {
            let _ = writeln!(
                text,
                "takes effect with a restart: systemctl restart {name}"
            );
        }
        text
    }
}

impl Options {
    /// The options in the syntax of `smc_run`.
    fn words(&self) -> Vec<String> {
        let valued = [
            ("--ports", &self.ports),
            ("--processes", &self.processes),
            ("--hosts", &self.hosts),
            ("--rcvbuf", &self.rcvbuf),
            ("--sndbuf", &self.sndbuf),
            ("--socket", &self.socket),
        ];
        let valued = valued
            .into_iter()
            .filter_map(|(option, value)| Some(format!("{option}={}", value.as_ref()?)));
        let switches = [("--require", self.require), ("--debug", self.debug)];
        let switches = switches.into_iter().filter(|(_, on)| *on);
        valued
            .chain(switches.map(|(option, _)| option.to_owned()))
            .collect()
    }
}

/// Runs `enable`.
///
/// # Errors
/// When the service cannot use SMC.
pub fn run(arguments: &Arguments, output: &mut Output) -> Outcome {
    let unit = Unit::read(&arguments.unit)?;
    let name = unit.name().to_owned();
    let drop_in = DropIn::of(&name);
    let before = drop_in.read()?;
    let variables = environment::variables(&unit, &arguments.options.words(), before.as_deref())
        .map_err(|failure| refused(&name, &failure))?;
    let kernel = Supported::probe();
    check_sandbox(&unit, &variables, kernel)?;
    let text = drop_in::text(&variables);
    let changed = before.as_deref() != Some(&text);
    if changed && !arguments.dry_run {
        drop_in.write(&text)?;
        let loaded = unit::reload().and_then(|()| check_variables(&name, &variables));
        if let Err(failure) = loaded {
            // Restore the previous drop-in.
            match &before {
                Some(before) => drop_in.write(before)?,
                None => drop_in.remove()?,
            }
            unit::reload()?;
            return Err(refused(&name, &failure));
        }
    }
    if arguments.restart {
        unit::restart(&name)?;
    }
    output.show(&DropInReport {
        file: drop_in.path().to_owned(),
        text: Some(text),
        changed,
        restarted: arguments.restart,
        notes: notes(&unit, kernel),
        is_dry: arguments.dry_run,
        service: name,
    })?;
    Ok(ExitCode::SUCCESS)
}

/// Runs `disable`.
///
/// # Errors
/// When the service was not enabled, or the drop-in cannot be removed.
pub fn disable(arguments: &Disable, output: &mut Output) -> Outcome {
    // The unit may have been removed without its drop-in.
    let name = match Unit::read(&arguments.unit) {
        Ok(unit) => unit.name().to_owned(),
        Err(_) => unit::full_name(&arguments.unit)?,
    };
    let drop_in = DropIn::of(&name);
    if drop_in.read()?.is_none() {
        return Err(Failure::new(format!(
            "{name} is not enabled: cannot find {}",
            drop_in.path().display()
        )));
    }
    drop_in.remove()?;
    unit::reload()?;
    if arguments.restart {
        unit::restart(&name)?;
    }
    output.show(&DropInReport {
        file: drop_in.path().to_owned(),
        text: None,
        changed: true,
        restarted: arguments.restart,
        notes: Vec::new(),
        is_dry: false,
        service: name,
    })?;
    Ok(ExitCode::SUCCESS)
}

fn refused(name: &str, failure: &Failure) -> Failure {
    let refused = Failure::new(format!("cannot enable {name}: {}", failure.what()));
    match failure.fix() {
        Some(fix) => refused.fixed_by(fix),
        None => refused,
    }
}

/// Checks that the sandbox of the unit allows the library and SMC.
fn check_sandbox(unit: &Unit, variables: &Variables, kernel: Supported) -> Result<(), Failure> {
    let name = unit.name();
    let library = environment::library(variables);
    if let Some(why) = library.and_then(|library| mounts::hidden_by(unit, &library)) {
        return Err(refused(name, &Failure::new(why)));
    }
    // The unit may set SMC_SOCKET itself.
    let own = unit.variables()?;
    let mut all = variables.iter().chain(&own);
    let kind = all.find(|(name, _)| name == "SMC_SOCKET");
    let kind = kind.map(|(_, value)| value.as_str());
    let filtered =
        restrictions::families(unit, kernel, kind).or_else(|| restrictions::system_calls(unit));
    filtered.map_or(Ok(()), |why| Err(refused(name, &why)))
}

/// Checks that systemd has the variables of the drop-in.
fn check_variables(name: &str, variables: &Variables) -> Result<(), Failure> {
    let unit = Unit::read(name)?;
    let has = unit.variables()?;
    match variables.iter().find(|variable| !has.contains(variable)) {
        None => Ok(()),
        Some((variable, _)) => Err(Failure::new(format!(
            "a later drop-in sets {variable}: {}",
            unit.get("DropInPaths").unwrap_or_default()
        ))),
    }
}

fn notes(unit: &Unit, kernel: Supported) -> Vec<String> {
    let mut notes = Vec::new();
    let sockets: Vec<_> = unit
        .words("TriggeredBy")
        .into_iter()
        .filter(|name| name.strip_suffix(".socket").is_some())
        .collect();
    if !sockets.is_empty() {
        notes.push(format!(
            "sockets that systemd passes to the service stay TCP ({})",
            sockets.join(", ")
        ));
    }
    if !kernel.any() {
        notes.push("this kernel has no SMC, so all connections are TCP: smcctl check".to_owned());
    }
    notes
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        arguments: Arguments,
    }

    #[test]
    fn options_are_those_of_smc_run() {
        let line = ["x", "web", "-p", "!22", "--hosts=::1", "-d", "--require"];
        let options = Line::parse_from(line).arguments.options.words();
        assert_eq!(
            options,
            ["--ports=!22", "--hosts=::1", "--require", "--debug"]
        );
    }
}
