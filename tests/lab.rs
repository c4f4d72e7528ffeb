// SPDX-License-Identifier: MIT OR Apache-2.0
//! The lab without its guests: the agent that runs a command for whoever asks, and the
//! supervisor with something else in QEMU's place.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

#[path = "lab/agent.rs"]
mod agent;
#[path = "lab/supervisor.rs"]
mod supervisor;

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::sync::mpsc::channel;
use std::time::Duration;

/// Longer than anything takes that works.
const PATIENCE: Duration = Duration::from_secs(60);

/// Does something in a thread of its own, so that a test fails that would wait for ever.
fn within_patience<T: Send + 'static>(what: impl FnOnce() -> T + Send + 'static) -> T {
    let (done, is_done) = channel();
    std::thread::spawn(move || done.send(what()));
    is_done.recv_timeout(PATIENCE).unwrap()
}

/// A FIFO that is gone with the test.
struct Fifo(PathBuf);

impl Fifo {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("lab-{name}-{}", std::process::id()));
        let made = std::process::Command::new("mkfifo").arg(&path).status();
        assert!(made.unwrap().success());
        Self(path)
    }

    /// Waits for a writer's first line.
    fn line(&self) -> BufReader<File> {
        let path = self.0.clone();
        within_patience(move || {
            let mut fifo = BufReader::new(File::open(path).unwrap());
            let mut line = String::new();
            fifo.read_line(&mut line).unwrap();
            assert_eq!(line, "ready\n");
            fifo
        })
    }
}

/// Waits until nobody is left who could write to a FIFO, and nobody has.
fn assert_no_writer(mut fifo: BufReader<File>) {
    let mut rest = String::new();
    within_patience(move || fifo.read_to_string(&mut rest).map(|_| assert_eq!(rest, ""))).unwrap();
}

impl Drop for Fifo {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}
