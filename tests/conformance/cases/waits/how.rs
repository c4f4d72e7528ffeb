// SPDX-License-Identifier: MIT OR Apache-2.0
//! How programs wait for a socket.

use crate::call::{self, event_names, must, Fd};
use crate::cases::{poll, signals};
use crate::elsewhere::Waiting;
use libc::{EPOLLET, EPOLLEXCLUSIVE, EPOLLONESHOT, POLLIN, POLLOUT, POLLRDHUP};
use std::ffi::c_int;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// The call itself blocks.
    Blocking,
    Poll,
    Select,
    EpollLevel,
    EpollEdge,
    /// As mio registers all sockets of a tokio program: once, for everything.
    EpollMio,
    EpollOneshot,
    EpollExclusive,
    Sigio,
}

impl How {
    pub const ALL: [Self; 9] = [
        Self::Blocking,
        Self::Poll,
        Self::Select,
        Self::EpollLevel,
        Self::EpollEdge,
        Self::EpollMio,
        Self::EpollOneshot,
        Self::EpollExclusive,
        Self::Sigio,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Blocking => "blocking call",
            Self::Poll => "poll",
            Self::Select => "select",
            Self::EpollLevel => "epoll, level",
            Self::EpollEdge => "epoll, edge",
            Self::EpollMio => "epoll, edge, all events",
            Self::EpollOneshot => "epoll, oneshot",
            Self::EpollExclusive => "epoll, exclusive",
            Self::Sigio => "SIGIO",
        }
    }

    /// Whether programs ask for it before there is anything to wait for.
    pub fn is_early(self) -> bool {
        matches!(self, Self::EpollEdge | Self::EpollMio | Self::Sigio)
    }

    /// The events to register with epoll.
    fn epoll_events(self, events: i16) -> c_int {
        let events = c_int::from(events);
        match self {
            Self::EpollEdge => events | EPOLLET,
            Self::EpollMio => c_int::from(POLLIN | POLLOUT | POLLRDHUP) | EPOLLET,
            Self::EpollOneshot => events | EPOLLONESHOT,
            Self::EpollExclusive => events | EPOLLEXCLUSIVE,
            _ => events,
        }
    }
}

/// One who waits for `events` of `socket`.
#[derive(Clone, Copy)]
pub struct Waiter {
    how: How,
    socket: Fd,
    events: i16,
    epoll: Option<Fd>,
}

impl Waiter {
    /// Registers, where that comes early.
    pub fn new(how: How, socket: Fd, events: i16) -> Self {
        let epoll = how.epoll_events(events);
        let is_early = matches!(how, How::EpollEdge | How::EpollMio);
        let epoll = is_early.then(|| poll::watch(socket, epoll));
        if how == How::Sigio {
            signals::hold(libc::SIGIO);
            signals::asynchronous(socket);
        }
        Self {
            how,
            socket,
            events,
            epoll,
        }
    }

    /// Is told what is there already, where it has registered.
    pub fn look(self) -> Self {
        while self.how.is_early() && self.next(0).is_some() {}
        self
    }

    /// What happens within `milliseconds` (-1: for ever), in a few words.
    pub fn next(&self, milliseconds: c_int) -> Option<String> {
        match (self.how, self.epoll) {
            (How::Select, _) => select(self.socket, self.events, milliseconds),
            (How::Sigio, _) => self.signal(milliseconds),
            (_, Some(epoll)) => {
                Some(poll::happened(epoll, milliseconds)).filter(|event| event != "nothing")
            }
            (_, None) => Some(call::poll(self.socket, self.events, milliseconds))
                .filter(|&events| events != 0)
                .map(event_names),
        }
    }

    /// Waits in another thread; a program that blocks does so in `call`.
    pub fn wait(mut self, call: impl FnOnce() -> String + Send + 'static) -> Waiting {
        if self.how == How::Blocking {
            return Waiting::in_thread(call);
        }
        if matches!(
            self.how,
            How::EpollLevel | How::EpollOneshot | How::EpollExclusive
        ) {
            self.epoll = Some(poll::watch(self.socket, self.how.epoll_events(self.events)));
        }
        Waiting::in_thread(move || self.next(-1).unwrap_or_else(|| call::say(-1)))
    }

    /// Waits on, past what else happens: one end can come as two edges.
    pub fn wait_for_room(self) -> Waiting {
        Waiting::in_thread(move || loop {
            let next = self.next(-1).unwrap_or_else(|| call::say(-1));
            if next.contains("OUT") {
                return next;
            }
        })
    }

    /// Waits for SIGIO, which says that something has happened and not what.
    fn signal(&self, milliseconds: c_int) -> Option<String> {
        while signals::next(libc::SIGIO, milliseconds) {
            let events = call::poll(self.socket, self.events, 0);
            if events != 0 {
                return Some(format!("SIGIO, {}", event_names(events)));
            }
        }
        None
    }
}

/// What select(2) says of a socket that is to be read, or written.
fn select(fd: Fd, events: i16, milliseconds: c_int) -> Option<String> {
    let mut limit = libc::timeval {
        tv_sec: 0,
        tv_usec: libc::suseconds_t::from(milliseconds) * 1000,
    };
    let limit = match milliseconds {
        -1 => std::ptr::null_mut(),
        _ => &raw mut limit,
    };
    // SAFETY: sets of one descriptor below FD_SETSIZE, all-zero before.
    let (count, reads, writes) = unsafe {
        let [mut reads, mut writes]: [libc::fd_set; 2] = std::mem::zeroed();
        if events & POLLIN != 0 {
            libc::FD_SET(fd, &raw mut reads);
        }
        if events & POLLOUT != 0 {
            libc::FD_SET(fd, &raw mut writes);
        }
        let none = std::ptr::null_mut();
        let (reading, writing) = (&raw mut reads, &raw mut writes);
        let count = must(libc::select(fd + 1, reading, writing, none, limit));
        (
            count,
            libc::FD_ISSET(fd, reading),
            libc::FD_ISSET(fd, writing),
        )
    };
    let words = [(reads, "readable"), (writes, "writable")];
    let words = words.iter().filter(|(is, _)| *is).map(|(_, word)| *word);
    (count > 0).then(|| words.collect::<Vec<_>>().join(" "))
}
