// SPDX-License-Identifier: MIT OR Apache-2.0
//! The other side of a case's connection: a process that does what it is told
//! over a control connection, on this machine or on the other guest of a pair.
//!
//! A line is an order, a line is its answer. Each control connection has a
//! process of its own, which ends with it. The control connection is plain TCP
//! whatever is preloaded: it is made by raw system calls.

use crate::call::{self, error_name, must, Address, Fd};
use crate::scene::{new_socket, Family, Make, Peers};
use std::ffi::c_int;
use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::os::fd::FromRawFd;
use std::sync::LazyLock;

/// The byte at each position of what is sent, so that loss shows.
#[allow(clippy::cast_possible_truncation, reason = "a pattern of bytes")]
pub fn pattern(position: usize) -> u8 {
    (position.wrapping_mul(31) ^ (position >> 8)) as u8
}

/// The pattern of the first 16 MiB: more than the queues of any connection take
/// while nobody reads. It repeats after 64 KiB.
pub fn plenty() -> &'static [u8] {
    static PLENTY: LazyLock<Vec<u8>> =
        LazyLock::new(|| (0..65536).map(pattern).collect::<Vec<_>>().repeat(256));
    &PLENTY
}

/// The pattern from a position on, for `length` bytes: 15 MiB at most.
pub fn pattern_from(position: usize, length: usize) -> &'static [u8] {
    &plenty()[position % 65536..][..length]
}

/// The case's end of the control connection.
pub struct Peer {
    orders: BufReader<File>,
}

impl Peer {
    pub fn meet(peers: Peers, family: Family) -> Self {
        let control = call::raw_socket(libc::AF_INET, libc::SOCK_STREAM, 0);
        let address = Address::from(SocketAddr::from((peers.v4, peers.port)));
        let answer = call::raw_connect(control, &address);
        assert_eq!(answer, 0, "no peer process: {}", call::say(answer));
        // SAFETY: just made, and nobody else's.
        let control = unsafe { File::from_raw_fd(control) };
        let mut peer = Self {
            orders: BufReader::new(control),
        };
        peer.must(&format!("family {}", family.name()));
        peer
    }

    /// Gives an order and waits for its answer.
    pub fn ask(&mut self, order: &str) -> String {
        self.start(order);
        self.answer()
    }

    /// Gives an order; [`Peer::answer`] waits for its answer.
    pub fn start(&mut self, order: &str) {
        let control = self.orders.get_mut();
        // One write: two would wait for each other (Nagle, delayed ACK).
        let line = format!("{order}\n");
        control
            .write_all(line.as_bytes())
            .expect("the peer process");
    }

    pub fn answer(&mut self) -> String {
        let mut answer = String::new();
        self.orders.read_line(&mut answer).expect("an answer");
        answer.trim_end().to_owned()
    }

    /// Gives an order that must succeed.
    #[track_caller]
    pub fn must(&mut self, order: &str) {
        let answer = self.ask(order);
        let verb = order.split(' ').next().unwrap_or_default();
        assert!(answer == "0", "peer cannot {verb}: {answer}");
    }

    /// Gives an order that answers a number.
    #[track_caller]
    pub fn number(&mut self, order: &str) -> u16 {
        let answer = self.ask(order);
        answer.parse().expect("a number from the peer")
    }
}

/// Serves orders on `port` until ended.
pub fn serve(make: Make, port: u16) {
    crate::scene::learn(make);
    // Made once, for all that are forked.
    plenty();
    let listener = call::raw_socket(libc::AF_INET, libc::SOCK_STREAM, 0);
    let address = Address::from(SocketAddr::from((Ipv4Addr::UNSPECIFIED, port)));
    must(call::bind(listener, &address));
    assert_eq!(call::raw_listen(listener, 64), 0);
    // SAFETY: no handler is involved; children are reaped by the kernel.
    unsafe { libc::signal(libc::SIGCHLD, libc::SIG_IGN) };
    loop {
        let control = call::raw_accept(listener);
        // SAFETY: this process has one thread.
        if must(unsafe { libc::fork() }) == 0 {
            call::close(listener);
            // SAFETY: just accepted, and nobody else's.
            attend(make, unsafe { File::from_raw_fd(control) });
            std::process::exit(0);
        }
        call::close(control);
    }
}

/// Obeys until the other side leaves.
fn attend(make: Make, control: File) {
    let mut hands = Hands {
        make,
        family: Family::V4,
        listener: -1,
        socket: -1,
        sent: 0,
        received: 0,
    };
    let mut orders = BufReader::new(control);
    let mut order = String::new();
    while orders.read_line(&mut order).unwrap_or(0) > 0 {
        let words: Vec<_> = order.split_whitespace().collect();
        let answer = hands.obey(&words) + "\n";
        if orders.get_mut().write_all(answer.as_bytes()).is_err() {
            return;
        }
        order.clear();
    }
}

struct Hands {
    make: Make,
    family: Family,
    listener: Fd,
    socket: Fd,
    sent: usize,
    received: usize,
}

impl Hands {
    fn obey(&mut self, order: &[&str]) -> String {
        let number = |place: usize| -> usize {
            let word = order.get(place).copied().unwrap_or("0");
            word.parse().unwrap_or(0)
        };
        #[allow(clippy::cast_possible_truncation, clippy::cast_possible_wrap)]
        let small = |place: usize| number(place) as c_int;
        match order.first().copied().unwrap_or_default() {
            "family" => {
                self.family = match order.get(1).copied() {
                    Some("v6") => Family::V6,
                    Some("mapped") => Family::Mapped,
                    _ => Family::V4,
                };
                "0".to_owned()
            }
            "listen" => self.listen(),
            "accept" => {
                self.socket = call::accept(self.listener, 0);
                call::say(self.socket.min(0))
            }
            "connect" => self.connect(order),
            "send" => self.send(number(1), 0),
            "urgent" => self.send(1, libc::MSG_OOB),
            "take" => self.take(number(1)),
            "drain" => self.take(usize::MAX),
            "shutdown" => call::say(call::shutdown(self.socket, small(1))),
            "close" => call::say(call::close(self.socket)),
            "set" => call::say(call::set_int(self.socket, small(1), small(2), small(3))),
            "abort" => {
                let at_once = [1_i32.to_ne_bytes(), 0_i32.to_ne_bytes()].concat();
                must(call::set(
                    self.socket,
                    libc::SOL_SOCKET,
                    libc::SO_LINGER,
                    &at_once,
                ));
                call::say(call::close(self.socket))
            }
            other => format!("what is {other}?"),
        }
    }

    fn listen(&mut self) -> String {
        let any = match self.family {
            Family::V4 => SocketAddr::from(([0; 4], 0)),
            Family::V6 | Family::Mapped => SocketAddr::from(([0_u16; 8], 0)),
        };
        self.listener = new_socket(self.make, self.family, 0);
        must(call::bind(self.listener, &any.into()));
        must(call::listen(self.listener, 8));
        call::name_of(self.listener)
            .map_or(0, |name| name.port())
            .to_string()
    }

    fn connect(&mut self, order: &[&str]) -> String {
        let ip = order.get(1).and_then(|ip| ip.parse().ok());
        let port = order.get(2).and_then(|port| port.parse().ok());
        let Some((ip, port)) = ip.zip(port) else {
            return "where?".to_owned();
        };
        self.socket = new_socket(self.make, self.family, 0);
        let to = SocketAddr::new(ip, port);
        call::say(call::connect(self.socket, &to.into()))
    }

    fn send(&mut self, length: usize, flags: c_int) -> String {
        let mut rest = pattern_from(self.sent, length);
        while !rest.is_empty() {
            let sent = call::send(self.socket, rest, flags | libc::MSG_NOSIGNAL);
            let Ok(sent) = usize::try_from(sent) else {
                return error_name(call::errno());
            };
            rest = rest.get(sent..).unwrap_or_default();
        }
        self.sent += length;
        "0".to_owned()
    }

    /// Reads `wanted` bytes or to the end, and says how many came, whether
    /// they are those that were sent, and how it ended.
    fn take(&mut self, wanted: usize) -> String {
        let (mut taken, mut intact) = (0, true);
        let mut room = vec![0; 65536];
        let end = loop {
            if taken == wanted {
                break String::new();
            }
            let most = room.len().min(wanted - taken);
            let received = call::receive(self.socket, &mut room[..most], 0);
            match usize::try_from(received) {
                Ok(0) => break " then end".to_owned(),
                Ok(received) => {
                    intact &= room[..received] == *pattern_from(self.received, received);
                    self.received += received;
                    taken += received;
                }
                Err(_) => break format!(" then {}", error_name(call::errno())),
            }
        };
        let damage = if intact { "" } else { " damaged" };
        format!("{taken}{damage}{end}")
    }
}
