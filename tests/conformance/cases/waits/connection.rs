// SPDX-License-Identifier: MIT OR Apache-2.0
//! Who waits for something of a connection.

use super::event::Event;
use super::how::{How, Waiter};
use super::{Wait, What, NOT_WOKEN};
use crate::call::{self, error_name, get_int, say, Fd};
use crate::cases::poll;
use crate::elsewhere::{LONG, SHORT};
use crate::peer::{pattern_from, plenty};
use crate::scene::Scene;
use libc::{MSG_DONTWAIT, MSG_NOSIGNAL, POLLIN, POLLOUT, POLLRDHUP, SOL_SOCKET, SO_ERROR};

/// What a program sends that blocks in `send`: more than has room.
const BLOCK: usize = 1 << 18;

impl What {
    fn is_full(self) -> bool {
        let full = [
            Self::Room,
            Self::RoomAfterPart,
            Self::DataWhileFull,
            Self::ErrorWhileFull,
        ];
        full.contains(&self)
    }

    /// What poll is asked for.
    fn poll_events(self) -> i16 {
        match self {
            Self::Room | Self::RoomAfterPart => POLLOUT,
            Self::Data | Self::DataWhileFull => POLLIN,
            Self::End => POLLRDHUP,
            _ => 0,
        }
    }
}

pub fn play(wait: Wait, scene: &Scene) -> String {
    let Wait { what, how, event } = wait;
    let (socket, mut peer) = scene.connected();
    call::non_blocking(socket, how != How::Blocking);
    let waiter = Waiter::new(how, socket, what.poll_events()).look();
    let mut unread = 0;
    if what.is_full() {
        unread = fill(socket, &waiter, what, how);
    }
    let mut waiting = match what {
        What::Room => waiter.wait(move || send_block(socket, unread)),
        _ => waiter.wait(move || say(call::receive(socket, &mut [0; 10], 0))),
    };
    let blocked = match (what, how) {
        (What::Room, How::Blocking) => BLOCK,
        _ => 0,
    };
    let mut happen = |event: Event| event.happen(socket, &mut peer, unread + blocked);
    happen(event);
    let second = second_event(wait);
    let may_sleep_on = second.is_some() || what == What::Error && event != Event::PeerResets;
    let woken = waiting.woken(if may_sleep_on { SHORT } else { LONG });
    let awaits_room = what.poll_events() == POLLOUT;
    let second = second.filter(|_| woken.is_none() || (awaits_room && how.is_early()));
    let mut text = woken.clone().unwrap_or_else(|| NOT_WOKEN.to_owned());
    if event == Event::OwnShutRdwr {
        // Whether SMC has ended both sides by then is chance.
        text = text.replace("+HUP", "").replace("HUP+", "");
    }
    if let Some(second) = second {
        if woken.is_some() {
            waiting = waiter.wait_for_room();
        }
        happen(second);
        let then = waiting.woken(LONG).unwrap_or_else(|| NOT_WOKEN.to_owned());
        text = format!("{text}; then {}: {then}", second.name());
    }
    if second.unwrap_or(event) != Event::PeerReads {
        return format!("{text}; {}", what_follows(what, socket));
    }
    let is_all = peer.answer() == (unread + blocked).to_string();
    let after = what_follows(what, socket);
    format!("{text}; all read: {is_all}; {after}")
}

/// Sends until no queue on the way takes more; the number of bytes.
fn fill(socket: Fd, waiter: &Waiter, what: What, how: How) -> usize {
    if !how.is_early() || what.poll_events() & POLLOUT == 0 {
        return poll::fill(socket);
    }
    // As a program does that is told by edges: no poll in between.
    poll::queue_stays_as_it_is(socket);
    let mut total = 0;
    loop {
        let sent = match what {
            What::RoomAfterPart => call::send(socket, &plenty()[total % 65536..], MSG_NOSIGNAL),
            _ => call::send(socket, pattern_from(total, 16384), MSG_NOSIGNAL),
        };
        let is_refused = sent == -1;
        total += usize::try_from(sent).unwrap_or(0);
        let is_short = is_refused || what == What::RoomAfterPart;
        if is_short && poll::stays_full(socket, |limit| waiter.next(limit).is_some()) {
            return total;
        }
    }
}

/// Sends a block that begins at `position`; how that ends.
fn send_block(socket: Fd, position: usize) -> String {
    let mut sent = 0;
    while sent < BLOCK {
        let rest = pattern_from(position + sent, BLOCK - sent);
        match usize::try_from(call::send(socket, rest, MSG_NOSIGNAL)) {
            Ok(more) => sent += more,
            Err(_) => return error_name(call::errno()),
        }
    }
    "all sent".to_owned()
}

/// What wakes one who rightly slept on.
fn second_event(wait: Wait) -> Option<Event> {
    use {Event as E, What as W};
    match (wait.what, wait.event) {
        (W::Room | W::RoomAfterPart, E::PeerHalfCloses | E::OwnShutRd) => Some(E::PeerReads),
        (W::Data, E::OwnShutWr | E::OwnShutRd) => Some(E::PeerSends),
        (W::End, E::PeerSends) => Some(E::PeerHalfCloses),
        _ => None,
    }
}

/// What the program's next calls answer.
fn what_follows(what: What, socket: Fd) -> String {
    let flags = MSG_NOSIGNAL | MSG_DONTWAIT;
    match what {
        What::Room | What::RoomAfterPart => {
            let sent = [0; 2].map(|_| say(call::send(socket, &[0], flags)));
            format!("send {}", sent.join(" "))
        }
        What::Error | What::ErrorWhileFull => {
            let errors = [0; 2].map(|_| get_int(socket, SOL_SOCKET, SO_ERROR));
            format!("error {}", errors.join(" "))
        }
        _ => {
            let received = [0; 2].map(|_| say(call::receive(socket, &mut [0; 10], MSG_DONTWAIT)));
            format!("receive {}", received.join(" "))
        }
    }
}
