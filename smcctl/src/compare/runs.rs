// SPDX-License-Identifier: MIT OR Apache-2.0
//! Has the runs of a comparison done, one after the other.

use super::facts::Facts;
use super::link::{Event, Link, Stop};
use super::metrics::custom::Custom;
use super::metrics::known::{self, Benchmark};
use super::metrics::{Metric, Read, Value};
use super::plan::{Step, Which};
use super::program::last_line;
use super::protocol::{Answer, Ended, How, Request};
use super::result::Run;
use super::side::Side;
use super::transport_check;
use crate::failure::Failure;
use std::sync::mpsc::Receiver;

/// What is run.
pub struct Runs {
    /// The client's runner.
    pub client: Link,
    /// The server's.
    pub server: Option<Link>,
    /// What both say.
    pub events: Receiver<Event>,
    /// The client's command.
    pub command: Vec<String>,
    /// What is run before it each time.
    pub prepare: Vec<String>,
    /// What is to be found in its output.
    pub custom: Vec<Custom>,
}

impl Runs {
    /// What is to be known of the hosts.
    ///
    /// # Errors
    /// When a runner is gone.
    pub fn hosts(&mut self) -> Result<Vec<Facts>, Stop> {
        let mut hosts: Vec<Facts> = Vec::new();
        for link in [Some(&mut self.client), self.server.as_mut()] {
            let Some(link) = link else { continue };
            if let Answer::Host(facts) = link.ask(&Request::About, &self.events)? {
                if hosts.iter().all(|known| known.host != facts.host) {
                    hosts.push(*facts);
                }
            }
        }
        Ok(hosts)
    }

    /// Sets a variable of the kernel on each host; what it was on the client's.
    ///
    /// # Errors
    /// When it may not be set.
    pub fn set(&mut self, name: &str, value: &str) -> Result<String, Stop> {
        let hosts = self.hosts()?.len();
        let request = Request::Set {
            name: name.to_owned(),
            value: value.to_owned(),
        };
        let before = self.client.ask(&request, &self.events)?;
        if let Some(server) = self.server.as_mut().filter(|_| hosts > 1) {
            server.ask(&request, &self.events)?;
        }
        match before {
            Answer::Done(before) => Ok(before),
            _ => Err(Failure::new("the client's side is confused").into()),
        }
    }

    /// One run.
    ///
    /// # Errors
    /// When it fails, or is interrupted.
    pub fn run(&mut self, step: Step, side: &Side) -> Result<Run, Stop> {
        let (client, server) = self.once(step, side).map_err(|stop| match stop {
            Stop::Failed(failure) => {
                let what = match step.pair {
                    Some(pair) => format!("{side}, pair {pair}: {}", failure.what()),
                    None => format!("{side}: {}", failure.what()),
                };
                Stop::Failed(Failure::new(what))
            }
            interrupted @ Stop::Interrupted(_) => interrupted,
        })?;
        let looked = transport_check::check(side, &client, server.as_ref());
        Ok(Run {
            side: step.which,
            pair: step.pair,
            kind: looked.as_ref().ok().cloned(),
            values: self.values(&client, server.as_ref())?,
            problem: looked.err(),
        })
    }

    fn once(&mut self, step: Step, side: &Side) -> Result<(Ended, Option<Ended>), Stop> {
        let how = How {
            side: side.clone(),
            reported: step.is_looked_at && side.is_smc(),
        };
        if let Some(server) = &mut self.server {
            server.ask(&Request::Serve(how.clone()), &self.events)?;
        }
        if !self.prepare.is_empty() {
            let prepare = Request::Prepare {
                command: self.prepare.clone(),
                side: side.clone(),
            };
            if let Answer::Ended(ended) = self.client.ask(&prepare, &self.events)? {
                succeeded(self.prepare.first(), &ended)?;
            }
        }
        if let Some(server) = &mut self.server {
            server.ask(&Request::Mark, &self.events)?;
        }
        let client = self.client.ask(&Request::Work(how), &self.events)?;
        let server = match &mut self.server {
            Some(server) => ended(server.ask(&Request::Stop, &self.events)?),
            None => None,
        };
        let client = ended(client).ok_or_else(|| Failure::new("the client's side is confused"))?;
        succeeded(self.command.first(), &client)?;
        Ok((client, server))
    }

    /// All numbers of a run, the most telling first.
    fn values(&self, client: &Ended, server: Option<&Ended>) -> Result<Vec<Value>, Failure> {
        let mut values = Vec::new();
        for custom in &self.custom {
            values.push(custom.read(&client.output).map_err(Failure::new)?);
        }
        let benchmark = known::of(&self.command);
        let read =
            benchmark.map_or_else(Read::default, |one| one.read(&self.command, &client.output));
        if let Some(benchmark) = benchmark.filter(|_| read.values.is_empty() && values.is_empty()) {
            return Err(nothing_read(benchmark, &client.output));
        }
        values.extend(read.values);
        let cpu = client.cpu + server.map_or(0.0, |server| server.cpu);
        let mut add = |metric, value: f64| values.push(Value { metric, value });
        if let Some(work) = read.work {
            let name = format!("CPU per {}", work.unit);
            let (unit, factor) = if work.unit == "GB" {
                ("s", 1.0)
            } else {
                ("us", 1e6)
            };
            add(Metric::less(&name, unit), cpu * factor / work.amount);
        }
        add(Metric::less("wall time", "s"), client.wall);
        add(Metric::less("client CPU", "s"), client.cpu);
        if let Some(server) = server {
            add(Metric::less("server CPU", "s"), server.cpu);
            add(Metric::less("CPU", "s"), cpu);
        }
        Ok(values)
    }
}

fn nothing_read(benchmark: &Benchmark, output: &str) -> Failure {
    let name = benchmark.name;
    let said = last_line(output);
    Failure::new(format!(
        "there is no result in what {name} printed; --metric can say where it is{said}"
    ))
}

fn ended(answer: Answer) -> Option<Ended> {
    match answer {
        Answer::Ended(ended) => Some(*ended),
        _ => None,
    }
}

fn succeeded(name: Option<&String>, ended: &Ended) -> Result<(), Failure> {
    if ended.is_success {
        return Ok(());
    }
    let name = name.map_or("", String::as_str);
    let said = last_line(&ended.output);
    Err(Failure::new(format!("{name} {}{said}", ended.how)))
}

/// Which side a step is of.
#[must_use]
pub fn side_of(step: Step, sides: &[Side; 2]) -> &Side {
    match step.which {
        Which::A => &sides[0],
        Which::B => &sides[1],
    }
}
