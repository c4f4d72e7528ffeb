// SPDX-License-Identifier: MIT OR Apache-2.0
//! The machines that tests run programs on: this one, and in a pair of guests
//! the other one. Both are spoken to in the same way, through an agent
//! (`scripts/lab.d/agent.c`, see docs/lab.md) for each script.

use crate::counters::Counters;
use crate::frames;
use std::fs::File;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command};
use std::sync::mpsc::{channel, Receiver};
use std::thread;
use std::time::{Duration, Instant};

/// This machine's agent.
pub const AGENT: &str = env!("LAB_AGENT");
/// Where the other machine's is.
const AGENT_PORT: u16 = 7;
/// How long the other machine may take to boot.
const BOOT: Duration = Duration::from_secs(90);
/// How long a script may run: a program that waits for ever fails its test.
const LONGEST: Duration = Duration::from_secs(900);
/// Longer than an agent takes to end all processes.
const END: Duration = Duration::from_secs(30);

/// How a script ended and what it wrote.
#[derive(Clone, Debug)]
pub struct Output {
    /// Exit status, or 128 + the signal.
    pub status: i32,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

/// A machine that runs scripts.
#[derive(Clone, Copy, Debug)]
pub struct Machine {
    /// Where its agents are, unless it is this one.
    agent: Option<SocketAddr>,
    /// The address that programs on it serve at.
    pub address: IpAddr,
}

impl Machine {
    /// This machine.
    ///
    /// # Errors
    /// When it has no agent.
    pub fn here() -> io::Result<Self> {
        let machine = Self {
            agent: None,
            address: Ipv4Addr::LOCALHOST.into(),
        };
        let (stream, child) = machine.connect()?;
        drop(stream);
        child.map(|mut child| child.wait()).transpose()?;
        Ok(machine)
    }

    /// The machine for servers: the other guest of a pair (its address is in
    /// `SMC_TEST_SERVER`), else this machine.
    ///
    /// # Errors
    /// When it does not come up in 90 seconds.
    pub fn for_servers() -> io::Result<Self> {
        let Ok(address) = std::env::var("SMC_TEST_SERVER") else {
            return Self::here();
        };
        let address: IpAddr = address.parse().map_err(io::Error::other)?;
        let machine = Self {
            agent: Some(SocketAddr::new(address, AGENT_PORT)),
            address,
        };
        let deadline = Instant::now() + BOOT;
        loop {
            match machine.connect() {
                Ok(_) => return Ok(machine),
                Err(error) if Instant::now() > deadline => return Err(error),
                Err(_) => thread::sleep(Duration::from_millis(100)),
            }
        }
    }

    /// An agent that waits for a command, and its process if it is here.
    fn connect(&self) -> io::Result<(File, Option<Child>)> {
        let (stream, child): (OwnedFd, _) = if let Some(address) = &self.agent {
            let stream = TcpStream::connect_timeout(address, Duration::from_secs(1))?;
            (stream.into(), None)
        } else {
            let (ours, theirs) = UnixStream::pair()?;
            let mut agent = Command::new(AGENT);
            // Whoever interrupts the tests does not interrupt it, but ends what it runs.
            let agent = agent.stdin(OwnedFd::from(theirs)).process_group(0);
            (ours.into(), Some(agent.spawn()?))
        };
        let mut stream = File::from(stream);
        match frames::read(&mut stream)? {
            (frames::READY, _) => Ok((stream, child)),
            frame => Err(unexpected(&frame)),
        }
    }

    /// Runs a script to its end.
    ///
    /// # Errors
    /// When the agent does not answer.
    pub fn run(&self, script: &str) -> io::Result<Output> {
        self.start(script)?.wait()
    }

    /// Starts a script that goes on until it is ended.
    ///
    /// # Errors
    /// When the agent does not answer.
    pub fn start(&self, script: &str) -> io::Result<Running> {
        let (mut stream, child) = self.connect()?;
        let command = ["/bin/sh", "-c", script];
        let payload = frames::start(&crate::checkout(), std::env::vars_os(), &command);
        frames::write(&mut stream, frames::START, &payload)?;
        let agent = stream.try_clone()?;
        let (finished, output) = channel();
        thread::spawn(move || {
            let _ = finished.send(follow(stream));
            child.map(|mut child| child.wait())
        });
        Ok(Running { agent, output })
    }

    /// Waits until something listens on TCP `port`, without connecting: the
    /// kernel would count that.
    ///
    /// # Errors
    /// When nothing does after 60 seconds.
    pub fn wait_for_listener(&self, port: u16) -> io::Result<()> {
        let output = self.run(&format!(
            "for try in $(seq 600); do
                 grep -qi ':{port:04X} [0-9A-F]*:0000 0A' /proc/net/tcp /proc/net/tcp6 && exit
                 sleep 0.1
             done; exit 1"
        ))?;
        if output.status == 0 {
            return Ok(());
        }
        Err(io::Error::other(format!(
            "nothing listens on port {port}: {output:?}"
        )))
    }

    /// What its kernel has counted.
    ///
    /// # Errors
    /// When it cannot be asked.
    pub fn counters(&self, count: &str) -> io::Result<Counters> {
        self.run(count)?.out.parse()
    }
}

/// A script that was started; ended when dropped.
#[derive(Debug)]
pub struct Running {
    agent: File,
    output: Receiver<io::Result<Output>>,
}

impl Running {
    /// Waits for the end.
    ///
    /// # Errors
    /// When the agent does not answer.
    pub fn wait(self) -> io::Result<Output> {
        match self.output.recv_timeout(LONGEST) {
            Ok(output) => output,
            Err(_) => self.end(),
        }
    }

    /// Ends it with SIGTERM.
    ///
    /// # Errors
    /// When the agent does not answer.
    pub fn end(mut self) -> io::Result<Output> {
        let _ = frames::write(&mut self.agent, frames::TERM, &[]); // it may have ended
        self.output.recv_timeout(END).map_err(io::Error::other)?
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = frames::write(&mut self.agent, frames::TERM, &[]);
    }
}

/// Collects what a script writes, and has what it leaves in the background ended.
fn follow(mut agent: File) -> io::Result<Output> {
    let (mut out, mut err, mut status) = (Vec::new(), Vec::new(), None);
    loop {
        match frames::read(&mut agent)? {
            (frames::STDOUT, bytes) => out.extend(bytes),
            (frames::STDERR, bytes) => err.extend(bytes),
            (frames::EXIT, bytes) => {
                status = bytes.first().copied();
                frames::write(&mut agent, frames::TERM, &[])?;
            }
            (frames::ALL_GONE, _) => break,
            frame => return Err(unexpected(&frame)),
        }
    }
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    Ok(Output {
        status: status.map_or(255, i32::from),
        out: text(out),
        err: text(err),
    })
}

fn unexpected((kind, payload): &(u8, Vec<u8>)) -> io::Error {
    let kind = char::from(*kind);
    io::Error::other(format!("frame {kind:?} from the agent: {payload:?}"))
}
