// SPDX-License-Identifier: MIT OR Apache-2.0
//! A program on mio that does the jobs of `kit::job`, as `loop-tokio` does. It reads
//! and writes until the kernel says EWOULDBLOCK, as mio's documentation asks for.

use kit::job::{self, Job, Progress, HEAD};
use mio::event::Event;
use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token};
use std::collections::HashMap;
use std::io::{self, ErrorKind, Read, Write};
use std::net::Shutdown;
use std::time::{Duration, Instant};

const LISTENER: Token = Token(usize::MAX);

fn main() -> io::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let (listens, address, limit, rest) = job::arguments(&arguments)?;
    let end = Instant::now() + Duration::from_secs(limit);
    let mut poll = Poll::new()?;
    let mut listener = None;
    let mut connections = HashMap::new();
    let mut expected: usize = if listens {
        let mut new = TcpListener::bind(address)?;
        poll.registry()
            .register(&mut new, LISTENER, Interest::READABLE)?;
        listener = Some(new);
        job::number(rest.first().unwrap_or(&""))?
    } else {
        for job in rest {
            let stream = TcpStream::connect(address)?;
            let mut connection = Connection::new(stream, Some(job.parse()?));
            connection.register(&poll, connections.len())?;
            connections.insert(connections.len(), connection);
        }
        0
    };
    let mut events = Events::with_capacity(64);
    let mut next = connections.len();
    while expected > 0 || !connections.is_empty() {
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            let unfinished = connections.values().filter_map(|it| it.progress.as_ref());
            unfinished.for_each(Progress::print_if_unfinished);
            return Err(io::Error::from(ErrorKind::TimedOut));
        }
        poll.poll(&mut events, Some(left))?;
        for event in &events {
            let Token(number) = event.token();
            if let (LISTENER, Some(listener)) = (event.token(), &listener) {
                while let Some((accepted, _)) = unless_blocked(listener.accept())? {
                    let mut connection = Connection::new(accepted, None);
                    connection.register(&poll, next)?;
                    connections.insert(next, connection);
                    next += 1;
                    expected -= 1;
                }
            } else if let Some(connection) = connections.get_mut(&number) {
                if connection.has_ended_after(event)? {
                    connections.remove(&number);
                }
            }
        }
    }
    Ok(())
}

/// `None` when it would have blocked.
fn unless_blocked<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(None),
        Err(error) => Err(error),
    }
}

struct Connection {
    stream: TcpStream,
    job: Option<Job>,
    /// Bytes of the head: to be sent, or received so far.
    head: Vec<u8>,
    progress: Option<Progress>,
    unsent: &'static [u8],
    is_writable: bool,
    is_sending: bool,
    is_receiving: bool,
}

impl Connection {
    /// With the job if it is this side's to say.
    fn new(stream: TcpStream, job: Option<Job>) -> Self {
        Self {
            stream,
            head: job.as_ref().map_or(Vec::new(), |job| job.head().to_vec()),
            progress: job.as_ref().map(|job| Progress::new(job, true)),
            job,
            unsent: &[],
            is_writable: false,
            is_sending: true,
            is_receiving: true,
        }
    }

    fn register(&mut self, poll: &Poll, number: usize) -> io::Result<()> {
        let interests = Interest::READABLE | Interest::WRITABLE;
        poll.registry()
            .register(&mut self.stream, Token(number), interests)
    }

    fn has_ended_after(&mut self, event: &Event) -> io::Result<bool> {
        self.is_writable |= event.is_writable();
        if event.is_readable() && self.is_receiving {
            let received = self.receive();
            if let Some(ended) = unless_blocked(received).transpose() {
                self.is_receiving = false;
                let progress = self.progress.as_mut();
                let progress = progress.ok_or_else(|| io::Error::other("no head"))?;
                progress.receiving_ended(ended);
            }
        }
        if self.is_writable && self.is_sending && self.progress.is_some() {
            let sent = self.send();
            self.is_writable = false;
            if let Some(ended) = unless_blocked(sent).transpose() {
                self.is_sending = false;
                if let Some(progress) = &mut self.progress {
                    progress.sending_ended(ended);
                }
            }
        }
        Ok(!self.is_sending && !self.is_receiving)
    }

    /// Until the end, or until nothing is there (`WouldBlock`).
    fn receive(&mut self) -> io::Result<()> {
        let mut piece = vec![0; 64 << 10];
        loop {
            let most = if self.progress.is_some() {
                piece.len()
            } else {
                HEAD - self.head.len()
            };
            let count = self
                .stream
                .read(piece.get_mut(..most).unwrap_or_default())?;
            let received = piece.get(..count).unwrap_or_default();
            if count == 0 {
                return Ok(());
            }
            if let Some(progress) = &mut self.progress {
                progress.came(received);
                continue;
            }
            self.head.extend_from_slice(received);
            if self.head.len() == HEAD {
                let job: Job = String::from_utf8_lossy(&self.head).parse()?;
                self.progress = Some(Progress::new(&job, false));
            }
        }
    }

    /// Until all is sent, or until nothing more fits (`WouldBlock`).
    fn send(&mut self) -> io::Result<()> {
        if self.job.take().is_some() {
            self.stream.write_all(&self.head)?;
        }
        let Some(progress) = &mut self.progress else {
            return Ok(());
        };
        loop {
            if self.unsent.is_empty() {
                self.unsent = progress.piece();
            }
            if self.unsent.is_empty() {
                return self.stream.shutdown(Shutdown::Write);
            }
            let count = self.stream.write(self.unsent)?;
            progress.went(count);
            self.unsent = self.unsent.get(count..).unwrap_or_default();
        }
    }
}
