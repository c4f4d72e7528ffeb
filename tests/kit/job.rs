// SPDX-License-Identifier: MIT OR Apache-2.0
//! Jobs that programs do with streams ([`crate::stream`]), and what they say of them.
//!
//! Whoever connects sends its job in a head of 64 bytes:
//! `ID SENT ANSWERED DELAY CHUNK PAUSE MANNER`. Then that side sends SENT bytes of
//! stream ID and the side that accepts ANSWERED bytes of stream ID + 128; each ends its
//! direction with shutdown(2) and reads to the end of the other. The rest of a job is
//! for `endpoint`, see there.

use crate::stream::{content, Received, PIECE};
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::str::FromStr;

/// Bytes of a head.
pub const HEAD: usize = 64;
/// The accepting side's stream is so much after the connecting side's (modulo 256).
pub const ANSWER: u8 = 128;

/// A connection's two streams and how `endpoint` treats it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// Its number, up to 127; the connecting side's stream.
    pub id: u8,
    /// Bytes from the connecting side.
    pub sent: u64,
    /// Bytes from the accepting side.
    pub answered: u64,
    /// How `endpoint` reads and ends.
    pub reader: String,
}

impl Job {
    /// The head that says it.
    #[must_use]
    pub fn head(&self) -> [u8; HEAD] {
        let mut head = [b' '; HEAD];
        for (byte, said) in head.iter_mut().zip(self.to_string().bytes()) {
            *byte = said;
        }
        head
    }

    /// Number and length of the stream that this side sends, and of the one that it gets.
    #[must_use]
    pub fn streams(&self, connects: bool) -> [(u8, u64); 2] {
        let (sent, answered) = (
            (self.id, self.sent),
            (self.id.wrapping_add(ANSWER), self.answered),
        );
        if connects {
            [sent, answered]
        } else {
            [answered, sent]
        }
    }
}

impl fmt::Display for Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            id,
            sent,
            answered,
            reader,
        } = self;
        write!(f, "{id} {sent} {answered} {reader}")
    }
}

impl FromStr for Job {
    type Err = io::Error;

    fn from_str(text: &str) -> io::Result<Self> {
        let mut words = text.trim().splitn(4, ' ');
        let mut word = || {
            words
                .next()
                .ok_or_else(|| io::Error::other(format!("{text:?}: not a job")))
        };
        Ok(Self {
            id: number(word()?)?,
            sent: number(word()?)?,
            answered: number(word()?)?,
            reader: word()?.to_owned(),
        })
    }
}

/// How far a program on an event loop is with a job.
#[derive(Debug)]
pub struct Progress {
    id: u8,
    stream: u8,
    length: u64,
    sent: u64,
    received: Received,
    ends: [Option<String>; 2],
}

impl Progress {
    /// At the beginning of a job.
    #[must_use]
    pub fn new(job: &Job, connects: bool) -> Self {
        let [(stream, length), (theirs, _)] = job.streams(connects);
        Self {
            id: job.id,
            stream,
            length,
            sent: 0,
            received: Received::new(theirs),
            ends: [None, None],
        }
    }

    /// What is to be sent next; nothing at the end.
    #[must_use]
    pub fn piece(&self) -> &'static [u8] {
        let rest = usize::try_from(self.length - self.sent).unwrap_or(PIECE);
        content(self.stream, self.sent, rest)
    }

    /// So many bytes went into the connection.
    pub fn went(&mut self, bytes: usize) {
        self.sent += bytes as u64;
    }

    /// These came out of it.
    pub fn came(&mut self, bytes: &[u8]) {
        self.received.take(bytes);
    }

    /// Sending has ended. Prints the report if both directions have.
    pub fn sending_ended(&mut self, how: io::Result<()>) {
        let [sending, _] = &mut self.ends;
        *sending = Some(how.map_or_else(|error| self::error(&error), |()| "done".to_owned()));
        self.print_if(self.has_ended());
    }

    /// Receiving has ended. Prints the report if both directions have.
    pub fn receiving_ended(&mut self, how: io::Result<()>) {
        let end = how.map_or_else(|error| self::error(&error), |()| self.received.end());
        let [_, receiving] = &mut self.ends;
        *receiving = Some(end);
        self.print_if(self.has_ended());
    }

    /// Whether both directions have.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.ends.iter().all(Option::is_some)
    }

    /// Prints the report if it was not printed yet.
    pub fn print_if_unfinished(&self) {
        self.print_if(!self.has_ended());
    }

    fn print_if(&self, condition: bool) {
        if condition {
            let [sending, receiving] = self.ends.clone();
            let word = |end: Option<String>| end.unwrap_or_else(|| "unfinished".to_owned());
            let report = Report {
                id: self.id,
                sent: (self.sent, word(sending)),
                received: (self.received.bytes, word(receiving)),
            };
            println!("{report}");
        }
    }
}

/// The arguments of a program that does jobs: whether it listens (else it connects),
/// address, limit in seconds, and how many connections or which jobs.
///
/// # Errors
/// When they are others.
pub fn arguments<'a>(words: &'a [&'a str]) -> io::Result<(bool, SocketAddr, u64, &'a [&'a str])> {
    let [mode @ ("listen" | "connect"), address, port, limit, rest @ ..] = words else {
        return Err(io::Error::other(
            "listen ADDRESS PORT LIMIT COUNT, or connect ADDRESS PORT LIMIT JOB…",
        ));
    };
    let address = SocketAddr::new(number(address)?, number(port)?);
    Ok((*mode == "listen", address, number(limit)?, rest))
}

/// A number in a job.
///
/// # Errors
/// When it is none.
pub fn number<N: FromStr>(text: &str) -> io::Result<N> {
    text.parse()
        .map_err(|_| io::Error::other(format!("{text:?}: not a number")))
}

/// An error as reports have it.
#[must_use]
pub fn error(error: &io::Error) -> String {
    let name = match error.raw_os_error() {
        Some(libc::ECONNRESET) => "ECONNRESET".to_owned(),
        Some(libc::EPIPE) => "EPIPE".to_owned(),
        _ => error.to_string(),
    };
    format!("error:{}", name.replace(' ', "-"))
}

/// What a program says of a job at its end:
/// `ID sent BYTES done received BYTES end`; other words than `done` and `end` are
/// `unfinished`, `error:NAME` and `wrong@POSITION`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The job's.
    pub id: u8,
    /// Bytes that went into the connection, and how that ended.
    pub sent: (u64, String),
    /// Bytes that came out, and how that ended.
    pub received: (u64, String),
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ((sent, done), (received, end)) = (&self.sent, &self.received);
        write!(
            f,
            "{} sent {sent} {done} received {received} {end}",
            self.id
        )
    }
}

impl FromStr for Report {
    type Err = io::Error;

    fn from_str(text: &str) -> io::Result<Self> {
        let words: Vec<_> = text.split(' ').collect();
        let [id, "sent", sent, done, "received", received, end] = words.as_slice() else {
            return Err(io::Error::other(format!("{text:?}: not a report")));
        };
        Ok(Self {
            id: number(id)?,
            sent: (number(sent)?, (*done).to_owned()),
            received: (number(received)?, (*end).to_owned()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jobs_and_reports_are_read_as_written() -> io::Result<()> {
        let text = "5 70000 3 0 65536 0 whole";
        let job: Job = text.parse()?;
        assert_eq!(job.to_string(), text);
        assert_eq!(String::from_utf8_lossy(&job.head()).parse::<Job>()?, job);
        assert_eq!(job.streams(true), [(5, 70000), (133, 3)]);
        assert_eq!(job.streams(false), [(133, 3), (5, 70000)]);
        let report = "5 sent 12 error:EPIPE received 0 wrong@1";
        assert_eq!(report.parse::<Report>()?.to_string(), report);
        assert!("5 sent 12".parse::<Report>().is_err());
        Ok(())
    }
}
