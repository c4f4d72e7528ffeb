// SPDX-License-Identifier: MIT OR Apache-2.0
//! A real connection to another host: what did the two kernels make of it?
//!
//! The listener greets with a line that says what the connection is at its side and
//! sends back what it gets. Any other server will do, too: nothing is sent to it.

use super::finding::Finding;
use super::truth::{self, AF_SMC, IPPROTO_SMC};
use crate::explain::codes;
use crate::failure::{words, Failure};
use crate::kernel::diag::{Fallback, Mode};
use crate::kernel::modules;
use serde::Serialize;
use socket2::{Domain, Protocol, SockAddr, Socket, Type};
use std::fmt::Write as _;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// Where the listener listens, unless told otherwise.
pub const PORT: u16 = 4343;
/// A broken RDMA path takes 5 s, a silent peer 6 s, a lost SYN some seconds more.
const CONNECTING: Duration = Duration::from_secs(30);
/// How long a greeting may take; other servers send none.
const GREETING: Duration = Duration::from_secs(3);
/// How long data may take to come back.
const ECHO: Duration = Duration::from_secs(20);
/// What is sent there and back: less than any buffer, more than one packet.
const SAMPLE: usize = 16 << 10;
const HELLO: &str = "smcctl-check ";

/// What became of a connection.
#[derive(Clone, Debug, Serialize)]
pub struct Connection {
    /// The other side.
    pub address: String,
    /// `SMC-R`, `SMC-D`, `SMC` or `TCP`.
    pub mode: &'static str,
    /// The RDMA device and port that carry it.
    pub device: Option<String>,
    /// Why it is TCP: our own reason.
    pub reason: Option<String>,
    /// Why it is TCP: what the other side said.
    pub peer_reason: Option<String>,
    /// What a listener of ours says it is at its side.
    pub peer_mode: Option<String>,
    /// Whether data came back unchanged; `None` when the other side is no listener of ours.
    pub echoed: Option<bool>,
    #[serde(skip)]
    codes: (u32, u32),
}

impl Connection {
    fn of(socket: &Socket, address: SocketAddr) -> Self {
        let (mode, diag) = truth::of(socket);
        let (link, fallback) = diag.map_or((None, None), |diag| (diag.link, diag.fallback));
        let Fallback { own, peer } = fallback.unwrap_or_default();
        let said = |code: u32| (mode == Mode::Tcp && code != 0).then(|| codes::in_words(code));
        Self {
            address: address.to_string(),
            mode: mode.name(),
            device: link.map(|link| format!("{} port {}", link.device, link.port)),
            reason: said(own),
            peer_reason: said(peer),
            peer_mode: None,
            echoed: None,
            codes: (own, peer),
        }
    }

    /// Whether it is SMC, and carries data as far as was tried.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.mode != Mode::Tcp.name() && self.echoed != Some(false)
    }

    fn is_ipv6(&self) -> bool {
        self.address.starts_with('[')
    }

    /// The code that says most: the other side's, if it declined.
    fn code(&self) -> u32 {
        match self.codes {
            (own, 0) => own,
            (_, peer) => peer,
        }
    }

    /// In words: `SMC-R through rxe0 port 1`.
    #[must_use]
    pub fn in_words(&self) -> String {
        let mut words = self.mode.to_owned();
        if let Some(device) = &self.device {
            let _ = write!(words, " through {device}");
        }
        if let Some(reason) = &self.reason {
            let _ = write!(words, ": {reason}");
        }
        if let Some(reason) = &self.peer_reason {
            let _ = write!(words, "; it says: {reason}");
        }
        words
    }

    /// What the doctor says of it.
    #[must_use]
    pub fn finding(&self) -> Finding {
        let address = &self.address;
        let what = format!("the connection to {address} is {}", self.in_words());
        if self.is_good() {
            let why = match self.echoed {
                Some(_) => "both kernels agreed on it, and data went there and back",
                None => "both kernels agreed on it; no data was sent to this server",
            };
            return Finding::ok("peer", what, why);
        }
        if self.mode != Mode::Tcp.name() {
            let why = "the kernels agreed on SMC, but data did not come back over it";
            return Finding::problem("peer", what, why);
        }
        let why = match codes::by_value(self.code()) {
            Some(code) if self.is_ipv6() && code.name.starts_with("NOSMC") => format!(
                "over IPv6 there is no SMC-R version 2; try an IPv4 address. More: \
                 smcctl explain ipv6, smcctl explain {}",
                code.name
            ),
            Some(code) => {
                let first = code.advice.first().copied().unwrap_or_default();
                format!("{first}. More: smcctl explain {}", code.name)
            }
            None => "why is not told: smc_diag is not loaded (smcctl load)".to_owned(),
        };
        Finding::problem("peer", what, why)
    }
}

/// An SMC socket: of the kind that smc_run prefers, or the other.
fn smc_socket(ipv6: bool) -> Result<Socket, Failure> {
    let (domain, number) = if ipv6 {
        (Domain::IPV6, 1)
    } else {
        (Domain::IPV4, 0)
    };
    Socket::new(domain, Type::STREAM, Some(Protocol::from(IPPROTO_SMC)))
        .or_else(|_| {
            Socket::new(
                Domain::from(AF_SMC),
                Type::STREAM,
                Some(Protocol::from(number)),
            )
        })
        .map_err(|_| modules::missing("smc"))
}

/// `HOST`, `HOST:PORT`, `[ADDRESS]:PORT` or an IPv6 address: the address to connect to.
/// An IPv4 one, where the host has both: IPv6 sockets get less of SMC.
///
/// # Errors
/// When there is no such host.
pub fn resolve(peer: &str) -> Result<SocketAddr, Failure> {
    let (host, port) = split(peer).ok_or_else(|| {
        Failure::new(format!(
            "--peer {peer}: expected HOST or HOST:PORT, such as 192.0.2.1:{PORT}"
        ))
    })?;
    let found: Vec<_> = (host, port)
        .to_socket_addrs()
        .map_err(|error| {
            let said = error.to_string();
            let said = said.rsplit(": ").next().unwrap_or_default().to_lowercase();
            Failure::new(format!("the host {host} is not found: {said}"))
        })?
        .collect();
    found
        .iter()
        .find(|address| address.is_ipv4())
        .or_else(|| found.first())
        .copied()
        .ok_or_else(|| Failure::new(format!("the host {host} has no address")))
}

fn split(peer: &str) -> Option<(&str, u16)> {
    if let Some(rest) = peer.strip_prefix('[') {
        let (host, after) = rest.split_once(']')?;
        return match after.strip_prefix(':') {
            Some(port) => Some((host, port.parse().ok()?)),
            None => after.is_empty().then_some((host, PORT)),
        };
    }
    match peer.split_once(':') {
        Some((host, port)) if !port.contains(':') => {
            (!host.is_empty()).then_some((host, port.parse().ok()?))
        }
        _ => (!peer.is_empty()).then_some((peer, PORT)),
    }
}

/// Connects, and looks at what became of it.
///
/// # Errors
/// When there is no connection at all.
pub fn connect(address: SocketAddr) -> Result<Connection, Failure> {
    let socket = smc_socket(address.is_ipv6())?;
    let to = SockAddr::from(address);
    let (done, outcome) = mpsc::channel();
    // A blocking connect says best what goes wrong, and has no time limit of its own.
    thread::spawn(move || {
        let connected = socket.connect(&to);
        let _ = done.send(connected.map(|()| socket));
    });
    let socket = match outcome.recv_timeout(CONNECTING) {
        Ok(Ok(socket)) => socket,
        Ok(Err(error)) => {
            return Err(Failure::new(format!(
                "no connection to {address}: {}; there: smcctl check --listen {}",
                words(&error),
                address.port()
            )))
        }
        Err(_) => {
            return Err(Failure::new(format!(
                "no connection to {address}: it did not answer in {} s",
                CONNECTING.as_secs()
            )))
        }
    };
    let mut connection = Connection::of(&socket, address);
    if let Some(mode) = greeting(&socket) {
        connection.peer_mode = Some(mode);
        connection.echoed = Some(echo(&socket).is_ok());
    }
    Ok(connection)
}

/// What a listener of ours says.
fn greeting(socket: &Socket) -> Option<String> {
    socket.set_read_timeout(Some(GREETING)).ok()?;
    let mut line = String::new();
    BufReader::new(socket.take(80)).read_line(&mut line).ok()?;
    Some(line.strip_prefix(HELLO)?.trim().to_owned())
}

/// Sends a sample there and has it back.
fn echo(mut socket: &Socket) -> io::Result<()> {
    let sample: Vec<u8> = (0..=250).cycle().take(SAMPLE).collect();
    socket.set_read_timeout(Some(ECHO))?;
    socket.set_write_timeout(Some(ECHO))?;
    socket.write_all(&sample)?;
    let mut back = vec![0; SAMPLE];
    socket.read_exact(&mut back)?;
    if back == sample {
        Ok(())
    } else {
        Err(io::Error::other("other data came back"))
    }
}

/// Listens, for ever; `each` is told of every connection, `ready` that it listens.
///
/// # Errors
/// When it cannot listen.
pub fn listen(
    port: u16,
    ready: impl FnOnce() -> Result<(), Failure>,
    mut each: impl FnMut(&Connection) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let cannot =
        |error: io::Error| Failure::new(format!("cannot listen on port {port}: {}", words(&error)));
    let listener = listener(port).map_err(cannot)?;
    ready()?;
    loop {
        let (socket, address) = listener.accept().map_err(cannot)?;
        let Some(address) = address.as_socket() else {
            continue;
        };
        let connection = Connection::of(&socket, unmapped(address));
        let mode = connection.mode;
        thread::spawn(move || {
            // Whoever connects may leave or say nothing: its own affair.
            let _ = serve(&socket, mode);
        });
        each(&connection)?;
    }
}

/// For both families where the host has IPv6.
fn listener(port: u16) -> io::Result<Socket> {
    let listen = |ipv6: bool| {
        let socket = smc_socket(ipv6).map_err(io::Error::other)?;
        socket.set_reuse_address(true)?;
        let address: SocketAddr = if ipv6 {
            socket.set_only_v6(false)?;
            (Ipv6Addr::UNSPECIFIED, port).into()
        } else {
            (Ipv4Addr::UNSPECIFIED, port).into()
        };
        socket.bind(&address.into())?;
        socket.listen(16)?;
        Ok(socket)
    };
    listen(true).or_else(|_| listen(false))
}

fn unmapped(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}

fn serve(mut socket: &Socket, mode: &str) -> io::Result<()> {
    socket.set_read_timeout(Some(ECHO))?;
    socket.set_write_timeout(Some(ECHO))?;
    writeln!(socket, "{HELLO}{mode}")?;
    let mut buffer = vec![0; SAMPLE];
    // More than a sample is nobody's check.
    let mut left = SAMPLE;
    while left > 0 {
        let got = socket.read(buffer.get_mut(..left).unwrap_or_default())?;
        if got == 0 {
            break;
        }
        socket.write_all(buffer.get(..got).unwrap_or_default())?;
        left -= got;
    }
    // The other side closes first: nothing of ours is lost then.
    socket.read(&mut buffer).map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::super::finding::Level;
    use super::*;

    fn connection(mode: &'static str, codes: (u32, u32), echoed: Option<bool>) -> Connection {
        let said = |code: u32| (code != 0).then(|| codes::in_words(code));
        Connection {
            address: "192.0.2.1:4343".to_owned(),
            mode,
            device: None,
            reason: said(codes.0),
            peer_reason: said(codes.1),
            peer_mode: None,
            echoed,
            codes,
        }
    }

    #[test]
    fn a_peer_is_written_as_people_write_it() {
        assert_eq!(split("server"), Some(("server", PORT)));
        assert_eq!(split("server:80"), Some(("server", 80)));
        assert_eq!(split("2001:db8::1"), Some(("2001:db8::1", PORT)));
        assert_eq!(split("[2001:db8::1]:80"), Some(("2001:db8::1", 80)));
        assert_eq!(split("[2001:db8::1]"), Some(("2001:db8::1", PORT)));
        for wrong in ["", ":80", "server:http", "server:70000", "[::1", "[::1]80"] {
            assert_eq!(split(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn a_decline_is_told_in_words_with_what_to_do() {
        let finding = connection("TCP", (0x0500_0000, 0x0303_0008), Some(true)).finding();
        assert_eq!(finding.level, Level::Problem);
        assert!(finding
            .what
            .contains("the other side declined (0x05000000 PEERDECL)"));
        assert!(finding.what.contains("it says: no user EID"), "{finding:?}");
        assert!(finding.why.contains("smcctl ueid add"), "{finding:?}");
        assert!(finding.why.contains("smcctl explain NOUEID"), "{finding:?}");
    }

    #[test]
    fn ipv6_is_named_where_it_may_be_the_reason() {
        let mut over_ipv6 = connection("TCP", (0x0303_0000, 0), None);
        assert!(!over_ipv6.finding().why.contains("ipv6"));
        over_ipv6.address = "[2001:db8::1]:4343".to_owned();
        assert!(over_ipv6.finding().why.contains("smcctl explain ipv6"));
    }

    #[test]
    fn smc_that_carries_nothing_is_a_problem() {
        assert!(connection("SMC-R", (0, 0), Some(true)).is_good());
        assert!(connection("SMC-R", (0, 0), None).is_good());
        let broken = connection("SMC-R", (0, 0), Some(false));
        assert_eq!(broken.finding().level, Level::Problem);
    }
}
