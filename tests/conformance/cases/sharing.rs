// SPDX-License-Identifier: MIT OR Apache-2.0
//! Sockets with several descriptors and several owners.

use super::{connect, Entry, ALL, BOTH};
use crate::call::{self, get_int, must, say, Fd};
use libc::SOL_SOCKET;
use std::ops::Range;
use std::os::fd::FromRawFd;

pub const CASES: &[Entry] = &[
    ("dup before connect", ALL, |scene| {
        let socket = scene.socket();
        let other = call::dup(socket);
        let mut peer = scene.connect(socket);
        connect::trip(other, &mut peer)
    }),
    ("dup before listen", ALL, |scene| {
        let listener = scene.socket();
        must(call::bind(listener, &scene.any(0)));
        let other = call::dup(listener);
        must(call::listen(listener, 8));
        call::close(listener);
        let (child, mut peer) = scene.accepted_by(other);
        connect::trip(child, &mut peer)
    }),
    ("dup before listen, listen on the duplicate", ALL, |scene| {
        let listener = scene.socket();
        must(call::bind(listener, &scene.any(0)));
        let other = call::dup(listener);
        must(call::listen(other, 8));
        let (child, mut peer) = scene.accepted_by(listener);
        connect::trip(child, &mut peer)
    }),
    ("dup before SO_REUSEPORT", BOTH, |scene| {
        let socket = scene.socket();
        let other = call::dup(socket);
        let set = say(call::set_int(socket, SOL_SOCKET, libc::SO_REUSEPORT, 1));
        format!("{set} {}", get_int(other, SOL_SOCKET, libc::SO_REUSEPORT))
    }),
    (
        "dup, connect to nothing, connect the duplicate",
        BOTH,
        |scene| {
            let (socket, _peer) = scene.connected();
            let other = call::dup(socket);
            let cleared = say(call::connect(socket, &scene.any(0).with_family(0)));
            let state = call::peer_of(other)
                .err()
                .map_or("named".to_owned(), call::error_name);
            format!("{cleared} {state}")
        },
    ),
    ("dup2 to another number, options follow", BOTH, |scene| {
        let socket = scene.socket();
        let other = dup_to(socket, 321);
        must(call::set_int(other, SOL_SOCKET, libc::SO_KEEPALIVE, 1));
        must(call::set_int(other, SOL_SOCKET, libc::SO_REUSEADDR, 1));
        let _peer = scene.connect(socket);
        let kept = [libc::SO_KEEPALIVE, libc::SO_REUSEADDR];
        kept.map(|name| get_int(socket, SOL_SOCKET, name)).join(" ")
    }),
    ("dup2 to a number above 65,535", BOTH, |scene| {
        if !allows_high_numbers() {
            return "not allowed here".to_owned();
        }
        let mut trips = Vec::new();
        for target in [70_000, 65_536 + 400] {
            let socket = scene.socket();
            let other = dup_to(socket, target);
            must(call::set_int(other, SOL_SOCKET, libc::SO_KEEPALIVE, 1));
            call::close(socket);
            let mut peer = scene.connect(other);
            trips.push(get_int(other, SOL_SOCKET, libc::SO_KEEPALIVE));
            trips.push(connect::trip(other, &mut peer));
            let sent = send_more(other, 10..510);
            call::close(other);
            trips.push(format!("{sent}, {}", peer.ask("take 500")));
        }
        trips.join("; ")
    }),
    ("two sockets 65,536 numbers apart", BOTH, |scene| {
        if !allows_high_numbers() {
            return "not allowed here".to_owned();
        }
        let (lower, mut lower_peer) = scene.connected();
        let (socket, mut upper_peer) = scene.connected();
        let upper = dup_to(socket, lower + 65_536);
        call::close(socket);
        let others = [(scene.socket(), 10..20), (scene.listener(), 20..30)];
        let first = connect::trip(upper, &mut upper_peer);
        let sent = super::send::send_pattern(lower, 500);
        call::close(lower);
        let taken = lower_peer.ask("take 500");
        // The lower number is another file's, then a listener's.
        let again = others.map(|(fd, bytes)| {
            dup_to(fd, lower);
            call::close(lower);
            format!("{} {}", send_more(upper, bytes), upper_peer.ask("take 10"))
        });
        let shut = say(call::shutdown(upper, libc::SHUT_WR));
        let end = upper_peer.ask("take 1");
        format!(
            "{first}; {sent}, {taken}; {}; {shut}, {end}",
            again.join("; ")
        )
    }),
    ("a number used again after close", BOTH, |scene| {
        let first = scene.socket();
        must(call::set_int(first, SOL_SOCKET, libc::SO_KEEPALIVE, 1));
        call::close(first);
        let second = scene.socket();
        let same = first == second;
        let _peer = scene.connect(second);
        format!("{same} {}", get_int(second, SOL_SOCKET, libc::SO_KEEPALIVE))
    }),
    ("fork, child connects", BOTH, |scene| {
        let socket = scene.socket();
        must(call::set_int(socket, SOL_SOCKET, libc::SO_KEEPALIVE, 1));
        let (mut peer, address) = scene.listening_peer();
        let child = in_child(|| i32::from(call::connect(socket, &address) != 0));
        peer.must("accept");
        let trip = connect::trip(socket, &mut peer);
        format!(
            "{child}; {}; {trip}",
            get_int(socket, SOL_SOCKET, libc::SO_KEEPALIVE)
        )
    }),
    ("fork, child listens, parent accepts", ALL, |scene| {
        let listener = scene.socket();
        must(call::bind(listener, &scene.any(0)));
        let child = in_child(|| i32::from(call::listen(listener, 8) != 0));
        let listening = get_int(listener, SOL_SOCKET, libc::SO_ACCEPTCONN);
        if listening != "1" {
            return format!("{child}; listening {listening}");
        }
        let (accepted, mut peer) = scene.accepted_by(listener);
        format!(
            "{child}; listening {listening}; {}",
            connect::trip(accepted, &mut peer)
        )
    }),
    (
        "fork, child writes and exits, parent goes on",
        BOTH,
        |scene| {
            let (socket, mut peer) = scene.connected();
            let child = in_child(|| i32::from(super::send::send_pattern(socket, 500) != 500));
            let taken = peer.ask("take 500");
            let sent = send_more(socket, 500..600);
            format!("{child}; {taken}; {sent}; {}", peer.ask("take 100"))
        },
    ),
    (
        "SCM_RIGHTS: socket handed over before connect",
        BOTH,
        |scene| {
            let socket = handed_over(scene.socket());
            let mut peer = scene.connect(socket);
            connect::trip(socket, &mut peer)
        },
    ),
    ("SCM_RIGHTS: connection handed over", BOTH, |scene| {
        let (socket, mut peer) = scene.connected();
        connect::trip(handed_over(socket), &mut peer)
    }),
    ("SCM_RIGHTS: listener handed over", BOTH, |scene| {
        let listener = handed_over(scene.listener());
        let (child, mut peer) = scene.accepted_by(listener);
        connect::trip(child, &mut peer)
    }),
    (
        "exec: a connection survives without close-on-exec",
        BOTH,
        |scene| {
            let (socket, mut peer) = scene.connected();
            // SAFETY: a duplicate that nobody else has.
            let output = unsafe { std::fs::File::from_raw_fd(call::dup(socket)) };
            let status = std::process::Command::new("/bin/sh")
                .args(["-c", "printf abc"])
                .stdout(output)
                .status();
            format!(
                "{:?}; {}",
                status.ok().and_then(|status| status.code()),
                peer.ask("take 3")
            )
        },
    ),
    ("two threads, one sends, one receives", BOTH, |scene| {
        let (socket, mut peer) = scene.connected();
        let reader =
            std::thread::spawn(move || call::receive(socket, &mut [0; 1000], libc::MSG_WAITALL));
        let sent = super::send::send_pattern(socket, 1000);
        peer.must("send 1000");
        format!(
            "{sent} {} {}",
            reader.join().unwrap(),
            peer.ask("take 1000")
        )
    }),
];

/// Sends these bytes of what the peer expects.
fn send_more(fd: Fd, bytes: Range<usize>) -> String {
    let more: Vec<_> = bytes.map(crate::peer::pattern).collect();
    say(call::send(fd, &more, 0))
}

/// Whether there may be descriptors of any number below 100,000.
fn allows_high_numbers() -> bool {
    let limit = libc::rlimit {
        rlim_cur: 100_000,
        rlim_max: 100_000,
    };
    // SAFETY: a limit of this process.
    unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit) == 0 }
}

/// `fd` as `number`, too.
fn dup_to(fd: Fd, number: Fd) -> Fd {
    // SAFETY: takes numbers.
    must(unsafe { libc::dup2(fd, number) })
}

/// Runs `work` in a forked child; its exit status.
pub fn in_child(work: impl FnOnce() -> i32) -> String {
    // SAFETY: this process has one thread; the child ends with `_exit`.
    unsafe {
        let child = must(libc::fork());
        if child == 0 {
            libc::_exit(work());
        }
        let mut status = 0;
        libc::waitpid(child, &raw mut status, 0);
        format!("child {}", libc::WEXITSTATUS(status))
    }
}

/// The same socket as another descriptor, received through a Unix socket; the
/// first one is closed.
fn handed_over(fd: Fd) -> Fd {
    let mut ends = [0; 2];
    let (mut byte, mut room) = ([0_u8; 1], [0_u64; 4]);
    // SAFETY: one byte of data and a control buffer with room for one
    // descriptor, both valid during the calls.
    unsafe {
        must(libc::socketpair(
            libc::AF_UNIX,
            libc::SOCK_STREAM,
            0,
            ends.as_mut_ptr(),
        ));
        let mut piece = libc::iovec {
            iov_base: byte.as_mut_ptr().cast(),
            iov_len: 1,
        };
        let mut message: libc::msghdr = std::mem::zeroed();
        message.msg_iov = &raw mut piece;
        message.msg_iovlen = 1;
        message.msg_control = room.as_mut_ptr().cast();
        message.msg_controllen = libc::CMSG_SPACE(4) as usize;
        let header = libc::CMSG_FIRSTHDR(&raw const message);
        (*header).cmsg_level = SOL_SOCKET;
        (*header).cmsg_type = libc::SCM_RIGHTS;
        (*header).cmsg_len = libc::CMSG_LEN(4) as usize;
        libc::CMSG_DATA(header).cast::<Fd>().write_unaligned(fd);
        assert_eq!(libc::sendmsg(ends[0], &raw const message, 0), 1);
        call::close(fd);
        assert_eq!(libc::recvmsg(ends[1], &raw mut message, 0), 1);
        let header = libc::CMSG_FIRSTHDR(&raw const message);
        libc::CMSG_DATA(header).cast::<Fd>().read_unaligned()
    }
}
