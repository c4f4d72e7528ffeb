// SPDX-License-Identifier: MIT OR Apache-2.0
//! The machines that tests run programs on: this one, and in a pair of guests
//! the other one. Both are spoken to in the same way, through an agent.
//!
//! The agent's protocol, over plain TCP: the client sends the length of a
//! script in a line and the script. The agent runs it in a process group of its
//! own and answers, when it ends, `STATUS OUT ERR` in a line and as many bytes of
//! its standard output and error. When the client closes its side earlier, or after
//! 15 minutes, the group is ended with SIGTERM.

use crate::counters::Counters;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{channel, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

/// Where the agent of the other machine listens.
pub const AGENT_PORT: u16 = 7;
/// How long the other machine may take to boot.
const BOOT: Duration = Duration::from_secs(90);
/// How long a script may run: a program that waits for ever fails its test.
const LONGEST: Duration = Duration::from_secs(900);
/// How long a program may take to end after SIGTERM.
const GRACE: Duration = Duration::from_secs(10);

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
    agent: SocketAddr,
    /// The address that programs on it serve at.
    pub address: IpAddr,
}

impl Machine {
    /// This machine; starts an agent for it in this process.
    ///
    /// # Errors
    /// When there is no port for it.
    pub fn here() -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let agent = listener.local_addr()?;
        thread::spawn(move || serve(&listener));
        Ok(Self {
            agent,
            address: agent.ip(),
        })
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
        let agent = SocketAddr::new(address, AGENT_PORT);
        let deadline = Instant::now() + BOOT;
        loop {
            match TcpStream::connect_timeout(&agent, Duration::from_secs(1)) {
                Ok(_) => return Ok(Self { agent, address }),
                Err(error) if Instant::now() > deadline => return Err(error),
                Err(_) => thread::sleep(Duration::from_millis(100)),
            }
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
        let mut agent = TcpStream::connect(self.agent)?;
        write!(agent, "{}\n{script}", script.len())?;
        Ok(Running { agent })
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
    agent: TcpStream,
}

impl Running {
    /// Waits for the end.
    ///
    /// # Errors
    /// When the agent does not answer.
    pub fn wait(self) -> io::Result<Output> {
        let mut agent = BufReader::new(&self.agent);
        let mut line = String::new();
        agent.read_line(&mut line)?;
        let mut fields = line.split_whitespace().map(str::parse::<i32>);
        let mut field = || {
            fields
                .next()
                .and_then(Result::ok)
                .ok_or_else(|| io::Error::other("no answer"))
        };
        let (status, out, err) = (field()?, field()?, field()?);
        let mut text = |length: i32| -> io::Result<String> {
            let mut bytes = vec![0; usize::try_from(length).map_err(io::Error::other)?];
            agent.read_exact(&mut bytes)?;
            Ok(String::from_utf8_lossy(&bytes).into_owned())
        };
        Ok(Output {
            status,
            out: text(out)?,
            err: text(err)?,
        })
    }

    /// Ends it with SIGTERM.
    ///
    /// # Errors
    /// When the agent does not answer.
    pub fn end(self) -> io::Result<Output> {
        self.agent.shutdown(Shutdown::Write)?;
        self.wait()
    }
}

/// Runs scripts for whoever connects, for ever.
pub fn serve(listener: &TcpListener) {
    for client in listener.incoming().flatten() {
        thread::spawn(move || {
            if let Err(error) = attend(client) {
                eprintln!("agent: {error}");
            }
        });
    }
}

enum Event {
    Ended(i32),
    ClientLeft,
}

fn attend(mut client: TcpStream) -> io::Result<()> {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let mut reader = BufReader::new(client.try_clone()?);
    let mut length = String::new();
    if reader.read_line(&mut length)? == 0 {
        return Ok(()); // only looked whether somebody is here
    }
    let mut script = vec![0; length.trim().parse().map_err(io::Error::other)?];
    reader.read_exact(&mut script)?;

    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let file =
        |kind| std::env::temp_dir().join(format!("agent-{}-{number}.{kind}", std::process::id()));
    let (out, err) = (file("out"), file("err"));
    let mut child = Command::new("sh")
        .arg("-c")
        .arg(String::from_utf8_lossy(&script).as_ref())
        .current_dir(crate::checkout())
        .process_group(0)
        .stdin(Stdio::null())
        .stdout(File::create(&out)?)
        .stderr(File::create(&err)?)
        .spawn()?;
    let group = -i32::try_from(child.id()).map_err(io::Error::other)?;

    let (events, happened) = channel();
    let ended = events.clone();
    thread::spawn(move || {
        let status = child.wait().map_or(255, |status| {
            status
                .code()
                .unwrap_or_else(|| 128 + status.signal().unwrap_or(0))
        });
        let _ = ended.send(Event::Ended(status));
    });
    thread::spawn(move || {
        let _ = reader.read(&mut [0]);
        let _ = events.send(Event::ClientLeft);
    });
    let mut limit = LONGEST;
    let mut signal = libc::SIGTERM;
    let mut client_left = false;
    let status = loop {
        match happened.recv_timeout(limit) {
            Ok(Event::Ended(status)) => break status,
            Ok(Event::ClientLeft) | Err(RecvTimeoutError::Timeout) => {
                client_left = true;
                signal_group(group, signal);
                (limit, signal) = (GRACE, libc::SIGKILL);
            }
            Err(RecvTimeoutError::Disconnected) => break 255,
        }
    };
    if client_left {
        end_rest(group);
    }
    let (said, complained) = (fs::read(&out)?, fs::read(&err)?);
    fs::remove_file(out)?;
    fs::remove_file(err)?;
    writeln!(client, "{status} {} {}", said.len(), complained.len())?;
    client.write_all(&said)?;
    client.write_all(&complained)
}

/// Waits for those of the group that outlive its leader: their ports must be free
/// for the next script. Nobody is told when the last of a group ends.
fn end_rest(group: i32) {
    let deadline = Instant::now() + GRACE;
    while signal_group(group, 0) {
        if Instant::now() > deadline {
            signal_group(group, libc::SIGKILL);
            return;
        }
        thread::sleep(Duration::from_millis(10));
    }
}

/// Whether there was anybody in the group to be signalled.
fn signal_group(group: i32, signal: i32) -> bool {
    // SAFETY: kill has no memory to go wrong with; the group is one that this
    // process made, and not long ended if it is.
    unsafe { libc::kill(group, signal) == 0 }
}
