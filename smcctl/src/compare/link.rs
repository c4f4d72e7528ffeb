// SPDX-License-Identifier: MIT OR Apache-2.0
//! Speaks with a runner: a child of this process, one behind a command such as ssh,
//! or one that somebody has started on another host.

use super::processes::stands_alone;
use super::protocol::{receive, send, Answer, Request};
use crate::failure::{words, Failure};
use crate::system::process::Process;
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, Sender};
use std::time::Duration;

/// Longer than a runner takes for a program that does not want to end.
const LONGEST_END: Duration = Duration::from_secs(20);

/// Which of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// The server's runner.
    Server,
    /// The client's.
    Client,
}

/// What comes back.
#[derive(Debug)]
pub enum Event {
    /// An answer.
    Answer(Who, Answer),
    /// There will be none any more.
    Lost(Who),
    /// This process is to end.
    Interrupted(i32),
}

fn event_of(who: Who) -> impl Fn(Answer) -> Event {
    move |answer| Event::Answer(who, answer)
}

enum Way {
    Child(Child),
    Stream(TcpStream),
}

/// A runner to speak with; when it is dropped, the runner ends what it has started.
pub struct Link {
    who: Who,
    way: Way,
}

impl Link {
    /// To a child that is started by this command.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(who: Who, words_of: &[String], sender: Sender<Event>) -> Result<Self, Failure> {
        let (name, arguments) = words_of
            .split_first()
            .ok_or_else(|| Failure::new("no command for the server's side"))?;
        let mut command = Command::new(name);
        command.args(arguments);
        stands_alone(&mut command);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().map_err(|error| {
            Failure::new(format!("{name}: cannot be started: {}", words(&error)))
        })?;
        if let Some(answers) = child.stdout.take() {
            receive(answers, sender, event_of(who), Event::Lost(who));
        }
        Ok(Self {
            who,
            way: Way::Child(child),
        })
    }

    /// To one that listens.
    ///
    /// # Errors
    /// When it does not.
    pub fn connect(who: Who, address: &str, sender: Sender<Event>) -> Result<Self, Failure> {
        let failed = |error| {
            Failure::new(format!("no server's side at {address}: {}", words(&error)))
                .fixed_by("smcctl compare --role server --listen ADDRESS:PORT --server COMMAND")
        };
        let stream = TcpStream::connect(address).map_err(failed)?;
        let _ = stream.set_nodelay(true);
        let answers = stream.try_clone().map_err(failed)?;
        receive(answers, sender, event_of(who), Event::Lost(who));
        Ok(Self {
            who,
            way: Way::Stream(stream),
        })
    }

    /// Asks for something and waits for the answer.
    ///
    /// # Errors
    /// What the runner says went wrong, or that the other side's server has ended.
    pub fn ask(&mut self, request: &Request, events: &Receiver<Event>) -> Result<Answer, Stop> {
        let sent = match &mut self.way {
            Way::Child(child) => child.stdin.as_mut().map(|stdin| send(stdin, request)),
            Way::Stream(stream) => Some(send(stream, request)),
        };
        // Why it cannot be sent is known from what comes back.
        drop(sent);
        loop {
            match events.recv() {
                Ok(Event::Answer(_, Answer::Failed(words) | Answer::Died(words))) => {
                    return Err(Stop::Failed(Failure::new(words)));
                }
                Ok(Event::Answer(who, answer)) if who == self.who => return Ok(answer),
                Ok(Event::Answer(..)) => {}
                Ok(Event::Interrupted(signal)) => return Err(Stop::Interrupted(signal)),
                Ok(Event::Lost(who)) => {
                    let who = match who {
                        Who::Server => "server's",
                        Who::Client => "client's",
                    };
                    let words = format!("the {who} side of smcctl compare is gone");
                    return Err(Stop::Failed(Failure::new(words)));
                }
                Err(_) => return Err(Stop::Failed(Failure::new("nobody answers"))),
            }
        }
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        match &mut self.way {
            Way::Child(child) => {
                drop(child.stdin.take());
                end(child);
            }
            Way::Stream(stream) => {
                let _ = stream.shutdown(std::net::Shutdown::Both);
            }
        }
    }
}

/// A runner ends its program within a bounded time, and then itself; but what it is
/// behind, a network say, may not pass it on.
fn end(child: &mut Child) {
    let has_ended =
        Process::of(child.id()).is_some_and(|runner| runner.has_ended_within(LONGEST_END));
    if !has_ended {
        let _ = child.kill();
    }
    let _ = child.wait();
}

/// Why a comparison ends before its time.
#[derive(Debug)]
pub enum Stop {
    /// Something failed.
    Failed(Failure),
    /// By this signal.
    Interrupted(i32),
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}
