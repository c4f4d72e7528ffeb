// SPDX-License-Identifier: MIT OR Apache-2.0
//! Calls that are given memory which is not there, or only in part.

use super::{connect, Entry, BOTH};
use crate::call::{self, must, say, Fd};
use crate::cases::poll;
use libc::{IPPROTO_TCP, PROT_NONE, PROT_READ, PROT_WRITE, SOL_SOCKET};
use std::ffi::{c_int, c_void};

const PAGE: usize = 4096;

pub const CASES: &[Entry] = &[
    ("memory: connect", BOTH, |scene| {
        let (mut peer, address) = scene.listening_peer();
        let places = each_place(address.bytes());
        let answers = places.map(|place| {
            // SAFETY: the kernel checks the pointer.
            say(unsafe { libc::connect(scene.socket(), place.cast(), address.length) })
        });
        peer.must("accept");
        answers.join(" ")
    }),
    ("memory: connect once more", BOTH, |scene| {
        let (mut peer, address) = scene.listening_peer();
        let socket = scene.socket();
        must(call::connect(socket, &address));
        peer.must("accept");
        peer.must("close");
        call::poll(socket, libc::POLLRDHUP, 3000);
        let answers = each_place(address.bytes()).map(|place| {
            // SAFETY: the kernel checks the pointer.
            say(unsafe { libc::connect(socket, place.cast(), address.length) })
        });
        answers.join(" ")
    }),
    ("memory: connect, half an address", BOTH, |scene| {
        let address = scene.refusing();
        let place = Memory::with(&address.bytes()[..2]).last(2);
        // SAFETY: the kernel checks the pointer.
        say(unsafe { libc::connect(scene.socket(), place.cast(), address.length) })
    }),
    ("memory: bind", BOTH, |scene| {
        let address = scene.any(0);
        let answers = each_place(address.bytes()).map(|place| {
            // SAFETY: the kernel checks the pointer.
            say(unsafe { libc::bind(scene.socket(), place.cast(), address.length) })
        });
        answers.join(" ")
    }),
    ("memory: options", BOTH, |scene| {
        let options = [
            (SOL_SOCKET, libc::SO_KEEPALIVE),
            (SOL_SOCKET, libc::SO_REUSEPORT),
            (IPPROTO_TCP, libc::TCP_NODELAY),
            (IPPROTO_TCP, libc::TCP_FASTOPEN),
            (IPPROTO_TCP, libc::TCP_CONGESTION),
        ];
        let answers = options.map(|(level, name)| {
            let set = each_place(&1_i32.to_ne_bytes()).map(|place| {
                // SAFETY: the kernel checks the pointer.
                say(unsafe { libc::setsockopt(scene.socket(), level, name, place, 4) })
            });
            set.join(" ")
        });
        answers.join("; ")
    }),
    ("memory: options that are read", BOTH, |scene| {
        let (socket, _peer) = scene.connected();
        let options = [
            (SOL_SOCKET, libc::SO_KEEPALIVE),
            (SOL_SOCKET, libc::SO_DOMAIN),
            (SOL_SOCKET, libc::SO_PROTOCOL),
            (SOL_SOCKET, libc::SO_ERROR),
            (IPPROTO_TCP, libc::TCP_NODELAY),
            (IPPROTO_TCP, libc::TCP_INFO),
        ];
        let answers = options.map(|(level, name)| {
            let got = each_place(&[0; 4]).map(|place| {
                let mut length = 4;
                let place = place.cast_mut();
                // SAFETY: the kernel checks the pointer.
                say(unsafe { libc::getsockopt(socket, level, name, place, &raw mut length) })
            });
            let lengths = each_place(&4_u32.to_ne_bytes()).map(|place| {
                let mut value = [0_u8; 4];
                let (value, length) = (value.as_mut_ptr().cast(), place.cast_mut().cast());
                // SAFETY: room for four bytes; the kernel checks the pointer.
                say(unsafe { libc::getsockopt(socket, level, name, value, length) })
            });
            format!("{}, {}", got.join(" "), lengths.join(" "))
        });
        answers.join("; ")
    }),
    ("memory: accept", BOTH, |scene| {
        let listener = scene.listener();
        let answers = each_place(&[0; 28]).map(|place| {
            let _peer = scene.caller(listener);
            let mut length = 28;
            // SAFETY: the kernel checks the pointer.
            let child = unsafe { libc::accept(listener, place.cast_mut().cast(), &raw mut length) };
            say(child.min(0))
        });
        answers.join(" ")
    }),
    ("memory: send", BOTH, |scene| {
        let answers = each_place(crate::peer::pattern_from(0, 28)).map(|place| {
            let (socket, mut peer) = scene.connected();
            // SAFETY: the kernel checks the pointer.
            let sent = unsafe { libc::send(socket, place, 28, 0) };
            let sent = say(i64::try_from(sent).unwrap());
            match sent.as_str() {
                "28" => format!("28, taken {}", peer.ask("take 28")),
                _ => sent,
            }
        });
        answers.join("; ")
    }),
    ("memory: send, then the connection goes on", BOTH, |scene| {
        let (socket, mut peer) = scene.connected();
        let nowhere = std::ptr::without_provenance_mut(8);
        let piece = libc::iovec {
            iov_base: nowhere,
            iov_len: 10,
        };
        let mut answers = Vec::new();
        let mut note = |answer: isize| answers.push(say(i64::try_from(answer).unwrap()));
        // SAFETY: the kernel checks the pointers.
        unsafe {
            note(libc::write(socket, nowhere, 10));
            note(libc::writev(socket, &raw const piece, 1));
            note(libc::writev(socket, nowhere.cast(), 1));
            note(libc::sendmsg(socket, nowhere.cast(), 0));
            note(libc::sendmmsg(socket, nowhere.cast(), 2, 0) as isize);
            note(libc::sendto(socket, nowhere, 10, 0, std::ptr::null(), 0));
            note(libc::sendfile(socket, file(), nowhere.cast(), 10));
        }
        format!(
            "{}; {}",
            answers.join(" "),
            connect::trip(socket, &mut peer)
        )
    }),
    (
        "memory: sendfile with an offset that is read-only",
        BOTH,
        |scene| {
            let (socket, mut peer) = scene.connected();
            let offset = Memory::with(&0_i64.to_ne_bytes());
            offset.protect(PROT_READ);
            let place = offset.last(8).cast_mut().cast();
            // SAFETY: the kernel checks the pointer.
            let sent = unsafe { libc::sendfile(socket, file(), place, 10) };
            let sent = say(i64::try_from(sent).unwrap());
            format!("{sent}; {}", peer.ask("take 10"))
        },
    ),
    ("memory: epoll_wait", BOTH, |scene| {
        let (socket, mut peer) = scene.connected();
        peer.must("send 1");
        call::wait_for(socket, libc::POLLIN);
        let epoll = poll::watch(socket, libc::EPOLLIN);
        let answers = each_place(&[0; 12]).map(|place| {
            // SAFETY: the kernel checks the pointer.
            say(unsafe { libc::epoll_wait(epoll, place.cast_mut().cast(), 1, 0) })
        });
        answers.join(" ")
    }),
    ("memory: epoll_wait, room for one of two", BOTH, |scene| {
        let both = [0; 2].map(|_| scene.connected());
        // SAFETY: takes a number.
        let epoll = must(unsafe { libc::epoll_create1(0) });
        for (socket, _) in &both {
            let mut event = libc::epoll_event { events: 4, u64: 7 };
            // SAFETY: a valid event.
            let added =
                unsafe { libc::epoll_ctl(epoll, libc::EPOLL_CTL_ADD, *socket, &raw mut event) };
            must(added);
        }
        let place = Memory::with(&[0; 12]).last(12);
        // SAFETY: the kernel checks the pointer.
        say(unsafe { libc::epoll_wait(epoll, place.cast_mut().cast(), 2, 0) })
    }),
];

/// A page with another one after it that is not there.
struct Memory(*mut u8);

impl Memory {
    /// Its last bytes are these.
    fn with(bytes: &[u8]) -> Self {
        let memory = Self::two_pages();
        memory.fill(PAGE - bytes.len(), bytes);
        // SAFETY: the second page of this mapping.
        unsafe { libc::munmap(memory.0.add(PAGE).cast(), PAGE) };
        memory
    }

    /// These bytes are half on the first page and half on the second.
    fn across(bytes: &[u8]) -> Self {
        let memory = Self::two_pages();
        memory.fill(PAGE - bytes.len() / 2, bytes);
        memory
    }

    fn two_pages() -> Self {
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
        let (none, access) = (std::ptr::null_mut(), PROT_READ | PROT_WRITE);
        // SAFETY: a new mapping.
        let pages = unsafe { libc::mmap(none, 2 * PAGE, access, flags, -1, 0) };
        assert_ne!(pages, libc::MAP_FAILED);
        Self(pages.cast())
    }

    fn fill(&self, place: usize, bytes: &[u8]) {
        // SAFETY: within the two pages, which nobody else has.
        unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), self.0.add(place), bytes.len()) };
    }

    fn protect(&self, access: c_int) {
        // SAFETY: the first page of this mapping.
        must(unsafe { libc::mprotect(self.0.cast(), PAGE, access) });
    }

    /// Where the last so many bytes of the first page are.
    fn last(&self, length: usize) -> *const c_void {
        self.0.wrapping_add(PAGE - length).cast()
    }
}

/// The same bytes read-only, across two pages, without access, unmapped, ending
/// too early.
fn each_place(bytes: &[u8]) -> [*const c_void; 5] {
    let length = bytes.len();
    let [read_only, no_access, ends] = [0; 3].map(|_| Memory::with(bytes));
    read_only.protect(PROT_READ);
    no_access.protect(PROT_NONE);
    [
        read_only.last(length),
        Memory::across(bytes).last(length / 2),
        no_access.last(length),
        ends.last(0),
        ends.last(length / 2),
    ]
}

/// A file of ten bytes of the pattern.
fn file() -> Fd {
    // SAFETY: a constant name, then ten valid bytes.
    unsafe {
        let file = must(libc::memfd_create(c"case".as_ptr(), 0));
        let bytes = crate::peer::pattern_from(0, 10);
        assert_eq!(libc::write(file, bytes.as_ptr().cast(), 10), 10);
        must(libc::lseek(file, 0, libc::SEEK_SET).try_into().unwrap());
        file
    }
}
