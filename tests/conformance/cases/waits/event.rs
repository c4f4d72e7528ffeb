// SPDX-License-Identifier: MIT OR Apache-2.0
//! What happens to a socket for which somebody waits.

use crate::call::{self, must, Fd};
use crate::peer::Peer;
use libc::{SHUT_RD, SHUT_RDWR, SHUT_WR};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    PeerReads,
    PeerSends,
    PeerHalfCloses,
    PeerCloses,
    PeerResets,
    OwnShutRd,
    OwnShutWr,
    OwnShutRdwr,
    /// A connect: the other side takes it at once.
    Answered,
    /// A connect: the other side takes it when it is asked again.
    AnsweredLate,
    Refused,
    /// A connect: nobody answers, and TCP_USER_TIMEOUT ends it.
    GivenUp,
    /// A connect: the other side says something and closes.
    Greeted,
    /// A listener: somebody connects.
    Called,
    /// A listener: `connect` with AF_UNSPEC.
    Disconnected,
}

impl Event {
    /// What can happen to a connection.
    pub const TO_CONNECTIONS: [Self; 8] = [
        Self::PeerReads,
        Self::PeerSends,
        Self::PeerHalfCloses,
        Self::PeerCloses,
        Self::PeerResets,
        Self::OwnShutRd,
        Self::OwnShutWr,
        Self::OwnShutRdwr,
    ];

    /// What can happen to a connect that is under way.
    pub const TO_CONNECTS: [Self; 6] = [
        Self::Answered,
        Self::AnsweredLate,
        Self::Refused,
        Self::GivenUp,
        Self::Greeted,
        Self::OwnShutRdwr,
    ];

    /// What can happen to a listener.
    pub const TO_LISTENERS: [Self; 5] = [
        Self::Called,
        Self::OwnShutRd,
        Self::OwnShutWr,
        Self::OwnShutRdwr,
        Self::Disconnected,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::PeerReads => "peer reads",
            Self::PeerSends => "peer sends",
            Self::PeerHalfCloses => "peer half-closes",
            Self::PeerCloses => "peer closes",
            Self::PeerResets => "peer resets",
            Self::OwnShutRd => "own SHUT_RD",
            Self::OwnShutWr => "own SHUT_WR",
            Self::OwnShutRdwr => "own SHUT_RDWR",
            Self::Answered => "answered",
            Self::AnsweredLate => "answered late",
            Self::Refused => "refused",
            Self::GivenUp => "given up",
            Self::Greeted => "greeted and left",
            Self::Called => "called",
            Self::Disconnected => "connect to nothing",
        }
    }

    /// Makes it happen to `socket`, a connection with `peer`; `unread` is what has
    /// been sent to it.
    pub fn happen(self, socket: Fd, peer: &mut Peer, unread: usize) {
        match self {
            // Its answer comes when it has read all.
            Self::PeerReads => peer.start(&format!("take {unread}")),
            Self::PeerSends => peer.must("send 3"),
            Self::PeerHalfCloses => peer.must("shutdown 1"),
            Self::PeerCloses => peer.must("close"),
            Self::PeerResets => peer.must("abort"),
            _ => self.shut_down(socket),
        }
    }

    /// Shuts `socket` down in this event's way, from a thread that does not wait.
    pub fn shut_down(self, socket: Fd) {
        must(call::shutdown(
            socket,
            match self {
                Self::OwnShutRd => SHUT_RD,
                Self::OwnShutWr => SHUT_WR,
                Self::OwnShutRdwr => SHUT_RDWR,
                other => panic!("{}: no way to shut down", other.name()),
            },
        ));
    }
}
