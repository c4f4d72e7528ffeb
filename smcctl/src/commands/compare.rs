// SPDX-License-Identifier: MIT OR Apache-2.0
//! `smcctl compare`: is a workload faster on SMC?

pub mod arguments;

use crate::compare::against::Against;
use crate::compare::link::Stop;
use crate::compare::program::open_input;
use crate::compare::report::ComparisonReport;
use crate::compare::result::Comparing;
use crate::compare::runner::Orders;
use crate::compare::session::{Place, Session, Task};
use crate::compare::side::Side;
use crate::compare::tune::{tune, Tuned};
use crate::compare::{plot, roles, saved};
use crate::failure::{Failure, Outcome};
use crate::output::Output;
pub use arguments::Arguments;
use arguments::{Role, Words};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

/// Exit status when some connections were not SMC.
const NOT_SMC: u8 = 3;

/// Runs the command.
///
/// # Errors
/// When the comparison fails.
pub fn run(arguments: &Arguments, output: &mut Output) -> Outcome {
    let orders = Orders {
        command: match (&arguments.role, &arguments.server) {
            (Some(Role::Server), Some(Words(server))) => server.clone(),
            _ => arguments.command.clone(),
        },
        input: arguments.stdin.as_ref().map(PathBuf::from),
        port: arguments.port,
        timeout: Duration::from_secs(arguments.timeout),
        is_trusted: arguments.role == Some(Role::Runner),
    };
    match (arguments.role, &arguments.listen, &arguments.show) {
        (Some(Role::Runner), ..) => {
            roles::runner(orders);
            Ok(ExitCode::SUCCESS)
        }
        (Some(Role::Server), Some(address), _) => match &arguments.server {
            Some(_) => Ok(by_signal(roles::server(&orders, address)?)),
            None => Ok(usage_error("--role server needs --server COMMAND")),
        },
        (.., Some(file)) => show(&saved::load(file)?, arguments, output),
        _ if !arguments.against.is_empty() => against(&arguments.against, output),
        _ if arguments.command.is_empty() => {
            Ok(usage_error("missing CLIENT: expected it after --"))
        }
        _ if arguments.pairs == 0 => Ok(usage_error("-n: invalid value 0: expected 1 to 10000")),
        _ => {
            // These fail before the runs, not after them.
            if let Some(path) = &arguments.plot {
                plot::is_png(path)?;
            }
            if let Some(path) = &arguments.stdin {
                open_input(path.as_ref())?;
            }
            compare(arguments, output)
        }
    }
}

fn against(files: &[PathBuf], output: &mut Output) -> Outcome {
    let results = files.iter().map(|file| saved::load(file));
    match results.collect::<Result<Vec<_>, _>>()?.as_slice() {
        [old, new] => output.show(&Against::new(old, new)?)?,
        _ => return Ok(usage_error("--against: expected OLD NEW")),
    }
    Ok(ExitCode::SUCCESS)
}

fn usage_error(words: &str) -> ExitCode {
    let _ = Failure::new(words).report();
    ExitCode::from(2)
}

fn by_signal(signal: i32) -> ExitCode {
    ExitCode::from(u8::try_from(128 + signal).unwrap_or(u8::MAX))
}

fn compare(arguments: &Arguments, output: &mut Output) -> Outcome {
    let words = |words: &Option<Words>| words.as_ref().map(|Words(words)| words.clone());
    let own = std::env::current_exe().unwrap_or_default();
    let own = own.to_string_lossy().into_owned();
    let place = match (&arguments.connect, &arguments.server_host) {
        (Some(address), _) => Place::At(address.clone()),
        (_, Some(host)) => Place::Ssh(host.clone()),
        _ => Place::Behind(words(&arguments.server_prefix).unwrap_or_default()),
    };
    let smcctl = match (&arguments.server_smcctl, &place) {
        (Some(smcctl), _) => smcctl.clone(),
        (None, Place::Ssh(_)) => "smcctl".to_owned(),
        _ => own,
    };
    let mut sides = [arguments.a.clone(), arguments.b.clone()];
    let options = words(&arguments.smc_run).unwrap_or_default();
    for side in &mut sides {
        if let Side::Smc(own) = side {
            own.extend(options.iter().cloned());
        }
    }
    let task = Task {
        client: arguments.command.clone(),
        input: arguments.stdin.clone(),
        server: words(&arguments.server),
        place,
        smcctl,
        port: arguments.port,
        timeout: Duration::from_secs(arguments.timeout),
        prepare: words(&arguments.prepare).unwrap_or_default(),
        custom: arguments.metric.clone(),
        warm_ups: arguments.warm_up,
    };
    let found = Session::start(task).and_then(|mut session| {
        if let Some(most) = arguments.tune {
            let tuned = tune(&mut session, &options, most);
            return tuned.map(|tuned| Compared::Tuned(Box::new(tuned)));
        }
        let compared = session.compare(&sides, arguments.pairs);
        compared.map(|comparing| Compared::Runs(Box::new(comparing)))
    });
    match found {
        Ok(Compared::Runs(comparing)) => {
            save(&comparing, arguments)?;
            show(&comparing, arguments, output)
        }
        Ok(Compared::Tuned(tuned)) => {
            output.show(tuned.as_ref())?;
            let status = if tuned.is_smc() { 0 } else { NOT_SMC };
            Ok(ExitCode::from(status))
        }
        Err(Stop::Failed(failure)) => Err(failure),
        Err(Stop::Interrupted(signal)) => {
            let _ = Failure::new("interrupted; nothing is left running").report();
            Ok(by_signal(signal))
        }
    }
}

enum Compared {
    Runs(Box<Comparing>),
    Tuned(Box<Tuned>),
}

fn save(comparing: &Comparing, arguments: &Arguments) -> Result<(), Failure> {
    match (&arguments.save, arguments.no_save) {
        (Some(path), _) => saved::save(comparing, path),
        (None, true) => Ok(()),
        (None, false) => {
            let place = saved::default_place(comparing);
            if let Some(Err(failure)) = place.map(|path| saved::save(comparing, &path)) {
                let _ = failure.report();
            }
            Ok(())
        }
    }
}

fn show(comparing: &Comparing, arguments: &Arguments, output: &mut Output) -> Outcome {
    let report = ComparisonReport::new(comparing);
    if let Some(path) = arguments.plot.as_ref().filter(|_| report.is_comparable()) {
        plot::plot(comparing, path)?;
    }
    if arguments.csv {
        output.say(report.csv().trim_end())?;
    } else if arguments.markdown {
        output.say(report.markdown().trim_end())?;
    } else {
        output.show(&report)?;
    }
    Ok(if report.is_comparable() {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(NOT_SMC)
    })
}
