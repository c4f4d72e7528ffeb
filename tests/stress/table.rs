// SPDX-License-Identifier: MIT OR Apache-2.0
//! Calls with arguments that make no sense, and what comes of each: a line with
//! the answer and errno, to be compared with those of a run on plain TCP.
//!
//! Each line's call finds errno at [`BEFORE`], on a socket of its own.

use crate::calls::{errno, in_c, set_errno, V4_LENGTH};
use crate::traffic::{listener, serve};
use libc::{c_int, c_void, socklen_t, AF_INET, IPPROTO_IP, IPPROTO_TCP, SOCK_STREAM, SOL_SOCKET};
use std::fs::File;
use std::io;
use std::net::{SocketAddr, SocketAddrV4};
use std::os::fd::AsRawFd;
use std::ptr::{null, without_provenance};
use std::thread;

/// What a call that leaves errno alone leaves there.
const BEFORE: c_int = 4000;
/// Pointers to nowhere.
const BAD: [(&str, usize); 3] = [("NULL", 0), ("1", 1), ("-1", usize::MAX)];

/// Prints the table. `unmapped`: connect gets addresses that look like ones but
/// where no memory is, too.
pub fn run(unmapped: bool) -> io::Result<()> {
    // The very first socket of the process.
    said("first socket", || open(AF_INET, SOCK_STREAM, 0));
    sockets();
    let listener = listener()?;
    let SocketAddr::V4(address) = listener.local_addr()? else {
        return Err(io::ErrorKind::Unsupported.into());
    };
    thread::spawn(move || serve(&listener));
    let table = Table {
        address: in_c(address),
        unreadable: unreadable()?,
        no_socket: File::open("/dev/null")?,
    };
    table.connects(address, unmapped);
    table.listens();
    for state in ["fresh", "connected"] {
        table.settings(state);
        table.questions(state);
    }
    Ok(())
}

/// Makes a call and prints what it answers: 0 for any that succeeds, since
/// descriptors are of no interest.
fn said(what: &str, call: impl FnOnce() -> c_int) -> c_int {
    set_errno(BEFORE);
    let answer = call();
    let errno = errno();
    println!("{what}: {} errno {errno}", answer.min(0));
    answer
}

fn open(domain: c_int, kind: c_int, protocol: c_int) -> c_int {
    // SAFETY: the call takes any integers.
    unsafe { libc::socket(domain, kind, protocol) }
}

fn close(fd: c_int) {
    // SAFETY: a descriptor of this table's own, or none.
    unsafe { libc::close(fd) };
}

fn sockets() {
    let close_on_exec = SOCK_STREAM | libc::SOCK_CLOEXEC;
    for (domain, kind, protocol) in [
        (AF_INET, SOCK_STREAM, 0),
        (AF_INET, close_on_exec, IPPROTO_TCP),
        (libc::AF_INET6, SOCK_STREAM, 0),
        (AF_INET, libc::SOCK_DGRAM, 0),
        (AF_INET, SOCK_STREAM, libc::IPPROTO_UDP),
        (AF_INET, SOCK_STREAM, -1),
        (AF_INET, SOCK_STREAM, 9999),
        (AF_INET, SOCK_STREAM | 0x10000, 0),
        (AF_INET, -1, 0),
        (AF_INET, 0, 0),
        (-1, SOCK_STREAM, 0),
        (99, SOCK_STREAM, 0),
        (c_int::MIN, SOCK_STREAM, 0),
        (c_int::MAX, c_int::MAX, c_int::MAX),
    ] {
        let what = format!("socket({domain}, {kind:#x}, {protocol})");
        close(said(&what, || open(domain, kind, protocol)));
    }
}

/// A page that is there and cannot be read.
fn unreadable() -> io::Result<usize> {
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
    // SAFETY: a new mapping, nobody's memory.
    let page = unsafe { libc::mmap(std::ptr::null_mut(), 4096, libc::PROT_NONE, flags, -1, 0) };
    if page == libc::MAP_FAILED {
        return Err(io::Error::last_os_error());
    }
    Ok(page.addr())
}

struct Table {
    address: libc::sockaddr_in,
    unreadable: usize,
    no_socket: File,
}

impl Table {
    /// A socket in that state.
    fn socket(&self, state: &str) -> c_int {
        let fd = open(AF_INET, SOCK_STREAM, 0);
        if state == "connected" {
            // SAFETY: the address is readable for its length.
            unsafe { libc::connect(fd, (&raw const self.address).cast(), V4_LENGTH) };
        }
        fd
    }

    fn connects(&self, address: SocketAddrV4, unmapped: bool) {
        let connect = |what: &str, fd: c_int, at: *const c_void, length: socklen_t| {
            said(&format!("connect {what} length {length}"), || {
                // SAFETY: the kernel looks whether there is memory.
                unsafe { libc::connect(fd, at.cast(), length) }
            });
        };
        let on_fresh = |what: &str, at: *const c_void, length: socklen_t| {
            let fd = self.socket("fresh");
            connect(what, fd, at, length);
            close(fd);
        };
        let mut bad = BAD.to_vec();
        if unmapped {
            bad.push(("unreadable", self.unreadable));
        }
        for (what, at) in bad {
            for length in [0, 1, 2, 16, 28, 128, 129, socklen_t::MAX] {
                on_fresh(what, without_provenance(at), length);
            }
        }
        let mut storage = [0_u64; 32];
        // SAFETY: an address is shorter than the storage and plain data.
        unsafe {
            storage
                .as_mut_ptr()
                .cast::<libc::sockaddr_in>()
                .write(in_c(address));
        }
        let at: *const c_void = storage.as_ptr().cast();
        for length in [0, 1, 2, 8, 15, 16, 17, 28, 128, 129, socklen_t::MAX] {
            on_fresh("right", at, length);
        }
        connect("right, fd -1", -1, at, 16);
        connect("right, fd no socket", self.no_socket.as_raw_fd(), at, 16);
        connect("NULL, fd -1", -1, null(), 16);
        let twice = self.socket("connected");
        connect("a second time", twice, at, 16);
        close(twice);
        for family in [libc::AF_UNIX, libc::AF_UNSPEC, 99] {
            let mut other = in_c(address);
            other.sin_family = libc::sa_family_t::try_from(family).unwrap_or_default();
            for length in [2, 16] {
                let what = format!("family {family}");
                on_fresh(&what, (&raw const other).cast(), length);
            }
        }
    }

    fn listens(&self) {
        for state in ["fresh", "connected"] {
            for backlog in [1, 0, -1, c_int::MAX] {
                let fd = self.socket(state);
                // SAFETY: the call takes any integers.
                said(&format!("listen {state} {backlog}"), || unsafe {
                    libc::listen(fd, backlog)
                });
                close(fd);
            }
        }
        for (what, fd) in [("-1", -1), ("no socket", self.no_socket.as_raw_fd())] {
            // SAFETY: the call takes any integers.
            said(&format!("listen fd {what}"), || unsafe {
                libc::listen(fd, 1)
            });
        }
    }

    fn settings(&self, state: &str) {
        let value = 1_u64;
        let good = (&raw const value).addr();
        let mut places = BAD.to_vec();
        places.extend([("unreadable", self.unreadable), ("right", good)]);
        for (name, level, number) in SETTINGS {
            // A real SMC connection has none, which no shim can change.
            if (name, state) == ("SO_ZEROCOPY", "connected") {
                continue;
            }
            for &(what, at) in &places {
                for length in [0, 1, 2, 3, 4, 8, socklen_t::MAX] {
                    let fd = self.socket(state);
                    set(
                        &format!("{state} {name} {what} length {length}"),
                        fd,
                        level,
                        number,
                        at,
                        length,
                    );
                    close(fd);
                }
            }
            for (what, fd) in [("-1", -1), ("no socket", self.no_socket.as_raw_fd())] {
                for length in [1, 4] {
                    set(
                        &format!("{name} fd {what} length {length}"),
                        fd,
                        level,
                        number,
                        good,
                        length,
                    );
                }
            }
        }
    }

    fn questions(&self, state: &str) {
        for (name, level, number) in QUESTIONS {
            let fd = self.socket(state);
            for (what, at) in BAD {
                get(
                    &format!("{state} {name} into {what}"),
                    fd,
                    level,
                    number,
                    Some(at),
                    Some(4),
                );
            }
            get(
                &format!("{state} {name} length nowhere"),
                fd,
                level,
                number,
                None,
                None,
            );
            for length in [0, 1, 2, 3, 4, 8, -1, c_int::MAX] {
                get(
                    &format!("{state} {name} length {length}"),
                    fd,
                    level,
                    number,
                    None,
                    Some(length),
                );
            }
            close(fd);
            for (what, fd) in [("-1", -1), ("no socket", self.no_socket.as_raw_fd())] {
                get(
                    &format!("{name} fd {what}"),
                    fd,
                    level,
                    number,
                    None,
                    Some(4),
                );
            }
        }
    }
}

const SETTINGS: [(&str, c_int, c_int); 16] = [
    ("SO_KEEPALIVE", SOL_SOCKET, libc::SO_KEEPALIVE),
    ("SO_LINGER", SOL_SOCKET, libc::SO_LINGER),
    ("SO_RCVTIMEO", SOL_SOCKET, libc::SO_RCVTIMEO),
    ("SO_REUSEPORT", SOL_SOCKET, libc::SO_REUSEPORT),
    ("SO_ATTACH_FILTER", SOL_SOCKET, libc::SO_ATTACH_FILTER),
    ("SO_ZEROCOPY", SOL_SOCKET, libc::SO_ZEROCOPY),
    ("SOL_SOCKET 9999", SOL_SOCKET, 9999),
    ("TCP_NODELAY", IPPROTO_TCP, libc::TCP_NODELAY),
    ("TCP_CONGESTION", IPPROTO_TCP, libc::TCP_CONGESTION),
    ("TCP_ULP", IPPROTO_TCP, libc::TCP_ULP),
    ("TCP_FASTOPEN", IPPROTO_TCP, libc::TCP_FASTOPEN),
    ("TCP_FASTOPEN_KEY", IPPROTO_TCP, 33),
    ("TCP 9999", IPPROTO_TCP, 9999),
    ("IP_TOS", IPPROTO_IP, libc::IP_TOS),
    ("IP_OPTIONS", IPPROTO_IP, libc::IP_OPTIONS),
    ("level 9999", 9999, 1),
];

const QUESTIONS: [(&str, c_int, c_int); 8] = [
    ("SO_DOMAIN", SOL_SOCKET, libc::SO_DOMAIN),
    ("SO_PROTOCOL", SOL_SOCKET, libc::SO_PROTOCOL),
    ("SO_TYPE", SOL_SOCKET, libc::SO_TYPE),
    ("SO_ERROR", SOL_SOCKET, libc::SO_ERROR),
    ("SOL_SOCKET 9999", SOL_SOCKET, 9999),
    ("TCP_NODELAY", IPPROTO_TCP, libc::TCP_NODELAY),
    ("IP_TOS", IPPROTO_IP, libc::IP_TOS),
    ("level 9999", 9999, 1),
];

fn set(what: &str, fd: c_int, level: c_int, name: c_int, at: usize, length: socklen_t) {
    said(&format!("set {what}"), || {
        let value = without_provenance::<c_void>(at);
        // SAFETY: the kernel looks whether there is memory.
        unsafe { libc::setsockopt(fd, level, name, value, length) }
    });
}

/// `at`: where the answer is to go, unless into a place of this function's;
/// `length`: how much room there is said to be, unless nothing.
fn get(what: &str, fd: c_int, level: c_int, name: c_int, at: Option<usize>, length: Option<c_int>) {
    let mut value = [0xaa_u8; 16];
    let place = match at {
        Some(at) => std::ptr::without_provenance_mut::<c_void>(at),
        None => value.as_mut_ptr().cast(),
    };
    let mut room = length.unwrap_or(0);
    let room_place = match length {
        Some(_) => (&raw mut room).cast::<socklen_t>(),
        None => std::ptr::null_mut(),
    };
    said(&format!("get {what}"), || {
        // SAFETY: the kernel looks whether there is memory; `value` has room
        // for each of these options.
        unsafe { libc::getsockopt(fd, level, name, place, room_place) }
    });
    println!("    {room} {value:?}");
}
