// SPDX-License-Identifier: MIT OR Apache-2.0
//! Reads what writers send: `reader ADDRESS:PORT`.
//!
//! Whoever connects says in 64 bytes what it wants. `data ID NUMBER DELAY CHUNK
//! PAUSE GATE`: a byte comes back, and after DELAY milliseconds (and, if GATE is
//! `gate`, not before ID was opened) what comes next is read, CHUNK bytes at a
//! time and PAUSE milliseconds after each, until the end; bytes are counted and
//! summed up. `open ID`, `begun ID NUMBER` (how much was read so far) and `result
//! ID NUMBER` (at the end) are answered by a line.

use kit::truth::truth;
use std::collections::{HashMap, HashSet};
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// FNV-1a.
const FIRST_SUM: u64 = 0xcbf2_9ce4_8422_2325;
const PRIME: u64 = 0x0100_0000_01b3;

/// Writer and number of its connection.
type Key = (u32, u32);

#[derive(Default)]
struct Book {
    opened: HashSet<u32>,
    /// So far.
    bytes: HashMap<Key, u64>,
    /// Lines about the ended ones.
    results: HashMap<Key, String>,
}

#[derive(Default)]
struct Reader {
    book: Mutex<Book>,
    changed: Condvar,
}

fn main() -> io::Result<()> {
    let address = std::env::args().nth(1).unwrap_or_default();
    let listener = TcpListener::bind(address)?;
    let reader = Arc::new(Reader::default());
    for stream in listener.incoming().flatten() {
        let reader = Arc::clone(&reader);
        thread::spawn(move || {
            if let Err(error) = reader.attend(stream) {
                eprintln!("reader: {error}");
            }
        });
    }
    Ok(())
}

impl Reader {
    fn attend(&self, mut stream: TcpStream) -> io::Result<()> {
        let mut head = [0; 64];
        stream.read_exact(&mut head)?;
        let head = String::from_utf8_lossy(&head);
        let words: Vec<&str> = head.split_whitespace().collect();
        match words.as_slice() {
            ["data", id, number, delay, chunk, pause, gate] => {
                let key = (parse(id)?, parse(number)?);
                self.change(|book| book.bytes.insert(key, 0));
                stream.write_all(b"!")?;
                thread::sleep(Duration::from_millis(parse(delay)?));
                if *gate == "gate" {
                    self.when(|book| book.opened.contains(&key.0).then_some(()));
                }
                let pause = Duration::from_millis(parse(pause)?);
                let result = self.read(stream, key, parse(chunk)?, pause);
                self.change(|book| book.results.insert(key, result));
                Ok(())
            }
            ["open", id] => {
                let id = parse(id)?;
                self.change(|book| book.opened.insert(id));
                writeln!(stream, "opened")
            }
            ["begun", id, number] => {
                let key = (parse(id)?, parse(number)?);
                let bytes = self.when(|book| book.bytes.get(&key).copied());
                writeln!(stream, "{bytes}")
            }
            ["result", id, number] => {
                let key = (parse(id)?, parse(number)?);
                let result = self.when(|book| book.results.get(&key).cloned());
                writeln!(stream, "{result}")
            }
            _ => Err(io::Error::other(format!("{head:?}"))),
        }
    }

    /// `BYTES SUM DOMAIN/PROTOCOL`, and the error if it ended with one.
    fn read(&self, mut stream: TcpStream, key: Key, chunk: usize, pause: Duration) -> String {
        let kind = truth(&stream).unwrap_or_else(|error| error.to_string());
        let mut buffer = vec![0; chunk];
        let (mut bytes, mut sum) = (0, FIRST_SUM);
        let error = loop {
            match stream.read(&mut buffer) {
                Ok(0) => break String::new(),
                Ok(count) => {
                    let received = buffer.get(..count).unwrap_or_default();
                    sum = received.iter().fold(sum, |sum, &byte| {
                        (sum ^ u64::from(byte)).wrapping_mul(PRIME)
                    });
                    bytes += count as u64;
                    self.change(|book| book.bytes.insert(key, bytes));
                }
                Err(error) => break format!(" {error}"),
            }
            if !pause.is_zero() {
                thread::sleep(pause);
            }
        };
        format!("{bytes} {sum:016x} {kind}{error}")
    }

    fn change<T>(&self, change: impl FnOnce(&mut Book) -> T) {
        change(&mut self.book());
        self.changed.notify_all();
    }

    /// Waits until the book has an answer.
    fn when<T>(&self, answer: impl Fn(&Book) -> Option<T>) -> T {
        let mut book = self.book();
        loop {
            if let Some(answer) = answer(&book) {
                return answer;
            }
            book = self
                .changed
                .wait(book)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn parse<N: std::str::FromStr>(text: &str) -> io::Result<N> {
    text.parse()
        .map_err(|_| io::Error::other(format!("{text}: not a number")))
}
