// SPDX-License-Identifier: MIT OR Apache-2.0
//! Who waits for a connect's end.

use super::event::Event;
use super::how::{How, Waiter};
use super::{Wait, NOT_WOKEN};
use crate::call::{self, get_int, must, say, Address, Fd};
use crate::cases::connect;
use crate::elsewhere::LONG;
use crate::peer::Peer;
use crate::scene::{Deaf, Scene};
use libc::{IPPROTO_TCP, MSG_DONTWAIT, POLLOUT, POLLRDHUP, SOL_SOCKET, SO_ERROR};

/// Who is on the other side.
enum Other {
    Peer(Peer),
    Deaf(Deaf),
}

pub fn play(wait: Wait, scene: &Scene) -> String {
    let Wait { how, event, .. } = wait;
    let socket = match how {
        How::Blocking => scene.socket(),
        _ => scene.non_blocking_socket(),
    };
    let (mut other, address) = match event {
        Event::Answered | Event::Greeted => {
            let (peer, address) = scene.listening_peer();
            (Other::Peer(peer), address)
        }
        _ => {
            let deaf = scene.deaf();
            let address = deaf.address;
            (Other::Deaf(deaf), address)
        }
    };
    if event == Event::GivenUp {
        let option = libc::TCP_USER_TIMEOUT;
        must(call::set_int(socket, IPPROTO_TCP, option, 100));
    }
    // mio registers a socket when its connect has begun.
    let is_before = matches!(how, How::EpollEdge | How::Sigio);
    let waiter = is_before.then(|| Waiter::new(how, socket, POLLOUT).look());
    let mut begun = String::new();
    if how != How::Blocking {
        begun = format!("{}; ", say(call::connect(socket, &address)));
    }
    if let (Event::Greeted, Other::Peer(peer)) = (event, &mut other) {
        for order in ["accept", "send 3", "close"] {
            peer.must(order);
        }
        let limit = i32::try_from(LONG.as_millis()).unwrap_or(i32::MAX);
        call::poll(socket, POLLRDHUP, limit);
    }
    let waiter = waiter.unwrap_or_else(|| Waiter::new(how, socket, POLLOUT));
    let waiting = waiter.wait(move || say(call::connect(socket, &address)));
    match (event, &mut other) {
        (Event::Answered, Other::Peer(peer)) => peer.must("accept"),
        (Event::AnsweredLate, Other::Deaf(deaf)) => deaf.listen(),
        (Event::Refused, Other::Deaf(deaf)) => deaf.close(),
        (Event::OwnShutRdwr, _) => event.shut_down(socket),
        _ => {}
    }
    let woken = waiting.woken(LONG).unwrap_or_else(|| NOT_WOKEN.to_owned());
    let error = get_int(socket, SOL_SOCKET, SO_ERROR);
    let after = what_follows(event, socket, &address, &mut other);
    format!("{begun}{woken}; error {error}{after}")
}

/// What the program's next calls answer.
fn what_follows(event: Event, socket: Fd, address: &Address, other: &mut Other) -> String {
    let again = || {
        let connected = [0; 2].map(|_| say(call::connect(socket, address)));
        format!("; again {}", connected.join(" "))
    };
    match (event, other) {
        (Event::Answered, Other::Peer(peer)) => {
            let again = again();
            call::non_blocking(socket, false);
            format!("{again}; {}", connect::trip(socket, peer))
        }
        (Event::Greeted, _) => {
            let received = [0; 2].map(|_| say(call::receive(socket, &mut [0; 10], MSG_DONTWAIT)));
            format!("{}; receive {}", again(), received.join(" "))
        }
        (Event::AnsweredLate, _) => again(),
        _ => String::new(),
    }
}
