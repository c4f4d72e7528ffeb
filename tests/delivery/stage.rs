// SPDX-License-Identifier: MIT OR Apache-2.0
//! How the tests of `delivery.rs` run writers, and compare what they have written
//! with what the reader got: on the other guest of a pair, else on this machine.

use crate::outcome::Outcome;
use kit::checkout;
use kit::scene::{Scene, Serving};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::sync::OnceLock;
use std::time::Duration;

const COUNT: &str = env!("CARGO_BIN_EXE_count");
const READER: &str = env!("CARGO_BIN_EXE_reader");

/// Longer than anything takes that works: a test that waits for so long fails.
const PATIENCE: Duration = Duration::from_secs(180);

/// What is preloaded into a writer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Preload {
    /// Nothing.
    Tcp,
    /// `kit/bare.c`.
    BareSmc,
    Shim,
}

/// The programs, made once.
struct Tools {
    writer: PathBuf,
    bare: PathBuf,
    shim: PathBuf,
}

fn tools() -> &'static Tools {
    static TOOLS: OnceLock<Tools> = OnceLock::new();
    TOOLS.get_or_init(|| {
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
        std::fs::create_dir_all(&folder).unwrap();
        let tools = Tools {
            writer: folder.join("writer"),
            bare: folder.join("bare.so"),
            shim: shim(),
        };
        compile(
            &tools.writer,
            &["writer.c", "writing.c", "ending.c"],
            &["-pthread"],
        );
        compile(&tools.bare, &["../kit/bare.c"], &["-shared", "-fPIC"]);
        tools
    })
}

fn compile(result: &PathBuf, sources: &[&str], options: &[&str]) {
    let status = Command::new("cc")
        .current_dir(checkout().join("tests/delivery"))
        .args(["-Wall", "-Wextra", "-Werror", "-O1", "-o"])
        .arg(result)
        .args(options)
        .args(sources)
        .status();
    assert!(status.unwrap().success());
}

fn shim() -> PathBuf {
    let asked = Command::new(checkout().join("smc_run"))
        .args(["printenv", "LD_PRELOAD"])
        .output();
    let library = String::from_utf8(asked.unwrap().stdout).unwrap();
    assert!(library.trim().ends_with("libsmc_shim.so"), "{library:?}");
    library.trim().into()
}

/// A reader to write to.
pub struct Stage<'scene> {
    reader: SocketAddr,
    _serving: Serving<'scene>,
}

/// Runs a test with a reader.
pub fn on_stage(test: impl FnOnce(&Stage<'_>)) {
    tools();
    let scene = Scene::new(COUNT);
    // Below the ports that the kernel gives to others.
    let port = 20_000 + u16::try_from(std::process::id() % 10_000).unwrap();
    let reader = SocketAddr::new(scene.server.address, port);
    let serving = scene.serve(
        "delivery",
        &[port],
        // The product has some writers of 64 connections at once.
        &format!("ulimit -n 8192; exec ./smc_run {READER} {reader}"),
    );
    test(&Stage {
        reader,
        _serving: serving,
    });
}

impl Stage<'_> {
    /// Starts a writer.
    pub fn start(&self, preload: Preload, case: &str, variables: &[(&str, &str)]) -> Writer {
        static IDS: AtomicU32 = AtomicU32::new(1);
        let tools = tools();
        let id = IDS.fetch_add(1, Relaxed);
        let mut command = Command::new(&tools.writer);
        command
            .arg(format!("to={}", self.reader))
            .arg(format!("id={id}"))
            .args(split(case))
            .envs(variables.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        match preload {
            Preload::Tcp => &mut command,
            Preload::BareSmc => command.env("LD_PRELOAD", &tools.bare),
            Preload::Shim => command.env("LD_PRELOAD", &tools.shim),
        };
        let mut process = command.spawn().unwrap();
        let told = BufReader::new(process.stderr.take().unwrap());
        Writer {
            reader: self.reader,
            preload,
            case: case.to_owned(),
            id,
            process,
            told,
            lines: Vec::new(),
            is_ending: false,
        }
    }

    /// Runs writers, some at once, and everything must arrive.
    pub fn all_arrives(&self, cases: &[String], at_once: usize) {
        let mut lost = Vec::new();
        for cases in cases.chunks(at_once) {
            let start = |case: &String| self.start(Preload::Shim, case, &[]);
            let writers: Vec<_> = cases.iter().map(start).collect();
            for writer in writers {
                let outcome = writer.finish();
                if !outcome.has_arrived() {
                    lost.push(outcome.to_string());
                }
            }
        }
        assert!(lost.is_empty(), "lost:\n{}", lost.join("\n"));
    }
}

/// `key=value` words; `reader=` takes the rest.
fn split(case: &str) -> Vec<String> {
    let (words, reader) = case.split_once("reader=").unwrap_or((case, ""));
    let mut words: Vec<String> = words.split_whitespace().map(str::to_owned).collect();
    if !reader.is_empty() {
        words.push(format!("reader={reader}"));
    }
    words
}

/// A running writer; killed when dropped.
pub struct Writer {
    reader: SocketAddr,
    preload: Preload,
    case: String,
    id: u32,
    process: Child,
    told: BufReader<ChildStderr>,
    lines: Vec<String>,
    is_ending: bool,
}

impl Writer {
    /// Reads what it tells until a line begins so.
    pub fn wait_for(&mut self, wanted: &str) {
        while self.read_line() {
            if self.lines.last().unwrap().starts_with(wanted) {
                return;
            }
        }
        panic!("{}: no {wanted:?} in {:?}", self.case, self.lines);
    }

    fn read_line(&mut self) -> bool {
        let mut polled = libc::pollfd {
            fd: std::os::fd::AsRawFd::as_raw_fd(self.told.get_ref()),
            events: libc::POLLIN,
            revents: 0,
        };
        if self.told.buffer().is_empty() {
            let limit = i32::try_from(PATIENCE.as_millis()).unwrap();
            // SAFETY: one valid entry.
            let ready = unsafe { libc::poll(&raw mut polled, 1, limit) };
            assert!(ready > 0, "{}: hangs after {:?}", self.case, self.lines);
        }
        let mut line = String::new();
        if self.told.read_line(&mut line).unwrap() == 0 {
            return false;
        }
        if line.starts_with("ending") {
            self.is_ending = true;
        }
        self.lines.push(line.trim_end().to_owned());
        true
    }

    /// Asks the reader.
    fn ask(&self, question: &str) -> String {
        let mut stream = TcpStream::connect(self.reader).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream
            .write_all(format!("{question:64}").as_bytes())
            .unwrap();
        let mut answer = String::new();
        let read = stream.read_to_string(&mut answer);
        if let Err(error) = read {
            let read = match question.strip_prefix("result ") {
                Some(connection) => self.ask(&format!("begun {connection}")),
                None => String::new(),
            };
            panic!(
                "{question}: {error}; read {read}; {}: {:?}",
                self.case, self.lines
            );
        }
        answer.trim_end().to_owned()
    }

    /// The reader may begin.
    pub fn open(&self) {
        self.ask(&format!("open {}", self.id));
    }

    /// How much of the first connection was read so far.
    pub fn read_so_far(&self) -> u64 {
        self.ask(&format!("begun {} 0", self.id)).parse().unwrap()
    }

    /// Until the process has ended, and nobody has told it to. How it ended.
    pub fn wait(&mut self) -> std::process::ExitStatus {
        // Everything that it has open ends with it.
        while self.read_line() {}
        self.process.wait().unwrap()
    }

    /// Sees it to its end, and waits for what the reader says of it. Prints a line,
    /// and asserts that the connections were what they should be.
    pub fn finish(mut self) -> Outcome {
        if !self.is_ending {
            self.wait_for("ending");
        }
        let written = self.told("wrote");
        let received = (0..written.len())
            .map(|number| self.ask(&format!("result {} {number}", self.id)))
            .collect();
        drop(self.process.stdin.take());
        let status = self.wait();
        let kinds = self.told("kind");
        let [closed, first] = ["closed", "first"].map(|what| self.told(what).pop());
        let outcome = Outcome {
            case: self.case.clone(),
            preload: self.preload,
            written,
            received,
            kinds,
            closed,
            first,
            status,
        };
        println!("{outcome}");
        outcome.assert_is_smc();
        outcome
    }

    /// What lines say that begin with a word, and with the number of a connection
    /// if it is about one.
    fn told(&self, word: &str) -> Vec<String> {
        let rest = self.lines.iter().filter_map(|line| line.strip_prefix(word));
        rest.map(|rest| {
            let rest = rest.trim();
            rest.split_once(' ')
                .map_or(rest, |(_, text)| text)
                .to_owned()
        })
        .collect()
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
