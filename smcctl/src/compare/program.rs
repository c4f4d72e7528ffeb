// SPDX-License-Identifier: MIT OR Apache-2.0
//! One run of one command in a runner: its output, what it uses, what the kernel
//! counts meanwhile, and what its connections are.

use super::counters::Counters;
use super::processes::{self, Ending};
use super::protocol::{Ended, How, Reported};
use super::side::Prepared;
use crate::failure::{words, Failure};
use crate::kernel::counts::{self, Counts};
use crate::kernel::smc_socket::Supported;
use crate::preload::{self, Libraries};
use crate::run::reader::Reader;
use crate::run::reason::{Explainer, Side as Role};
use crate::run::shared_memory::SharedTable;
use crate::run::tally::Tally;
use smc_core::report::table;
use smc_policy::Config;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;
use std::process::Stdio;
use std::sync::mpsc::{channel, Receiver, Sender};
use std::thread;
use std::time::{Duration, Instant};

/// More output of a program is not kept: the beginning is left out.
const MOST_OUTPUT: usize = 4 << 20;
/// Output that somebody else holds open is not waited for.
const OUTPUT_WAIT: Duration = Duration::from_secs(2);

/// What happens to a program.
#[derive(Debug)]
pub enum Event {
    /// One of its processes has ended.
    Ended(Ending),
    /// All have.
    NoneLeft,
}

/// A program that was started.
pub struct Program {
    /// The name that it is spoken of by.
    pub name: String,
    first: u32,
    begun: Instant,
    /// How the first process has ended, and after what time.
    end: Option<(Ending, Duration)>,
    /// Some of its processes are left.
    pub is_running: bool,
    /// Of all that have ended, and that before what is measured began.
    cpu: Duration,
    cpu_before: Duration,
    before: Option<Counts>,
    output: [Receiver<Vec<u8>>; 2],
    report: Option<(Reader, SharedTable)>,
}

impl Program {
    /// Starts it with the file `input`, if there is one, as standard input; `events` gets
    /// what happens to it.
    ///
    /// # Errors
    /// Why it cannot be started, in one line.
    pub fn start<T: From<Event> + Send + 'static>(
        how: &How,
        command: &[String],
        input: Option<&Path>,
        events: Sender<T>,
    ) -> Result<Self, Failure> {
        let name = command.first().cloned().unwrap_or_default();
        let mut prepared = how.side.prepare(command)?;
        let input = match input {
            Some(path) => open_input(path)?.into(),
            None => Stdio::null(),
        };
        let report = if how.reported {
            Some(report(&mut prepared)?)
        } else {
            None
        };
        let before = counts::read().ok();
        let begun = Instant::now();
        let mut child = processes::start(&prepared, input).map_err(|error| {
            Failure::new(match error.kind() {
                io::ErrorKind::NotFound => format!("{name}: there is no such command"),
                _ => format!("{name}: cannot be started: {}", words(&error)),
            })
        })?;
        let output = [collect(child.stdout.take()), collect(child.stderr.take())];
        thread::spawn(move || {
            while let Some(ending) = processes::next_ending() {
                let _ = events.send(Event::Ended(ending).into());
            }
            let _ = events.send(Event::NoneLeft.into());
        });
        Ok(Self {
            name,
            first: child.id(),
            begun,
            end: None,
            is_running: true,
            cpu: Duration::ZERO,
            cpu_before: Duration::ZERO,
            before,
            output,
            report,
        })
    }

    /// Takes note.
    pub fn record(&mut self, event: Event) {
        match event {
            Event::Ended(ending) => {
                self.cpu += ending.cpu;
                if ending.pid == self.first {
                    self.end = Some((ending, self.begun.elapsed()));
                }
            }
            Event::NoneLeft => self.is_running = false,
        }
    }

    /// How the first process has ended, if it has.
    #[must_use]
    pub fn end(&self) -> Option<&Ending> {
        self.end.as_ref().map(|(ending, _)| ending)
    }

    /// The first process, if it has not ended.
    #[must_use]
    pub fn first(&self) -> Option<u32> {
        self.end.is_none().then_some(self.first)
    }

    /// What is measured begins now.
    pub fn mark(&mut self) {
        self.cpu_before = self.cpu + processes::cpu_now();
        self.before = counts::read().ok();
    }

    /// When all has ended: what became of it.
    #[must_use]
    pub fn finish(self) -> Ended {
        let counted = counts::read().ok().zip(self.before);
        let report = self.report.map(|(reader, shared)| {
            let tally = reader.end();
            drop(shared);
            lines(&tally)
        });
        let (ending, wall) = match self.end {
            Some((ending, wall)) => (Some(ending), wall),
            None => (None, self.begun.elapsed()),
        };
        let output = self.output.map(|output| {
            let output = output.recv_timeout(OUTPUT_WAIT).unwrap_or_default();
            String::from_utf8_lossy(&output).into_owned()
        });
        Ended {
            is_success: ending.as_ref().is_some_and(|ending| ending.is_success),
            how: ending.map_or_else(|| "did not end".to_owned(), |ending| ending.how),
            wall: wall.as_secs_f64(),
            cpu: self.cpu.saturating_sub(self.cpu_before).as_secs_f64(),
            output: output.concat(),
            // Where the kernel began anew nothing is known to be SMC.
            counted: counted
                .map(|(after, before)| Counters::from(&after.since(&before).unwrap_or_default())),
            report,
        }
    }
}

/// Opens what is to be a client's standard input.
///
/// # Errors
/// When it cannot be read, or not once more for the next run.
pub fn open_input(path: &Path) -> Result<File, Failure> {
    let cannot = |why: &str| Failure::new(format!("--stdin {}: {why}", path.display()));
    let about = fs::metadata(path).map_err(|error| cannot(&words(&error)))?;
    if !about.is_file() {
        return Err(cannot("expected a file, which is read anew in each run"));
    }
    File::open(path).map_err(|error| cannot(&words(&error)))
}

/// Reads all of it, and hands over the end of it.
fn collect(from: Option<impl Read + Send + 'static>) -> Receiver<Vec<u8>> {
    let (done, is_done) = channel();
    thread::spawn(move || {
        let mut kept = Vec::new();
        let mut buffer = vec![0; 64 << 10];
        if let Some(mut from) = from {
            while let Ok(count @ 1..) = from.read(&mut buffer) {
                kept.extend_from_slice(buffer.get(..count).unwrap_or_default());
                if kept.len() > 2 * MOST_OUTPUT {
                    kept.drain(..kept.len() - MOST_OUTPUT);
                }
            }
        }
        let _ = done.send(kept);
    });
    is_done
}

/// Has the program report.
fn report(prepared: &mut Prepared) -> Result<(Reader, SharedTable), Failure> {
    let config = Config::from_env(|name| match prepared.variables.get(name) {
        Some(value) => value.clone(),
        None => std::env::var_os(name),
    })
    .map_err(|problem| Failure::new(problem.to_string()))?;
    let list = prepared.variables.get(preload::VARIABLE).cloned().flatten();
    let shared = SharedTable::create()?;
    let libraries = Libraries::parse(list.as_deref().unwrap_or_default());
    if libraries.find(preload::SHIM).is_some() {
        let path: OsString = shared.path().into();
        prepared
            .variables
            .insert(table::VARIABLE.to_owned(), Some(path));
    }
    let reader = Reader::begin(
        shared.table(),
        Explainer::new(config, Supported::probe().any()),
    );
    Ok((reader?, shared))
}

fn lines(tally: &Tally) -> Vec<Reported> {
    let lines = tally.lines();
    let lines = lines.map(|(role, port, what, count)| Reported {
        accepted: role == Role::Accepted,
        port,
        count,
        kind: what.name().to_owned(),
        why: what.reason().map(ToString::to_string),
    });
    lines.collect()
}

/// The last line of what a program printed, as the rest of a sentence.
#[must_use]
pub fn last_line(output: &str) -> String {
    let lines = output.lines().map(str::trim);
    match lines.rev().find(|line| !line.is_empty()) {
        Some(line) => format!(": {}", line.chars().take(160).collect::<String>()),
        None => String::new(),
    }
}
