// SPDX-License-Identifier: MIT OR Apache-2.0
//! TCP_INFO: what programs read of a listener's queue and of a connection.

use super::{poll, Entry, ALL, BOTH};
use crate::call::{self, must, say, Fd};
use libc::{IPPROTO_TCP, MSG_WAITALL, TCP_INFO};

/// Places in `struct tcp_info`.
const UNACKED: usize = 24;
const SACKED: usize = 28;
const LAST_DATA_SENT: usize = 44;
const LAST_DATA_RECEIVED: usize = 52;
const BYTES_RECEIVED: usize = 128;
const NOTSENT_BYTES: usize = 144;
const BYTES_SENT: usize = 200;

pub const CASES: &[Entry] = &[
    ("TCP_INFO: a listener's queue", ALL, |scene| {
        let listener = scene.listener();
        let queue = || format!("{} of {}", int(listener, UNACKED), int(listener, SACKED));
        let mut states = vec![queue()];
        let _callers = [0; 3].map(|_| {
            let caller = scene.caller(listener);
            call::wait_for(listener, libc::POLLIN);
            caller
        });
        states.push(settled(queue, "3 of 8"));
        must(call::accept(listener, 0));
        must(call::accept(listener, 0));
        states.push(settled(queue, "1 of 8"));
        states.join("; ")
    }),
    ("TCP_INFO: a listener's backlog", BOTH, |scene| {
        let listener = scene.listener();
        let backlogs = [1, 64, 100_000, -1].map(|backlog| {
            must(call::listen(listener, backlog));
            int(listener, SACKED).to_string()
        });
        backlogs.join(" ")
    }),
    ("TCP_INFO: what was sent and received", ALL, |scene| {
        let (socket, mut peer) = scene.connected();
        let before = counted(socket);
        peer.start("take 1000000");
        super::send::send_pattern(socket, 1_000_000);
        peer.answer();
        let sent = counted(socket);
        peer.start("send 300000");
        call::receive(socket, &mut vec![0; 300_000], MSG_WAITALL);
        peer.answer();
        format!("{before}; {sent}; {}", counted(socket))
    }),
    ("TCP_INFO: of an accepted socket", BOTH, |scene| {
        let (socket, mut peer) = scene.accepted();
        peer.must("send 10");
        call::receive(socket, &mut [0; 10], MSG_WAITALL);
        super::send::send_pattern(socket, 20);
        peer.ask("take 20");
        counted(socket)
    }),
    ("TCP_INFO: how long nothing has come", BOTH, |scene| {
        let (socket, mut peer) = scene.connected();
        let idle = || int(socket, LAST_DATA_RECEIVED);
        peer.must("send 10");
        call::receive(socket, &mut [0; 10], MSG_WAITALL);
        let first = idle();
        // Nothing comes.
        call::poll(socket, libc::POLLIN, 2000);
        let later = idle();
        peer.must("send 10");
        call::receive(socket, &mut [0; 10], MSG_WAITALL);
        let again = idle();
        format!("{} {}", later >= first + 1000, again + 500 <= later)
    }),
    ("TCP_INFO: how long nothing was sent", BOTH, |scene| {
        let (socket, mut peer) = scene.connected();
        let idle = || int(socket, LAST_DATA_SENT);
        super::send::send_pattern(socket, 10);
        peer.ask("take 10");
        let first = idle();
        call::poll(socket, libc::POLLIN, 2000);
        let later = idle();
        super::send::send_pattern(socket, 10);
        let again = idle();
        format!("{} {}", later >= first + 1000, again + 500 <= later)
    }),
    ("TCP_INFO: what is not sent yet", BOTH, |scene| {
        let (socket, mut peer) = scene.connected();
        let before = int(socket, NOTSENT_BYTES);
        let sent = poll::fill(socket);
        let full = int(socket, NOTSENT_BYTES) > 0;
        peer.ask(&format!("take {sent}"));
        let after = int(socket, NOTSENT_BYTES);
        format!("{before}; more {full}; {after}")
    }),
    ("TCP_INFO: in a buffer of any size", BOTH, |scene| {
        let (socket, _peer) = scene.connected();
        let sizes = [0, 1, 7, 8, 104, 200, 512, 4096];
        let answers = sizes.map(|size| {
            let mut room = [0_u8; 4096];
            let mut length = size;
            let pointer = room.as_mut_ptr().cast();
            // SAFETY: `length` bytes are valid.
            let answer = unsafe {
                libc::getsockopt(socket, IPPROTO_TCP, TCP_INFO, pointer, &raw mut length)
            };
            format!("{} {length}", say(answer))
        });
        answers.join("; ")
    }),
    ("TCP_INFO: states of an end", BOTH, |scene| {
        let state = super::identity::tcp_state;
        let (socket, mut peer) = scene.connected();
        peer.must("shutdown 1");
        call::poll(socket, libc::POLLRDHUP, 3000);
        let passive = state(socket);
        let (socket, mut peer) = scene.connected();
        must(call::shutdown(socket, libc::SHUT_WR));
        peer.ask("drain");
        let active = settled(|| state(socket), "x05");
        peer.must("abort");
        call::poll(socket, libc::POLLHUP, 3000);
        format!("{passive} {active} {}", state(socket))
    }),
];

/// The answer as soon as it is `expected`; what comes of the network comes late.
fn settled(answer: impl Fn() -> String, expected: &str) -> String {
    for _ in 0..20 {
        if answer() == expected {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    answer()
}

fn info(fd: Fd) -> [u8; 256] {
    let mut room = [0; 256];
    let mut length = 256;
    let pointer = room.as_mut_ptr().cast();
    // SAFETY: so many bytes are valid.
    must(unsafe { libc::getsockopt(fd, IPPROTO_TCP, TCP_INFO, pointer, &raw mut length) });
    room
}

fn int(fd: Fd, place: usize) -> u32 {
    u32::from_ne_bytes(info(fd)[place..place + 4].try_into().unwrap())
}

fn long(fd: Fd, place: usize) -> u64 {
    u64::from_ne_bytes(info(fd)[place..place + 8].try_into().unwrap())
}

/// What has gone each way; what was sent again counts twice.
fn counted(fd: Fd) -> String {
    let sent = match long(fd, BYTES_SENT) {
        0 => "nothing",
        1..1_000_000 => "some",
        _ => "a megabyte",
    };
    let received = long(fd, BYTES_RECEIVED);
    format!("sent {sent}, received {received}")
}
