// SPDX-License-Identifier: MIT OR Apache-2.0
//! Who waits is woken: what a program waits for, how it waits, and what happens
//! then, each with each where that makes sense.

mod connecting;
mod connection;
mod event;
mod how;
mod listener;

use super::{Body, Case, V4};
use crate::scene::Scene;
use event::Event;
use how::How;

/// What a program waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    /// To send on, after a send that was refused.
    Room,
    /// To send on, after a send that took a part.
    RoomAfterPart,
    Data,
    /// Data, though nothing more can be sent.
    DataWhileFull,
    /// That the peer has finished: RDHUP alone.
    End,
    /// Nothing but what is always said: ERR and HUP.
    Error,
    ErrorWhileFull,
    /// A connect's end.
    Connection,
    /// Somebody who connects to a listener.
    Caller,
}

impl What {
    const ALL: [Self; 9] = [
        Self::Room,
        Self::RoomAfterPart,
        Self::Data,
        Self::DataWhileFull,
        Self::End,
        Self::Error,
        Self::ErrorWhileFull,
        Self::Connection,
        Self::Caller,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Room => "room",
            Self::RoomAfterPart => "room after a short send",
            Self::Data => "data",
            Self::DataWhileFull => "data with a full queue",
            Self::End => "the end",
            Self::Error => "an error",
            Self::ErrorWhileFull => "an error with a full queue",
            Self::Connection => "the connection",
            Self::Caller => "a caller",
        }
    }

    fn events(self) -> &'static [Event] {
        match self {
            Self::Connection => &Event::TO_CONNECTS,
            Self::Caller => &Event::TO_LISTENERS,
            _ => &Event::TO_CONNECTIONS,
        }
    }
}

/// The outcome of one who sleeps on.
const NOT_WOKEN: &str = "not woken";

/// One combination.
#[derive(Clone, Copy, Debug)]
pub struct Wait {
    what: What,
    how: How,
    event: Event,
}

pub fn cases() -> impl Iterator<Item = Case> {
    let combined = What::ALL.into_iter().flat_map(|what| {
        let events = what.events().iter();
        events.flat_map(move |&event| How::ALL.map(|how| Wait { what, how, event }))
    });
    combined.filter(|wait| wait.makes_sense()).map(|wait| Case {
        name: wait.name(),
        families: V4,
        body: Body::Waits(wait),
    })
}

impl Wait {
    fn name(self) -> String {
        let (event, what, how) = (self.event.name(), self.what.name(), self.how.name());
        format!("{event}, awaiting {what} ({how})")
    }

    /// Whether this can be, and tells more than others do.
    fn makes_sense(self) -> bool {
        use {Event as E, How as H, What as W};
        let Self { what, how, event } = self;
        // These two differ from level and edge in how often they tell, not in what.
        if matches!(how, H::EpollOneshot | H::EpollExclusive)
            && matches!(
                event,
                E::PeerHalfCloses | E::PeerResets | E::OwnShutRd | E::OwnShutWr
            )
        {
            return false;
        }
        // SMC wakes who waits a moment before it has ended the writing side: whether
        // poll sees the end then is chance. A call that blocks sees it.
        let ends_writing = matches!(event, E::OwnShutWr | E::OwnShutRdwr);
        let sees_writing_end = matches!(what, W::Room | W::RoomAfterPart | W::Error);
        if ends_writing && sees_writing_end && how != H::Blocking {
            return false;
        }
        // No signal says what the program has done itself.
        if how == H::Sigio && ends_writing && what.events() == Event::TO_CONNECTIONS {
            return false;
        }
        let is_simple = matches!(how, H::Poll | H::EpollLevel | H::EpollEdge);
        match what {
            W::Room => event != E::PeerSends,
            W::RoomAfterPart => event != E::PeerSends && how.is_early(),
            // Nothing tells a reader of the end that it sends itself.
            W::Data if event == E::OwnShutWr => {
                matches!(how, H::Blocking | H::Poll | H::EpollEdge | H::EpollMio)
            }
            W::Data => event != E::PeerReads,
            // With a full queue a peer that closes resets.
            W::DataWhileFull => {
                !matches!(event, E::PeerReads | E::PeerResets | E::OwnShutWr)
                    && matches!(how, H::Blocking | H::Poll | H::EpollEdge)
            }
            W::ErrorWhileFull => is_simple && event == E::PeerCloses,
            W::End => is_simple && !matches!(event, E::PeerReads | E::OwnShutWr),
            W::Error => is_simple && !matches!(event, E::PeerReads | E::PeerSends | E::OwnShutRd),
            W::Connection => match event {
                E::AnsweredLate => matches!(how, H::Blocking | H::Poll | H::EpollEdge | H::Sigio),
                E::GivenUp => !matches!(how, H::Poll | H::EpollOneshot | H::EpollExclusive),
                E::Greeted => !matches!(how, H::Blocking | H::Sigio | H::EpollExclusive),
                E::OwnShutRdwr => matches!(how, H::Blocking | H::Poll | H::EpollMio),
                _ => true,
            },
            // It asks for reading only, so it is like any edge.
            W::Caller if how == H::EpollMio => false,
            W::Caller if event == E::OwnShutWr => {
                matches!(how, H::Blocking | H::Poll | H::EpollEdge)
            }
            W::Caller => true,
        }
    }

    pub fn play(self, scene: &Scene) -> String {
        match self.what {
            What::Connection => connecting::play(self, scene),
            What::Caller => listener::play(self, scene),
            _ => connection::play(self, scene),
        }
    }
}
