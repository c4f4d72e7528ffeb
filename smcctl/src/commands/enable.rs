// SPDX-License-Identifier: MIT OR Apache-2.0
//! `smcctl enable` and `disable`: a service of systemd on SMC by a drop-in, and off again.

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
    /// Restart the service, so that it is on SMC now
    #[arg(long, conflicts_with = "dry_run")]
    restart: bool,
    /// Show what would be written, and write nothing
    #[arg(short = 'n', long)]
    dry_run: bool,
}

/// Options of `smc_run`, which knows what they mean and what is wrong with them.
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
    /// Receive buffer in bytes, or with k or m (SMC_RCVBUF)
    #[arg(short, long, value_name = "SIZE")]
    rcvbuf: Option<String>,
    /// Transmit buffer, likewise (SMC_SNDBUF)
    #[arg(short = 't', long, value_name = "SIZE")]
    sndbuf: Option<String>,
    /// auto, af_smc or ipproto_smc (SMC_SOCKET)
    #[arg(long, value_name = "KIND")]
    socket: Option<String>,
    /// Fail rather than use TCP where SMC cannot be had (SMC_REQUIRE)
    #[arg(long)]
    require: bool,
    /// Say in the service's journal what each connection uses, and why (SMC_DEBUG)
    #[arg(short, long)]
    debug: bool,
}

/// Arguments of `smcctl disable`.
#[derive(Debug, Args)]
pub struct Disable {
    /// The service
    #[arg(value_name = "UNIT")]
    unit: String,
    /// Restart the service, so that it is off SMC now
    #[arg(long)]
    restart: bool,
}

#[derive(Serialize)]
struct Done {
    service: String,
    file: PathBuf,
    /// The text of the drop-in; none when it was removed.
    text: Option<String>,
    changed: bool,
    restarted: bool,
    notes: Vec<String>,
    #[serde(skip)]
    is_dry: bool,
}

impl Report for Done {
    fn text(&self) -> String {
        let file = self.file.display();
        let is = match (&self.text, self.changed, self.is_dry) {
            (Some(_), true, true) => "would be written",
            (Some(_), true, false) => "written",
            (Some(_), false, _) => "is so already",
            (None, ..) => "removed",
        };
        let mut text = format!("{file}: {is}\n");
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
                "in force when the service is restarted: systemctl restart {name}"
            );
        }
        text
    }
}

impl Options {
    /// As they are written.
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
/// Why the service cannot be put on SMC.
pub fn run(arguments: &Arguments, output: &mut Output) -> Outcome {
    let unit = Unit::read(&arguments.unit)?;
    let name = unit.name().to_owned();
    let drop_in = DropIn::of(&name);
    let before = drop_in.read()?;
    let variables = environment::variables(&unit, &arguments.options.words(), before.as_deref())
        .map_err(|failure| refused(&name, &failure))?;
    let kernel = Supported::probe();
    allowed(&unit, &variables, kernel)?;
    let text = drop_in::text(&variables);
    let changed = before.as_deref() != Some(&text);
    if changed && !arguments.dry_run {
        drop_in.write(&text)?;
        let in_force = unit::reload().and_then(|()| check(&name, &variables));
        if let Err(failure) = in_force {
            // As it was before.
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
    output.show(&Done {
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
    // A service that is gone may have left its drop-in.
    let name = match Unit::read(&arguments.unit) {
        Ok(unit) => unit.name().to_owned(),
        Err(_) => unit::full_name(&arguments.unit)?,
    };
    let drop_in = DropIn::of(&name);
    if drop_in.read()?.is_none() {
        return Err(Failure::new(format!(
            "{name} was not put on SMC by smcctl enable: there is no {}",
            drop_in.path().display()
        )));
    }
    drop_in.remove()?;
    unit::reload()?;
    if arguments.restart {
        unit::restart(&name)?;
    }
    output.show(&Done {
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
    let told = Failure::new(format!("{name} is not put on SMC: {}", failure.what()));
    match failure.fix() {
        Some(fix) => told.fixed_by(fix),
        None => told,
    }
}

/// Whether what the unit forbids leaves enough.
fn allowed(unit: &Unit, variables: &Variables, kernel: Supported) -> Result<(), Failure> {
    let name = unit.name();
    let library = environment::library(variables);
    if let Some(why) = library.and_then(|library| mounts::hidden_by(unit, &library)) {
        return Err(refused(name, &Failure::new(why)));
    }
    // The unit may have it of its own.
    let own = unit.variables()?;
    let mut all = variables.iter().chain(&own);
    let kind = all.find(|(name, _)| name == "SMC_SOCKET");
    let kind = kind.map(|(_, value)| value.as_str());
    let filtered =
        restrictions::families(unit, kernel, kind).or_else(|| restrictions::system_calls(unit));
    filtered.map_or(Ok(()), |why| Err(refused(name, &why)))
}

/// Whether systemd has the variables as they were written.
fn check(name: &str, variables: &Variables) -> Result<(), Failure> {
    let unit = Unit::read(name)?;
    let has = unit.variables()?;
    match variables.iter().find(|variable| !has.contains(variable)) {
        None => Ok(()),
        Some((variable, _)) => Err(Failure::new(format!(
            "another drop-in sets {variable} after this one: {}",
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
            "what systemd itself listens on for the service stays TCP ({})",
            sockets.join(", ")
        ));
    }
    if !kernel.any() {
        notes.push("this kernel makes no SMC socket, so all is TCP: smcctl check".to_owned());
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
