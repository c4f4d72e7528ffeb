// SPDX-License-Identifier: MIT OR Apache-2.0
//! The SMC sockets of this network namespace, with data from SMC_DIAG, from the inner TCP
//! socket ([`clcsock`]), the link group ([`link_groups`]) and the processes. [`list`] reads
//! them, [`filter`] selects, [`show`] formats.

pub mod clcsock;
pub mod filter;
pub mod link_groups;

pub mod list;
pub mod show;

use crate::explain::codes;
use crate::kernel::diag::{self, Fallback, Mode, Socket};
use crate::kernel::owners::{Owners, Program};
use crate::kernel::tcp::{self, Tcp};
use clap::ValueEnum;
use clcsock::Match;
use link_groups::LinkGroups;
use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};
use std::net::{IpAddr, SocketAddr};

/// The state of a socket, as displayed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Neither connected nor listening.
    Unconnected,
    /// Listening.
    Listening,
    /// Connecting.
    Connecting,
    /// Connected.
    Connected,
    /// Closed by one side or both.
    Closing,
    /// Aborted.
    Aborted,
    /// The connection has ended or was never established.
    Closed,
}

impl State {
    /// Returns the name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Unconnected => "unconnected",
            Self::Listening => "listening",
            Self::Connecting => "connecting",
            Self::Connected => "connected",
            Self::Closing => "closing",
            Self::Aborted => "aborted",
            Self::Closed => "closed",
        }
    }

    /// The state of SMC; for TCP and before the connection, that of the inner socket.
    fn of(socket: &Socket, tcp: Option<&Tcp>) -> Self {
        match (socket.mode, socket.state, tcp.map(|tcp| tcp.state)) {
            (Mode::Tcp, _, Some(state)) => match state {
                tcp::ESTABLISHED => Self::Connected,
                tcp::SYN_SENT => Self::Connecting,
                tcp::LISTEN => Self::Listening,
                tcp::CLOSE => Self::Closed,
                _ => Self::Closing,
            },
            (_, diag::State::Init, Some(tcp::SYN_SENT | tcp::ESTABLISHED)) => Self::Connecting,
            (_, diag::State::Init, _) => Self::Unconnected,
            (_, diag::State::Listen, _) => Self::Listening,
            (_, diag::State::Active, _) => Self::Connected,
            (_, diag::State::Closing, _) => Self::Closing,
            (_, diag::State::Aborted, _) => Self::Aborted,
            (_, diag::State::Closed | diag::State::Unknown, _) => Self::Closed,
        }
    }
}

/// An endpoint of a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Endpoint {
    /// `None` if unknown.
    pub address: Option<IpAddr>,
    /// Its port.
    pub port: u16,
}

impl Endpoint {
    fn new(end: SocketAddr, is_known: bool) -> Self {
        Self {
            address: is_known.then_some(end.ip()),
            port: end.port(),
        }
    }
}

/// A process with a descriptor of the socket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Process {
    /// Its PID.
    pub pid: u32,
    /// Its program.
    pub program: String,
    #[serde(skip)]
    file: String,
}

/// The buffers of a connection, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Buffers {
    /// The send buffer; 0 before it is allocated.
    pub send: u32,
    /// The receive buffer.
    pub receive: u32,
}

/// The bytes transferred by a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Bytes {
    /// Bytes sent.
    pub sent: u64,
    /// Bytes received.
    pub received: u64,
    /// The modulus of the count of SMC.
    pub sent_wraps_at: Option<u64>,
    /// See `sent_wraps_at`.
    pub received_wraps_at: Option<u64>,
}

impl Bytes {
    fn of(socket: &Socket, tcp: Option<&Tcp>) -> Option<Self> {
        const ROUNDS: u64 = 1 << 16;
        if socket.mode == Mode::Tcp {
            let counts = tcp?.counts?;
            return Some(Self {
                sent: counts.sent,
                received: counts.received,
                sent_wraps_at: None,
                received_wraps_at: None,
            });
        }
        let rings = socket.rings?;
        Some(Self {
            sent: rings.sent,
            received: rings.received,
            sent_wraps_at: Some(ROUNDS * u64::from(rings.peer)),
            received_wraps_at: Some(ROUNDS * u64::from(rings.receive)),
        })
    }
}

impl Serialize for Fallback {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let code = |code: u32| (code != 0).then(|| format!("{code:#010x}"));
        let reason = |code: u32| (code != 0).then(|| codes::in_words(code));
        let mut object = serializer.serialize_struct("Fallback", 4)?;
        object.serialize_field("code", &code(self.own))?;
        object.serialize_field("reason", &reason(self.own))?;
        object.serialize_field("peer_code", &code(self.peer))?;
        object.serialize_field("peer_reason", &reason(self.peer))?;
        object.end()
    }
}

/// An SMC socket.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Connection {
    /// The mode.
    pub mode: Mode,
    /// The state.
    pub state: State,
    /// The local endpoint.
    pub local: Endpoint,
    /// The endpoint of the peer, if there is a connection.
    pub peer: Option<Endpoint>,
    /// Its processes, as far as this user may see them.
    pub processes: Vec<Process>,
    /// The user that created it.
    pub uid: u32,
    /// The inode, as in `/proc/PID/fd`.
    pub inode: u64,
    #[serde(skip)]
    cookie: u64,
    /// The link group, as in `smcctl linkgroups`.
    pub link_group: Option<String>,
    /// The RDMA device and port.
    pub device: Option<String>,
    /// Its buffers.
    pub buffers: Option<Buffers>,
    /// The bytes transferred.
    pub bytes: Option<Bytes>,
    /// The reasons why it is TCP.
    pub fallback: Option<Fallback>,
}

impl Connection {
    fn new(socket: &Socket, found: &Match, owners: &Owners, groups: &LinkGroups) -> Self {
        let Match { endpoints, tcp } = found;
        let is_known = endpoints.is_some();
        let endpoints = endpoints.unwrap_or(socket.endpoints);
        let state = State::of(socket, tcp.as_ref());
        let is_connection = !matches!(state, State::Unconnected | State::Listening);
        let buffers = match (socket.mode, socket.rings, tcp) {
            (Mode::Tcp, _, Some(tcp)) => {
                tcp.buffers.map(|(send, receive)| Buffers { send, receive })
            }
            (Mode::Tcp, ..) => None,
            (_, rings, _) => rings.map(|rings| Buffers {
                send: rings.send,
                receive: rings.receive,
            }),
        };
        let link_group = match (&socket.link, socket.ism_group) {
            (Some(link), _) => groups.of(link),
            (None, group) => group.filter(|_| socket.mode == Mode::SmcD),
        };
        Self {
            mode: socket.mode,
            state,
            local: Endpoint::new(endpoints.local, is_known),
            peer: (endpoints.peer.port() != 0).then(|| Endpoint::new(endpoints.peer, is_known)),
            processes: processes(owners, socket.inode),
            uid: socket.uid,
            inode: socket.inode,
            cookie: socket.cookie,
            link_group: link_group.map(|group| format!("{group:08x}")),
            device: (socket.link.as_ref())
                .map(|link| format!("{} port {}", link.device, link.port)),
            buffers: buffers.filter(|_| is_connection),
            bytes: Bytes::of(socket, tcp.as_ref()).filter(|_| is_connection),
            fallback: socket.fallback,
        }
    }

    /// The socket cookie, which identifies it.
    #[must_use]
    pub fn cookie(&self) -> u64 {
        self.cookie
    }
}

fn processes(owners: &Owners, inode: u64) -> Vec<Process> {
    let process = |pid: u32| {
        let Program { name, file } = owners.program(pid).cloned().unwrap_or_default();
        Process {
            pid,
            program: name,
            file: file.to_string_lossy().into_owned(),
        }
    };
    let owners = owners.of(inode).iter();
    owners.map(|owner| process(owner.pid)).collect()
}

#[cfg(test)]
mod tests;
