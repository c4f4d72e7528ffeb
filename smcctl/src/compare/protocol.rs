// SPDX-License-Identifier: MIT OR Apache-2.0
//! What is asked of a runner, and what it answers: one line of JSON each.

use super::counters::Counters;
use super::facts::Facts;
use super::side::Side;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::sync::mpsc::Sender;
use std::thread;

/// Sends a request or an answer.
///
/// # Errors
/// When it cannot be sent.
pub fn send(to: &mut impl Write, message: &impl Serialize) -> io::Result<()> {
    let mut line = serde_json::to_vec(message)?;
    line.push(b'\n');
    to.write_all(&line)?;
    to.flush()
}

/// Receives requests or answers in a thread of its own and passes each on as `event`
/// makes it, and `end` when there is no other, or one that cannot be read.
pub fn receive<M: DeserializeOwned, E: Send + 'static>(
    from: impl Read + Send + 'static,
    events: Sender<E>,
    event: impl Fn(M) -> E + Send + 'static,
    end: E,
) {
    thread::spawn(move || {
        for line in BufReader::new(from).lines() {
            let message = line.ok().and_then(|line| serde_json::from_str(&line).ok());
            let Some(message) = message else { break };
            if events.send(event(message)).is_err() {
                return;
            }
        }
        let _ = events.send(end);
    });
}

/// What a runner is asked.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Request {
    /// What kind of host this is.
    About,
    /// Start the command as a server, and say when it listens.
    Serve(How),
    /// From here on the server works for what is measured.
    Mark,
    /// End the server, and say what it has used.
    Stop,
    /// Run another command first, until it has ended.
    Prepare {
        /// The command.
        command: Vec<String>,
        /// On this side.
        side: Side,
    },
    /// Run the command until it has ended.
    Work(How),
    /// Set a variable of the kernel; the answer is what it was.
    Set {
        /// Its name, as sysctl(8) has it.
        name: String,
        /// The value.
        value: String,
    },
}

/// How the command is run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct How {
    /// On which side.
    pub side: Side,
    /// Under the report's library: it tells more, and takes time.
    pub reported: bool,
}

/// What a runner answers.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Answer {
    /// The host.
    Host(Box<Facts>),
    /// The server listens on these ports.
    Ready(Vec<u16>),
    /// It is done.
    Done(String),
    /// The command has ended.
    Ended(Box<Ended>),
    /// Why it could not be done.
    Failed(String),
    /// The server has ended by itself, and how.
    Died(String),
}

/// What became of a command.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Ended {
    /// It did as it should.
    pub is_success: bool,
    /// How its first process ended, in words.
    pub how: String,
    /// Seconds until its first process had ended.
    pub wall: f64,
    /// Seconds of CPU time of all its processes.
    pub cpu: f64,
    /// What it printed, standard error last.
    pub output: String,
    /// What the kernel has counted meanwhile, where it counts.
    pub counted: Option<Counters>,
    /// What its connections were, where it was run under the report's library.
    pub report: Option<Vec<Reported>>,
}

/// So many connections of one kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reported {
    /// They were accepted, not made.
    pub accepted: bool,
    /// The port of the server.
    pub port: Option<u16>,
    /// How many.
    pub count: u64,
    /// `SMC-R`, `SMC-D`, `SMC` or `TCP`.
    pub kind: String,
    /// Why `TCP`.
    pub why: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Shutdown;
    use std::os::unix::net::UnixStream;
    use std::sync::mpsc::{channel, Receiver};

    /// What comes of these bytes, sent one by one, as `Debug` shows it.
    fn received(bytes: &[u8]) -> Vec<Option<String>> {
        let (mut ours, theirs) = UnixStream::pair().unwrap();
        let (events, received): (_, Receiver<Option<String>>) = channel();
        receive(theirs, events, |it: Request| Some(format!("{it:?}")), None);
        for byte in bytes {
            ours.write_all(&[*byte]).unwrap();
        }
        ours.shutdown(Shutdown::Write).unwrap();
        received.iter().collect()
    }

    #[test]
    fn requests_come_as_they_were_sent() {
        let mut bytes = Vec::new();
        let set = Request::Set {
            name: "net.smc.wmem".to_owned(),
            value: "two\nlines".to_owned(),
        };
        send(&mut bytes, &Request::About).unwrap();
        send(&mut bytes, &set).unwrap();
        let expected = [Some("About".to_owned()), Some(format!("{set:?}")), None];
        assert_eq!(received(&bytes), expected);
    }

    #[test]
    fn what_cannot_be_read_is_the_end() {
        let about = Some("About".to_owned());
        assert_eq!(received(b""), [None]);
        assert_eq!(received(b"\"about\"\n\"ab"), [about.clone(), None]);
        assert_eq!(received(b"\"about\"\nwhat?\n\"about\"\n"), [about, None]);
        assert_eq!(received(b"\xff\n\"about\"\n"), [None]);
    }
}
