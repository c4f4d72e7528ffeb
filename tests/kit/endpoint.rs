// SPDX-License-Identifier: MIT OR Apache-2.0
//! The other end of a program under test: threads and blocking calls, which stall on
//! no kernel.
//!
//! `endpoint listen ADDRESS PORT LIMIT COUNT` serves so many connections, `endpoint
//! connect ADDRESS PORT LIMIT JOB…` makes one for each job (`kit::job`), all at once;
//! a report for each on standard output. After LIMIT seconds it ends with what is done.
//! `endpoint read STREAM DELAY CHUNK PAUSE` reads standard input instead.
//!
//! It sleeps for DELAY milliseconds before it reads CHUNK bytes at a time and sleeps for
//! PAUSE milliseconds after each. MANNER says in which order it sends and reads:
//! `whole` at once, `exact` likewise, but it ends its direction only when it has all of
//! the other one, `after` the end of what it reads, `before` it reads. With `close:N` or
//! `reset:N` it reads N bytes, waits until no more come because nothing more fits, and is
//! gone, with what it has not read: by close(2), or lingering for no time.

use kit::job::{self, Job, Report, HEAD};
use kit::stream::{self, Received};
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::fd::AsRawFd;
use std::sync::mpsc::{channel, Sender};
use std::thread;
use std::time::{Duration, Instant};

/// Nothing more fits when no more has come for so long.
const FULL_AFTER: Duration = Duration::from_millis(500);
/// What it asks its kernel to have room for when it is to be full (bytes).
const SOON_FULL: i32 = 64 << 10;
/// How much is sent by one call at most.
const PIECE: usize = 256 << 10;

fn main() -> io::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["listen", address, port, limit, count] => {
            let listener = TcpListener::bind((*address, job::number(port)?))?;
            let count = job::number(count)?;
            let (reports, told) = channel();
            thread::spawn(move || {
                for connection in listener.incoming().flatten().take(count) {
                    let reports = reports.clone();
                    thread::spawn(move || attend(connection, None, &reports));
                }
            });
            print(&told, limit)
        }
        ["connect", address, port, limit, jobs @ ..] => {
            let port: u16 = job::number(port)?;
            let (reports, told) = channel();
            for job in jobs {
                let job: Job = job.parse()?;
                let reports = reports.clone();
                let connection = TcpStream::connect((*address, port))?;
                thread::spawn(move || attend(connection, Some(job), &reports));
            }
            drop(reports);
            print(&told, limit)
        }
        ["read", number, delay, chunk, pause] => {
            let habit = Habit::new(delay, chunk, pause)?;
            let mut received = Received::new(job::number(number)?);
            let end = habit.read(&mut io::stdin(), &mut received, u64::MAX);
            println!("{} {end}", received.bytes);
            Ok(())
        }
        _ => Err(io::Error::other(
            "listen, connect or read, and what they need",
        )),
    }
}

/// Prints reports until there are no more, or the time is over.
fn print(told: &std::sync::mpsc::Receiver<Report>, limit: &str) -> io::Result<()> {
    let end = Instant::now() + Duration::from_secs(job::number(limit)?);
    while let Ok(report) = told.recv_timeout(end.saturating_duration_since(Instant::now())) {
        println!("{report}");
    }
    Ok(())
}

fn attend(connection: TcpStream, job: Option<Job>, reports: &Sender<Report>) {
    match work(connection, job) {
        Ok(report) => {
            let _ = reports.send(report);
        }
        Err(error) => eprintln!("endpoint: {error}"),
    }
}

fn work(mut connection: TcpStream, job: Option<Job>) -> io::Result<Report> {
    let connects = job.is_some();
    let job = if let Some(job) = job {
        connection.write_all(&job.head())?;
        job
    } else {
        let mut head = [0; HEAD];
        connection.read_exact(&mut head)?;
        String::from_utf8_lossy(&head).parse()?
    };
    let [(mine, length), (theirs, expected)] = job.streams(connects);
    let words: Vec<_> = job.reader.split(' ').collect();
    let [delay, chunk, pause, manner] = words.as_slice() else {
        return Err(io::Error::other(format!("{job}: not a job of endpoint's")));
    };
    let habit = Habit::new(delay, chunk, pause)?;
    let mut received = Received::new(theirs);
    let (mut reading, writing) = (connection.try_clone()?, connection.try_clone()?);
    let ends = !(manner.contains(':') || *manner == "exact");
    let sending = move || send(writing, mine, length, ends);
    let (sent, end) = match manner.split_once(':') {
        None if *manner == "whole" || *manner == "exact" => {
            let sending = thread::spawn(sending);
            let most = if ends { u64::MAX } else { expected };
            let mut end = habit.read(&mut reading, &mut received, most);
            let sent = sending.join().map_err(|_| io::Error::other("send"))?;
            if !ends {
                connection.shutdown(Shutdown::Write)?;
                end = habit.read(&mut reading, &mut received, u64::MAX);
            }
            (sent, end)
        }
        None if *manner == "after" => {
            let end = habit.read(&mut reading, &mut received, u64::MAX);
            (sending(), end)
        }
        None if *manner == "before" => {
            let sent = sending();
            (sent, habit.read(&mut reading, &mut received, u64::MAX))
        }
        Some((how @ ("close" | "reset"), most)) => {
            set(&connection, libc::SO_RCVBUF, &SOON_FULL)?;
            let sent = sending();
            let end = habit.read(&mut reading, &mut received, job::number(most)?);
            wait_until_full(&connection)?;
            if how == "reset" {
                linger_for_no_time(&connection)?;
            }
            (sent, end)
        }
        _ => return Err(io::Error::other(format!("{job}: no such manner"))),
    };
    Ok(Report {
        id: job.id,
        sent,
        received: (received.bytes, end),
    })
}

/// Sends a stream and perhaps ends that direction; how much, and how it ended.
fn send(mut connection: TcpStream, number: u8, length: u64, ends: bool) -> (u64, String) {
    let mut sent = 0;
    while sent < length {
        let rest = usize::try_from(length - sent).unwrap_or(PIECE);
        let piece = stream::content(number, sent, rest.min(PIECE));
        if let Err(error) = connection.write_all(piece) {
            return (sent, job::error(&error));
        }
        sent += piece.len() as u64;
    }
    if ends {
        if let Err(error) = connection.shutdown(Shutdown::Write) {
            return (sent, job::error(&error));
        }
    }
    (sent, "done".to_owned())
}

/// How it reads.
struct Habit {
    delay: Duration,
    chunk: usize,
    pause: Duration,
}

impl Habit {
    fn new(delay: &str, chunk: &str, pause: &str) -> io::Result<Self> {
        Ok(Self {
            delay: Duration::from_millis(job::number(delay)?),
            chunk: job::number(chunk)?,
            pause: Duration::from_millis(job::number(pause)?),
        })
    }

    /// Reads to the end, but no more than `most`; how it ended.
    fn read(&self, from: &mut impl Read, received: &mut Received, most: u64) -> String {
        thread::sleep(self.delay);
        let mut chunk = vec![0; self.chunk];
        while received.bytes < most {
            let rest = usize::try_from(most - received.bytes).unwrap_or(usize::MAX);
            let room = chunk.get_mut(..rest.min(self.chunk)).unwrap_or_default();
            match from.read(room) {
                Ok(0) => break,
                Ok(count) => received.take(room.get(..count).unwrap_or_default()),
                Err(error) => return job::error(&error),
            }
            thread::sleep(self.pause);
        }
        received.end()
    }
}

/// Waits until there is something to read and no more comes.
fn wait_until_full(connection: &TcpStream) -> io::Result<()> {
    let mut before = 0;
    loop {
        thread::sleep(FULL_AFTER);
        let now = readable(connection)?;
        if now > 0 && now == before {
            return Ok(());
        }
        before = now;
    }
}

/// Bytes that could be read now.
fn readable(connection: &TcpStream) -> io::Result<i32> {
    let mut bytes = 0;
    // SAFETY: FIONREAD writes an int, which is there.
    match unsafe { libc::ioctl(connection.as_raw_fd(), libc::FIONREAD, &raw mut bytes) } {
        0 => Ok(bytes),
        _ => Err(io::Error::last_os_error()),
    }
}

/// What makes close(2) reset a connection.
fn linger_for_no_time(connection: &TcpStream) -> io::Result<()> {
    let linger = libc::linger {
        l_onoff: 1,
        l_linger: 0,
    };
    set(connection, libc::SO_LINGER, &linger)
}

/// Sets an option of SOL_SOCKET, which has a value of type `T`.
fn set<T>(connection: &TcpStream, option: i32, value: &T) -> io::Result<()> {
    let length = libc::socklen_t::try_from(size_of::<T>()).map_err(io::Error::other)?;
    // SAFETY: `value` is that long.
    let answer = unsafe {
        libc::setsockopt(
            connection.as_raw_fd(),
            libc::SOL_SOCKET,
            option,
            std::ptr::from_ref(value).cast(),
            length,
        )
    };
    if answer == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}
