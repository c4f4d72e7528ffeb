// SPDX-License-Identifier: MIT OR Apache-2.0
//! A whole comparison: runners for both sides, all runs, and the result.

use super::link::{Event, Link, Stop, Who};
use super::metrics::{custom::Custom, iperf3, known};
use super::plan::{plan, Step};
use super::processes::on_ending_signals;
use super::result::{Comparing, Run, VERSION};
use super::runs::{side_of, Runs};
use super::side::Side;
use crate::failure::{words, Failure};
use indicatif::{ProgressBar, ProgressStyle};
use std::sync::mpsc::{channel, Sender};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Where the server's side is.
#[derive(Clone, Debug)]
pub enum Place {
    /// On this host, or behind these words.
    Behind(Vec<String>),
    /// Behind ssh.
    Ssh(String),
    /// Somebody has started it there, and it listens.
    At(String),
}

/// What is to be compared, and how.
#[derive(Clone, Debug)]
pub struct Task {
    /// The client's command.
    pub client: Vec<String>,
    /// The file that is the client's standard input in each run.
    pub input: Option<String>,
    /// The server's.
    pub server: Option<Vec<String>>,
    /// Where the server's side is.
    pub place: Place,
    /// How smcctl is called there.
    pub smcctl: String,
    /// The port on which the server listens.
    pub port: Option<u16>,
    /// No run takes longer.
    pub timeout: Duration,
    /// What is run before the client each time.
    pub prepare: Vec<String>,
    /// What is to be found in the client's output.
    pub custom: Vec<Custom>,
    /// How many runs of each side before.
    pub warm_ups: usize,
}

/// Speaks with both runners; when it is dropped, they end.
pub struct Session {
    runs: Runs,
    task: Task,
}

impl Session {
    /// Starts the runners.
    ///
    /// # Errors
    /// When they cannot be started.
    pub fn start(mut task: Task) -> Result<Self, Stop> {
        let (sender, events) = channel();
        let interrupted = sender.clone();
        on_ending_signals(move |signal| {
            let _ = interrupted.send(Event::Interrupted(signal));
        });
        if known::of(&task.client).is_some_and(|one| one.name == "iperf3")
            && iperf3::wants_json(&task.client)
        {
            task.client.push("--json".to_owned());
        }
        let own = std::env::current_exe()
            .map_err(|error| Failure::new(format!("cannot find smcctl: {}", words(&error))))?;
        let own = own.to_string_lossy().into_owned();
        let mut client = runner(&own, None, task.timeout, &task.client);
        if let Some(input) = &task.input {
            client.insert(2, format!("--stdin={input}"));
        }
        let client = Link::start(Who::Client, &client, sender.clone())?;
        let server = server(&task, sender)?;
        Ok(Self {
            runs: Runs {
                client,
                server,
                events,
                command: task.client.clone(),
                prepare: task.prepare.clone(),
                custom: task.custom.clone(),
            },
            task,
        })
    }

    /// Compares.
    ///
    /// # Errors
    /// When a run fails, or it is interrupted.
    pub fn compare(&mut self, sides: &[Side; 2], pairs: usize) -> Result<Comparing, Stop> {
        let begun = SystemTime::now().duration_since(UNIX_EPOCH);
        let mut comparing = Comparing {
            version: VERSION,
            begun: begun.map_or(0, |begun| begun.as_secs()),
            client: self.task.client.clone(),
            server: self.task.server.clone(),
            asked: std::env::args().collect(),
            sides: sides.clone(),
            hosts: self.runs.hosts()?,
            pairs,
            runs: Vec::new(),
        };
        let steps = plan(pairs, self.task.warm_ups);
        let progress = progress(steps.len());
        for step in steps {
            let side = side_of(step, sides);
            let what = match step.pair {
                Some(pair) => format!("{side}, pair {pair} of {pairs}"),
                None => format!("{side}, warm-up"),
            };
            progress.set_message(what);
            let run = self.runs.run(step, side)?;
            let is_hopeless = run.problem.is_some() && step.pair.is_none();
            comparing.runs.push(run);
            progress.inc(1);
            // What is not so in the warm-up need not be tried ten times.
            if is_hopeless {
                break;
            }
        }
        progress.finish_and_clear();
        Ok(comparing)
    }
}

impl Session {
    /// One run, outside of a comparison.
    ///
    /// # Errors
    /// When it fails, or it is interrupted.
    pub fn run(&mut self, step: Step, side: &Side) -> Result<Run, Stop> {
        self.runs.run(step, side)
    }

    /// What a variable of the client's kernel is.
    #[must_use]
    pub fn setting(&mut self, name: &str) -> Option<String> {
        let hosts = self.runs.hosts().ok()?;
        let name = name.strip_prefix("net.smc.")?;
        hosts.first()?.settings.get(name).cloned()
    }

    /// Sets a variable of the kernel on each host; what it was.
    ///
    /// # Errors
    /// When it may not be set.
    pub fn set(&mut self, name: &str, value: &str) -> Result<String, Stop> {
        self.runs.set(name, value)
    }

    /// The client's command.
    #[must_use]
    pub fn client_command(&self) -> Vec<String> {
        self.task.client.clone()
    }

    /// The server's.
    #[must_use]
    pub fn server_command(&self) -> Option<Vec<String>> {
        self.task.server.clone()
    }
}

/// On a terminal only.
fn progress(steps: usize) -> ProgressBar {
    let bar = ProgressBar::new(steps.try_into().unwrap_or(u64::MAX));
    let style = ProgressStyle::with_template("{msg:32} {wide_bar} {pos}/{len}  {eta} left");
    if let Ok(style) = style {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(500));
    bar
}

/// How a runner is started by this smcctl.
fn runner(smcctl: &str, port: Option<u16>, timeout: Duration, command: &[String]) -> Vec<String> {
    let mut words = vec![
        smcctl.to_owned(),
        "compare".to_owned(),
        "--role=runner".to_owned(),
        format!("--timeout={}", timeout.as_secs()),
    ];
    words.extend(port.map(|port| format!("--port={port}")));
    words.push("--".to_owned());
    words.extend(command.iter().cloned());
    words
}

fn server(task: &Task, sender: Sender<Event>) -> Result<Option<Link>, Stop> {
    let command = |command: &[String]| runner(&task.smcctl, task.port, task.timeout, command);
    let words = match (&task.place, &task.server) {
        (Place::At(address), _) => return Ok(Some(Link::connect(Who::Server, address, sender)?)),
        (_, None) => return Ok(None),
        (Place::Behind(prefix), Some(server)) => {
            let mut words = prefix.clone();
            words.extend(command(server));
            words
        }
        (Place::Ssh(host), Some(server)) => {
            let ssh = ["ssh", "-T", "-o", "BatchMode=yes", "--", host];
            let mut words = ssh.map(str::to_owned).to_vec();
            words.push(shell_words::join(command(server)));
            words
        }
    };
    Ok(Some(Link::start(Who::Server, &words, sender)?))
}
