// SPDX-License-Identifier: MIT OR Apache-2.0
//! Sending.

use super::{Entry, ALL, BOTH};
use crate::call::{self, must, say, wait_for, Fd};
use crate::peer::pattern;
use libc::{MSG_DONTWAIT, MSG_NOSIGNAL, POLLRDHUP};
use std::ffi::c_int;

pub const CASES: &[Entry] = &[
    ("send: not connected", BOTH, |scene| {
        let fresh = say(call::send(scene.socket(), &[0], MSG_NOSIGNAL));
        let listener = say(call::send(scene.listener(), &[0], MSG_NOSIGNAL));
        format!("{fresh} {listener}")
    }),
    ("send: SIGPIPE when not connected", BOTH, |scene| {
        with_sigpipe(scene.socket())
    }),
    ("send: nothing", BOTH, |scene| {
        say(call::send(scene.connected().0, &[], 0))
    }),
    ("send: a megabyte", ALL, |scene| {
        let (socket, mut peer) = scene.connected();
        peer.start("take 1000000");
        let sent = send_pattern(socket, 1_000_000);
        format!("{sent}; {}", peer.answer())
    }),
    ("send: a megabyte from an accepted socket", ALL, |scene| {
        let (socket, mut peer) = scene.accepted();
        peer.start("take 1000000");
        let sent = send_pattern(socket, 1_000_000);
        format!("{sent}; {}", peer.answer())
    }),
    ("send: after own shutdown", BOTH, |scene| {
        let (socket, _peer) = scene.connected();
        must(call::shutdown(socket, libc::SHUT_WR));
        say(call::send(socket, &[0], MSG_NOSIGNAL))
    }),
    ("send: SIGPIPE after own shutdown", BOTH, |scene| {
        let (socket, _peer) = scene.connected();
        must(call::shutdown(socket, libc::SHUT_WR));
        with_sigpipe(socket)
    }),
    ("send: to a peer that shut its side", ALL, |scene| {
        let (socket, mut peer) = scene.connected();
        peer.must("shutdown 1");
        wait_for(socket, POLLRDHUP);
        format!("{}; {}", send_pattern(socket, 100), peer.ask("take 100"))
    }),
    ("send: to a peer that closed", BOTH, |scene| {
        let (socket, mut peer) = scene.connected();
        peer.must("close");
        wait_for(socket, POLLRDHUP);
        let first = say(call::send(socket, &[0], MSG_NOSIGNAL));
        let_reset_arrive(socket);
        let second = say(call::send(socket, &[0], MSG_NOSIGNAL));
        format!("{first} {second}")
    }),
    ("send: SIGPIPE when the peer has closed", BOTH, |scene| {
        let (socket, mut peer) = scene.connected();
        peer.must("close");
        wait_for(socket, POLLRDHUP);
        call::send(socket, &[0], MSG_NOSIGNAL);
        let_reset_arrive(socket);
        with_sigpipe(socket)
    }),
    ("send: to a peer that aborted", BOTH, |scene| {
        let (socket, mut peer) = scene.connected();
        peer.must("abort");
        wait_for(socket, POLLRDHUP);
        [0; 2]
            .map(|_| say(call::send(socket, &[0], MSG_NOSIGNAL)))
            .join(" ")
    }),
    ("send: full, MSG_DONTWAIT", BOTH, |scene| {
        let (socket, _peer) = scene.connected();
        super::poll::fill(socket);
        // What the peer acknowledges late can make room for a few more.
        let rest = (0..1000).find(|_| call::send(socket, &[0; 16384], MSG_DONTWAIT) == -1);
        rest.map_or("never".to_owned(), |_| say(-1))
    }),
    ("send: MSG_MORE, then the rest", BOTH, |scene| {
        let (socket, mut peer) = scene.connected();
        let first = say(call::send(socket, &[pattern(0)], libc::MSG_MORE));
        let rest = say(call::send(socket, &[pattern(1)], 0));
        format!("{first} {rest} {}", peer.ask("take 2"))
    }),
    ("send: MSG_OOB", BOTH, |scene| {
        let (socket, mut peer) = scene.connected();
        peer.must("set 1 10 1"); // SO_OOBINLINE
        let sent = say(call::send(socket, &[pattern(0)], libc::MSG_OOB));
        format!("{sent} {}", peer.ask("take 1"))
    }),
    ("send: MSG_ZEROCOPY without SO_ZEROCOPY", BOTH, |scene| {
        let (socket, mut peer) = scene.connected();
        let sent = say(call::send(socket, &[pattern(0)], libc::MSG_ZEROCOPY));
        format!("{sent} {}", peer.ask("take 1"))
    }),
    ("send: MSG_ZEROCOPY with SO_ZEROCOPY", BOTH, |scene| {
        let socket = scene.socket();
        let set = say(call::set_int(
            socket,
            libc::SOL_SOCKET,
            libc::SO_ZEROCOPY,
            1,
        ));
        let mut peer = scene.connect(socket);
        let sent = say(call::send(socket, &[pattern(0)], libc::MSG_ZEROCOPY));
        format!("{set} {sent} {}", peer.ask("take 1"))
    }),
    ("send: MSG_FASTOPEN to a listener", BOTH, |scene| {
        let (mut peer, address) = scene.listening_peer();
        let socket = scene.socket();
        let byte = [pattern(0)];
        // SAFETY: the byte and the address are valid for their lengths.
        let sent = unsafe {
            let to = address.pointer();
            libc::sendto(
                socket,
                byte.as_ptr().cast(),
                1,
                libc::MSG_FASTOPEN,
                to,
                address.length,
            )
        };
        format!(
            "{} {} {}",
            say(i64::try_from(sent).unwrap()),
            peer.ask("accept"),
            peer.ask("take 1")
        )
    }),
    ("send: sendto with an address, connected", BOTH, |scene| {
        let (socket, mut peer) = scene.connected();
        let (byte, elsewhere) = ([pattern(0)], scene.own(9));
        // SAFETY: the byte and the address are valid for their lengths.
        let sent = unsafe {
            let to = elsewhere.pointer();
            libc::sendto(socket, byte.as_ptr().cast(), 1, 0, to, elsewhere.length)
        };
        format!(
            "{} {}",
            say(i64::try_from(sent).unwrap()),
            peer.ask("take 1")
        )
    }),
    ("send: sendfile", BOTH, |scene| {
        let (socket, mut peer) = scene.connected();
        // SAFETY: a constant name; then descriptors and numbers only.
        let sent = unsafe {
            let file = must(libc::memfd_create(c"case".as_ptr(), 0));
            let bytes: Vec<u8> = (0..10_000).map(pattern).collect();
            libc::write(file, bytes.as_ptr().cast(), bytes.len());
            let mut offset = 0;
            libc::sendfile(socket, file, &raw mut offset, bytes.len())
        };
        format!(
            "{} {}",
            say(i64::try_from(sent).unwrap()),
            peer.ask("take 10000")
        )
    }),
    ("send: splice from a pipe", BOTH, |scene| {
        let (socket, mut peer) = scene.connected();
        let (mut ends, bytes) = ([0; 2], [0, 1, 2, 3].map(pattern));
        let none = std::ptr::null_mut();
        // SAFETY: room for two descriptors, four valid bytes, no offsets.
        let sent = unsafe {
            must(libc::pipe(ends.as_mut_ptr()));
            libc::write(ends[1], bytes.as_ptr().cast(), 4);
            libc::splice(ends[0], none, socket, none, 4, 0)
        };
        format!(
            "{} {}",
            say(i64::try_from(sent).unwrap()),
            peer.ask("take 4")
        )
    }),
    ("send: from bad memory", BOTH, |scene| {
        let (socket, _peer) = scene.connected();
        let nowhere = std::ptr::without_provenance(8);
        // SAFETY: the kernel checks the pointer.
        let sent = unsafe { libc::send(socket, nowhere, 10, 0) };
        say(i64::try_from(sent).unwrap())
    }),
];

/// TCP shows a reset as an error or a hang-up; SMC shows nothing of it.
fn let_reset_arrive(socket: Fd) {
    call::poll(socket, 0, 500);
}

pub fn send_pattern(socket: Fd, length: usize) -> usize {
    let bytes: Vec<_> = (0..length).map(pattern).collect();
    let mut sent = 0;
    while let Ok(more) = usize::try_from(call::send(socket, &bytes[sent..], MSG_NOSIGNAL)) {
        sent += more;
        if sent == length {
            break;
        }
    }
    sent
}

/// Sends a byte; what it answers and whether SIGPIPE came.
fn with_sigpipe(socket: Fd) -> String {
    // SAFETY: signal sets on the stack; SIGPIPE is kept pending, not delivered.
    unsafe {
        let mut set: libc::sigset_t = std::mem::zeroed();
        libc::sigemptyset(&raw mut set);
        libc::sigaddset(&raw mut set, libc::SIGPIPE);
        libc::sigprocmask(libc::SIG_BLOCK, &raw const set, std::ptr::null_mut());
        libc::signal(libc::SIGPIPE, libc::SIG_DFL);
    }
    let answer = say(call::send(socket, &[0], 0));
    // SAFETY: as above.
    let came: c_int = unsafe {
        let mut set: libc::sigset_t = std::mem::zeroed();
        libc::sigpending(&raw mut set);
        libc::sigismember(&raw const set, libc::SIGPIPE)
    };
    format!("{answer}, SIGPIPE {came}")
}
