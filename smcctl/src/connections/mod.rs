// SPDX-License-Identifier: MIT OR Apache-2.0
//! Every SMC socket of this network namespace, with what is known of it from all
//! sides: SMC_DIAG, its TCP socket ([`clcsock`]), its link group ([`link_groups`]) and the
//! processes that have it. [`list`] asks for all of them, [`filter`] picks some, [`show`]
//! shows them to people.

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

/// Where a socket is in its life, in the words that are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Neither connected nor listening.
    Unconnected,
    /// It listens.
    Listening,
    /// It is being connected.
    Connecting,
    /// It is connected.
    Connected,
    /// One side has closed it, or both.
    Closing,
    /// It was aborted.
    Aborted,
    /// It has ended, or was never made.
    Closed,
}

impl State {
    /// Its name.
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

    /// While it is SMC, SMC knows; of a connection that is being made, and of TCP,
    /// the TCP socket does.
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

/// One end of a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct End {
    /// `None`: it could not be found out.
    pub address: Option<IpAddr>,
    /// Its port.
    pub port: u16,
}

impl End {
    fn new(end: SocketAddr, is_known: bool) -> Self {
        Self {
            address: is_known.then_some(end.ip()),
            port: end.port(),
        }
    }
}

/// A process that has the socket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Process {
    /// Its number.
    pub pid: u32,
    /// What it runs.
    pub program: String,
    #[serde(skip)]
    file: String,
}

/// The buffers of a connection, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Buffers {
    /// For sending; 0 while there is none.
    pub send: u32,
    /// For receiving.
    pub receive: u32,
}

/// What went through a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Bytes {
    /// Bytes that were sent.
    pub sent: u64,
    /// Bytes that came.
    pub received: u64,
    /// The kernel counts SMC's bytes up to here and begins again.
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

/// What is known of a socket.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Connection {
    /// What it is.
    pub mode: Mode,
    /// Where it is in its life.
    pub state: State,
    /// This side.
    pub local: End,
    /// The other side; none where there is no connection.
    pub peer: Option<End>,
    /// Who has it, as far as this user may know.
    pub processes: Vec<Process>,
    /// Who made it.
    pub uid: u32,
    /// What `/proc/PID/fd` calls it.
    pub inode: u64,
    #[serde(skip)]
    cookie: u64,
    /// The link group, as `smcctl linkgroups` names it.
    pub link_group: Option<String>,
    /// The RDMA device and port.
    pub device: Option<String>,
    /// Its buffers.
    pub buffers: Option<Buffers>,
    /// What went through it.
    pub bytes: Option<Bytes>,
    /// Why it is TCP.
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
            local: End::new(endpoints.local, is_known),
            peer: (endpoints.peer.port() != 0).then(|| End::new(endpoints.peer, is_known)),
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

    /// What the socket is known by as long as it lives.
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
