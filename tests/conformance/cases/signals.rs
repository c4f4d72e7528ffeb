// SPDX-License-Identifier: MIT OR Apache-2.0
//! Signals about sockets: SIGIO and SIGURG, and calls that a signal interrupts.

use super::{Entry, BOTH};
use crate::call::{self, must, say, Fd};
use libc::{SIGIO, SIGURG};
use std::ffi::c_int;
use std::sync::atomic::{AtomicI32, Ordering::Relaxed};

pub const CASES: &[Entry] = &[
    ("SIGIO: O_ASYNC set on a connection", BOTH, |scene| {
        let (socket, mut peer) = scene.connected();
        hold(SIGIO);
        asynchronous(socket);
        peer.start("send 1");
        await_signal(SIGIO)
    }),
    ("SIGIO: O_ASYNC set before connect", BOTH, |scene| {
        let socket = scene.socket();
        hold(SIGIO);
        asynchronous(socket);
        let mut peer = scene.connect(socket);
        while is_pending(SIGIO) {
            await_signal(SIGIO);
        }
        peer.start("send 1");
        await_signal(SIGIO)
    }),
    ("SIGIO: O_ASYNC set on a listener", BOTH, |scene| {
        let listener = scene.listener();
        hold(SIGIO);
        asynchronous(listener);
        let _peer = scene.caller(listener);
        await_signal(SIGIO)
    }),
    ("SIGIO: O_ASYNC set before listen", BOTH, |scene| {
        let listener = scene.socket();
        must(call::bind(listener, &scene.any(0)));
        hold(SIGIO);
        asynchronous(listener);
        must(call::listen(listener, 8));
        let _peer = scene.caller(listener);
        await_signal(SIGIO)
    }),
    ("SIGIO: O_ASYNC set on an accepted socket", BOTH, |scene| {
        let (socket, mut peer) = scene.accepted();
        hold(SIGIO);
        asynchronous(socket);
        peer.start("send 1");
        await_signal(SIGIO)
    }),
    ("SIGURG", BOTH, |scene| {
        let (socket, mut peer) = scene.connected();
        hold(SIGURG);
        // SAFETY: takes nothing.
        must(call::fcntl(socket, libc::F_SETOWN, unsafe {
            libc::getpid()
        }));
        peer.start("urgent");
        await_signal(SIGURG)
    }),
    ("receive interrupted by a signal", BOTH, |scene| {
        let (socket, _peer) = scene.connected();
        alarm_soon();
        say(call::receive(socket, &mut [0], 0))
    }),
    ("accept interrupted by a signal", BOTH, |scene| {
        let listener = scene.listener();
        alarm_soon();
        say(call::accept(listener, 0))
    }),
    ("send interrupted by a signal", BOTH, |scene| {
        let (socket, _peer) = scene.connected();
        super::poll::fill(socket);
        alarm_soon();
        let rest = (0..1000).find(|_| call::send(socket, &[0; 16384], 0) == -1);
        rest.map_or("never".to_owned(), |_| say(-1))
    }),
];

/// Has SIGIO sent to this process.
pub fn asynchronous(socket: Fd) {
    // SAFETY: takes nothing.
    must(call::fcntl(socket, libc::F_SETOWN, unsafe {
        libc::getpid()
    }));
    let flags = call::fcntl(socket, libc::F_GETFL, 0);
    must(call::fcntl(socket, libc::F_SETFL, flags | libc::O_ASYNC));
}

fn set_of(signal: c_int) -> libc::sigset_t {
    // SAFETY: a set on the stack.
    unsafe {
        let mut set: libc::sigset_t = std::mem::zeroed();
        libc::sigemptyset(&raw mut set);
        libc::sigaddset(&raw mut set, signal);
        set
    }
}

/// Keeps a signal pending instead of delivering it.
pub fn hold(signal: c_int) {
    let set = set_of(signal);
    // SAFETY: a valid set.
    unsafe { libc::sigprocmask(libc::SIG_BLOCK, &raw const set, std::ptr::null_mut()) };
}

fn is_pending(signal: c_int) -> bool {
    // SAFETY: a set on the stack.
    unsafe {
        let mut set: libc::sigset_t = std::mem::zeroed();
        libc::sigpending(&raw mut set);
        libc::sigismember(&raw const set, signal) == 1
    }
}

/// Waits until the signal comes; the limit of the case ends it else.
fn await_signal(signal: c_int) -> String {
    let set = set_of(signal);
    let mut number = 0;
    // SAFETY: a valid set, room for a number.
    unsafe { libc::sigwait(&raw const set, &raw mut number) };
    format!("signal {number}")
}

/// Whether the signal comes within `milliseconds` (-1: for ever).
pub fn next(signal: c_int, milliseconds: c_int) -> bool {
    let set = set_of(signal);
    let limit = libc::timespec {
        tv_sec: libc::time_t::from(milliseconds / 1000),
        tv_nsec: libc::c_long::from(milliseconds % 1000) * 1_000_000,
    };
    let none = std::ptr::null_mut();
    // SAFETY: a valid set; nothing is written; a valid limit, or none.
    let number = unsafe {
        match milliseconds {
            -1 => libc::sigwaitinfo(&raw const set, none),
            _ => libc::sigtimedwait(&raw const set, none, &raw const limit),
        }
    };
    number == signal
}

/// SIGALRM every 100 ms, with a handler and without SA_RESTART.
pub fn alarm_soon() {
    super::pending::interrupt(0);
}

/// Has SIGALRM sent after 100 ms, and runs `then` in another thread when it has been
/// handled.
pub fn when_handled(flags: c_int, then: impl FnOnce() + Send + 'static) {
    static HANDLED: AtomicI32 = AtomicI32::new(-1);
    extern "C" fn handler(_: c_int) {
        // SAFETY: one valid byte.
        unsafe { libc::write(HANDLED.load(Relaxed), [0_u8].as_ptr().cast(), 1) };
    }
    let mut ends = [0; 2];
    // SAFETY: room for two descriptors; a handler that only writes; valid structures.
    unsafe {
        must(libc::pipe(ends.as_mut_ptr()));
        HANDLED.store(ends[1], Relaxed);
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = handler as *const () as usize;
        action.sa_flags = flags;
        let none = std::ptr::null_mut();
        must(libc::sigaction(libc::SIGALRM, &raw const action, none));
    }
    std::thread::spawn(move || {
        // The thread of the case is the one to be interrupted.
        hold(libc::SIGALRM);
        // SAFETY: room for a byte.
        unsafe { libc::read(ends[0], [0_u8].as_mut_ptr().cast(), 1) };
        then();
    });
    super::pending::tick(false);
}
