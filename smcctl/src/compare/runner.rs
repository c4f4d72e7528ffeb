// SPDX-License-Identifier: MIT OR Apache-2.0
//! Runs one side's command: starts it when asked, and sees to its end, also when
//! nobody is left to ask. It is a process of its own, so that all that comes of the
//! command is below it, and the command's only.

use super::facts::{self, Facts};
use super::listening;
use super::processes;
use super::program::{last_line, Event, Program};
use super::protocol::{send, Answer, How, Request};
use super::side::Side;
use rustix::process::Signal;
use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

/// Asked to end, a program has so long before it is ended less politely.
const PATIENCE: Duration = Duration::from_secs(5);
/// No event says that a socket listens: it is looked for so often.
const FIRST_LOOK: Duration = Duration::from_millis(2);
const LAST_LOOK: Duration = Duration::from_millis(50);

/// What a runner waits for.
#[derive(Debug)]
pub enum Message {
    /// It is asked for something.
    Request(Request),
    /// Nobody is left to ask, or it is to end.
    Closed,
    /// Something happened to its program.
    ChildExited(Event),
}

impl From<Event> for Message {
    fn from(event: Event) -> Self {
        Self::ChildExited(event)
    }
}

/// What a runner knows from its command line.
#[derive(Clone, Debug)]
pub struct Orders {
    /// Its command.
    pub command: Vec<String>,
    /// The file that is its standard input when it is a client.
    pub input: Option<PathBuf>,
    /// The port on which it listens, where that is known.
    pub port: Option<u16>,
    /// No command takes longer.
    pub timeout: Duration,
    /// Whoever asks is the one who has named the command.
    pub is_trusted: bool,
}

/// Why a program is not waited for any longer.
enum Why {
    Gone,
    Failed(String),
}

impl From<String> for Why {
    fn from(words: String) -> Self {
        Self::Failed(words)
    }
}

/// A runner.
pub struct Runner<'a> {
    orders: Orders,
    messages: &'a Receiver<Message>,
    sender: Sender<Message>,
    out: Box<dyn Write>,
    program: Option<Program>,
    /// What variables of the kernel were before the first was set.
    before: BTreeMap<String, String>,
}

impl<'a> Runner<'a> {
    /// One that answers to `out`; `sender` is where `messages` come from.
    #[must_use]
    pub fn new(
        orders: Orders,
        (sender, messages): (Sender<Message>, &'a Receiver<Message>),
        out: Box<dyn Write>,
    ) -> Self {
        Self {
            orders,
            messages,
            sender,
            out,
            program: None,
            before: BTreeMap::new(),
        }
    }

    /// Does what it is asked until nobody is left; then nothing of its program is.
    pub fn serve(mut self) {
        while let Ok(message) = self.messages.recv() {
            let answer = match message {
                Message::Closed => break,
                Message::ChildExited(event) => self.child_exited(event),
                Message::Request(request) => match self.answer(request) {
                    Ok(answer) => Some(answer),
                    Err(Why::Failed(words)) => {
                        self.end();
                        Some(Answer::Failed(words))
                    }
                    Err(Why::Gone) => break,
                },
            };
            if answer.is_some_and(|answer| send(&mut self.out, &answer).is_err()) {
                break;
            }
        }
        self.end();
        for (name, value) in &self.before {
            let _ = facts::set(name, value);
        }
    }

    /// To a program that is not waited for: the caller learns that a server has ended.
    fn child_exited(&mut self, event: Event) -> Option<Answer> {
        let program = self.program.as_mut()?;
        program.record(event);
        if program.is_running {
            return None;
        }
        self.ended_early("while it was needed").map(Answer::Died)
    }

    fn ended_early(&mut self, when: &str) -> Option<String> {
        let program = self.program.take()?;
        let name = program.name.clone();
        let ended = program.finish();
        let said = last_line(&ended.output);
        Some(format!("{name} {} {when}{said}", ended.how))
    }

    fn answer(&mut self, request: Request) -> Result<Answer, Why> {
        let side = match &request {
            Request::Serve(how) | Request::Work(how) => Some(&how.side),
            Request::Prepare { side, .. } => Some(side),
            _ => None,
        };
        let is_own = !matches!(request, Request::Prepare { .. } | Request::Set { .. });
        let is_harmless = is_own && side.is_none_or(Side::is_harmless);
        if !(self.orders.is_trusted || is_harmless) {
            return Err("this side does not take such orders over the network"
                .to_owned()
                .into());
        }
        match request {
            Request::About => Ok(Answer::Host(Box::new(Facts::read()))),
            Request::Serve(how) => self.start_server(&how),
            Request::Mark => {
                if let Some(program) = &mut self.program {
                    program.mark();
                }
                Ok(Answer::Done(String::new()))
            }
            Request::Stop => {
                self.end_processes();
                let program = self.program.take().ok_or("there is no server".to_owned())?;
                Ok(Answer::Ended(Box::new(program.finish())))
            }
            Request::Prepare { command, side } => {
                let how = How {
                    side,
                    reported: false,
                };
                self.work(&how, &command, None)
            }
            Request::Work(how) => {
                let Orders { command, input, .. } = self.orders.clone();
                self.work(&how, &command, input.as_deref())
            }
            Request::Set { name, value } => {
                let was = facts::set(&name, &value)?;
                self.before.entry(name).or_insert_with(|| was.clone());
                Ok(Answer::Done(was))
            }
        }
    }

    /// Starts the server and waits until it listens.
    fn start_server(&mut self, how: &How) -> Result<Answer, Why> {
        let port = self.orders.port;
        if let Some(port) = port.filter(|port| listening::is_taken(*port)) {
            return Err(format!("port {port} is taken: another program listens on it").into());
        }
        let command = self.orders.command.clone();
        let program = Program::start(how, &command, None, self.sender.clone());
        self.program = Some(program.map_err(|failure| failure.what().to_owned())?);
        let deadline = Instant::now() + self.orders.timeout;
        let mut pause = FIRST_LOOK;
        loop {
            let found = listening::ports(&processes::descendants());
            // Of a process that may not be looked into, the port is enough if it is named.
            let is_ready = match port {
                Some(port) => {
                    found.contains(&port) || found.is_empty() && listening::is_taken(port)
                }
                None => !found.is_empty(),
            };
            if is_ready {
                return Ok(Answer::Ready(found.into_iter().collect()));
            }
            if Instant::now() >= deadline {
                let name = command.first().map_or("", String::as_str);
                let seconds = self.orders.timeout.as_secs();
                let on = port.map_or(String::new(), |port| format!(" on port {port}"));
                return Err(format!("{name} does not listen{on} after {seconds} s").into());
            }
            self.wait_until(Instant::now() + pause)?;
            pause = LAST_LOOK.min(pause * 2);
            if self
                .program
                .as_ref()
                .is_some_and(|program| !program.is_running)
            {
                let words = self.ended_early("before it listened");
                return Err(words.unwrap_or_default().into());
            }
        }
    }

    /// Runs a command until its first process has ended, and ends the others.
    fn work(&mut self, how: &How, command: &[String], input: Option<&Path>) -> Result<Answer, Why> {
        let program = Program::start(how, command, input, self.sender.clone());
        self.program = Some(program.map_err(|failure| failure.what().to_owned())?);
        let deadline = Instant::now() + self.orders.timeout;
        while self.program.as_ref().is_some_and(|one| one.end().is_none()) {
            if !self.wait_until(deadline)? {
                let name = command.first().map_or("", String::as_str);
                let seconds = self.orders.timeout.as_secs();
                return Err(format!("{name} did not end within {seconds} s (--timeout)").into());
            }
        }
        self.end_processes();
        let program = self
            .program
            .take()
            .ok_or("there is no command".to_owned())?;
        Ok(Answer::Ended(Box::new(program.finish())))
    }

    /// Waits for something to happen to the program; whether it did.
    fn wait_until(&mut self, deadline: Instant) -> Result<bool, Why> {
        let left = deadline.saturating_duration_since(Instant::now());
        match self.messages.recv_timeout(left) {
            Ok(Message::ChildExited(event)) => {
                if let Some(program) = &mut self.program {
                    program.record(event);
                }
                Ok(true)
            }
            // Whoever asks waits for the answer: another question is a mistake.
            Ok(Message::Request(_) | Message::Closed) | Err(RecvTimeoutError::Disconnected) => {
                Err(Why::Gone)
            }
            Err(RecvTimeoutError::Timeout) => Ok(false),
        }
    }

    /// Ends the program and forgets it.
    fn end(&mut self) {
        self.end_processes();
        if let Some(program) = self.program.take() {
            let _ = program.finish();
        }
    }

    /// The first process is asked, then all that are left, then they are not asked.
    fn end_processes(&mut self) {
        for step in 0..3 {
            let Some(program) = self.program.as_ref().filter(|one| one.is_running) else {
                return;
            };
            match (step, program.first()) {
                (0, Some(first)) => processes::signal(first, Signal::TERM),
                (0 | 1, _) => {
                    processes::signal_all(Signal::TERM);
                    processes::signal_all(Signal::CONT);
                }
                _ => {}
            }
            let deadline = Instant::now() + PATIENCE;
            while self.is_running() && Instant::now() < deadline {
                let first_before = self.program.as_ref().and_then(Program::first);
                let mut left = deadline.saturating_duration_since(Instant::now());
                if step == 2 {
                    // One that was made while the others were ended is ended, too.
                    processes::signal_all(Signal::KILL);
                    left = left.min(LAST_LOOK);
                }
                match self.messages.recv_timeout(left) {
                    Ok(Message::ChildExited(event)) => {
                        if let Some(program) = &mut self.program {
                            program.record(event);
                        }
                    }
                    Ok(_) | Err(RecvTimeoutError::Timeout) => {}
                    Err(RecvTimeoutError::Disconnected) => break,
                }
                // Its children are not always asked to end by it.
                let first = self.program.as_ref().and_then(Program::first);
                if first_before.is_some() && first.is_none() && self.is_running() {
                    processes::signal_all(Signal::TERM);
                }
            }
        }
    }

    fn is_running(&self) -> bool {
        self.program
            .as_ref()
            .is_some_and(|program| program.is_running)
    }
}
