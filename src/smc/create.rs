// SPDX-License-Identifier: MIT OR Apache-2.0
//! Making SMC sockets where the program asks for TCP ones.
//!
//! Whatever goes wrong, the program gets the socket it asked for; only
//! `SMC_REQUIRE=1` turns a failure into an error. A kernel that has said that
//! it cannot make SMC sockets is not asked again by this process: each such
//! question would make the kernel start modprobe.

use super::os::{self, Errno};
use super::{identity, AF_SMC, IPPROTO_SMC, SMCPROTO_SMC, SMCPROTO_SMC6};
use crate::process::{self, Process};
use crate::{hints, hooks, journal, panics};
use libc::{AF_INET, AF_INET6, EAFNOSUPPORT, EINVAL, EPROTONOSUPPORT, SOL_SOCKET};
use smc_policy::Creation;
use std::ffi::c_int;
use std::mem::MaybeUninit;
use std::sync::atomic::{
    AtomicPtr, AtomicU8,
    Ordering::{Acquire, Relaxed, Release},
};

/// `socket(2)` as the program would have reached it.
pub type SocketCall = unsafe extern "C" fn(c_int, c_int, c_int) -> c_int;

/// What the program's `socket()` does, decided at its first call: a jump and
/// no more for a program that does not take part.
static HANDLER: Call = Call::new(first);
/// `socket(2)` itself; set before any handler but `first`.
static REAL: Call = Call::new(first);

/// A `socket(2)` that can be exchanged.
struct Call(AtomicPtr<()>);

impl Call {
    const fn new(call: SocketCall) -> Self {
        Self(AtomicPtr::new(call as *mut ()))
    }

    #[inline]
    fn get(&self) -> SocketCall {
        // SAFETY: only `new` and `set` write here, and they write such calls.
        unsafe { std::mem::transmute::<*mut (), SocketCall>(self.0.load(Acquire)) }
    }

    fn set(&self, call: SocketCall) {
        self.0.store(call as *mut (), Release);
    }
}

/// How this kernel makes SMC sockets, as far as is known: IPPROTO_SMC.
const BY_PROTOCOL: u8 = 0;
/// It has no IPPROTO_SMC: AF_SMC.
const BY_FAMILY: u8 = 1;
/// It has neither.
const IMPOSSIBLE: u8 = 2;
/// For IPv4 and for IPv6: a kernel can have one and not the other.
static WAYS: [AtomicU8; 2] = [AtomicU8::new(BY_PROTOCOL), AtomicU8::new(BY_PROTOCOL)];

#[inline]
fn is_internet(domain: c_int) -> bool {
    // 2 and 10.
    domain.wrapping_sub(AF_INET) & !(AF_INET6 - AF_INET) == 0
}

/// Whether `socket(AF_INET or AF_INET6, kind, protocol)` is TCP.
#[inline]
fn is_tcp(kind: c_int, protocol: c_int) -> bool {
    let flags = libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC;
    kind.wrapping_sub(libc::SOCK_STREAM) & !flags == 0 && is_tcp_or_any(protocol)
}

/// 0 or IPPROTO_TCP (6), without a second jump: multiplying by the inverse of
/// three is one to one and makes them 0 and 2.
#[inline]
fn is_tcp_or_any(protocol: c_int) -> bool {
    const INVERSE_OF_THREE: c_int = -0x5555_5555;
    const _: () = assert!(libc::IPPROTO_TCP.wrapping_mul(INVERSE_OF_THREE) == 2);
    protocol.wrapping_mul(INVERSE_OF_THREE) & !2 == 0
}

/// The program's `socket()`: an SMC socket if it asked for TCP in a process
/// that takes part, else what it asked for.
///
/// # Safety
/// None: `socket` takes any integers. Unsafe as every call of C is.
#[inline]
pub unsafe fn socket(domain: c_int, kind: c_int, protocol: c_int) -> c_int {
    // SAFETY: `socket` takes any integers.
    unsafe { HANDLER.get()(domain, kind, protocol) }
}

/// Until the handler is known. Not at load, since most programs never get here.
#[cold]
unsafe extern "C" fn first(domain: c_int, kind: c_int, protocol: c_int) -> c_int {
    REAL.set(hooks::real_socket());
    if let Some(handler) = panics::caught(choose_handler).flatten() {
        HANDLER.set(handler);
        // SAFETY: `socket` takes any integers.
        return unsafe { handler(domain, kind, protocol) };
    }
    // SAFETY: as above.
    unsafe { REAL.get()(domain, kind, protocol) }
}

/// `None`: another thread is just finding out what this process is to do.
fn choose_handler() -> Option<SocketCall> {
    // Asked first: the other thread may be done a moment later.
    let was_loading = process::is_loading();
    let handler: SocketCall = match process::get() {
        None if was_loading => return None,
        // `straight` when the kernel has made one: a call that fails on the way
        // to one that succeeds would cost the program its errno.
        Some(process) if process.takes_part => careful,
        Some(_) => aside,
        None => REAL.get(),
    };
    Some(handler)
}

/// Asks for IPPROTO_SMC, with nothing else to see to.
///
/// Each instruction counts here (`scripts/bench`): what the program asked for
/// is put aside in memory, which costs half of what keeping it in registers
/// across the call would.
unsafe extern "C" fn straight(domain: c_int, kind: c_int, protocol: c_int) -> c_int {
    if !is_internet(domain) || !is_tcp(kind, protocol) {
        // SAFETY: `socket` takes any integers.
        return unsafe { other(domain, kind, protocol) };
    }
    let mut asked = MaybeUninit::<Asked>::uninit();
    // SAFETY: a local variable.
    unsafe {
        let asked = asked.as_mut_ptr();
        (&raw mut (*asked).domain).write_volatile(domain);
        (&raw mut (*asked).kind).write_volatile(kind);
        (&raw mut (*asked).protocol).write_volatile(protocol);
    }
    // SAFETY: `socket` takes any integers.
    let fd = unsafe { REAL.get()(domain, kind, IPPROTO_SMC) };
    if hints::made(fd) {
        return fd;
    }
    // SAFETY: written above.
    unsafe { not_so_straight(fd, asked.assume_init()) }
}

/// The kernel has made no SMC socket, or one with a number too high to remember.
#[cold]
#[inline(never)]
unsafe fn not_so_straight(fd: c_int, asked: Asked) -> c_int {
    if fd >= 0 {
        return fd;
    }
    // SAFETY: `socket` takes any integers.
    unsafe { careful(asked.domain, asked.kind, asked.protocol) }
}

/// What a program asked for.
#[derive(Clone, Copy)]
struct Asked {
    domain: c_int,
    kind: c_int,
    protocol: c_int,
}

/// The program is not on the process list. All the same it may speak SMC.
unsafe extern "C" fn aside(domain: c_int, kind: c_int, protocol: c_int) -> c_int {
    // SAFETY: `socket` takes any integers.
    unsafe { other(domain, kind, protocol) }
}

/// Not TCP: the program's own call.
#[inline]
unsafe fn other(domain: c_int, kind: c_int, protocol: c_int) -> c_int {
    identity::program_asked_for(domain, protocol);
    // SAFETY: `socket` takes any integers.
    unsafe { REAL.get()(domain, kind, protocol) }
}

/// The long way: AF_SMC, buffer sizes, a journal, a failure.
#[cold]
unsafe extern "C" fn careful(domain: c_int, kind: c_int, protocol: c_int) -> c_int {
    let real = REAL.get();
    if !is_internet(domain) || !is_tcp(kind, protocol) {
        // SAFETY: `socket` takes any integers.
        return unsafe { other(domain, kind, protocol) };
    }
    let before = Errno::current();
    match panics::caught(|| make(real, domain, kind)) {
        Some(Made::Smc(fd)) => {
            before.set();
            fd
        }
        Some(Made::Nothing(error)) => {
            error.set();
            -1
        }
        Some(Made::Tcp) | None => {
            before.set();
            // SAFETY: the program's own call.
            unsafe { real(domain, kind, protocol) }
        }
    }
}

/// What the program gets.
enum Made {
    Smc(c_int),
    /// The real call is to be made.
    Tcp,
    /// `SMC_REQUIRE`.
    Nothing(Errno),
}

fn make(real: SocketCall, domain: c_int, kind: c_int) -> Made {
    let Some(process) = process::get().filter(|process| process.takes_part) else {
        return Made::Tcp;
    };
    match create(real, process, domain, kind) {
        Ok(fd) => {
            hints::made(fd);
            size_buffers(process, fd);
            Made::Smc(fd)
        }
        Err(error) if process.config.require => {
            journal::cannot_create(error.0);
            Made::Nothing(error)
        }
        Err(_) => Made::Tcp,
    }
}

/// An SMC socket for the shim's own use.
///
/// # Errors
/// When this process or this kernel makes none.
pub fn smc_socket(domain: c_int, kind: c_int) -> Result<c_int, Errno> {
    let process = process::get().ok_or(Errno(EAFNOSUPPORT))?;
    create(hooks::real_socket(), process, domain, kind)
}

/// Tries the ways that this kernel may have, and remembers those it lacks.
fn create(real: SocketCall, process: &Process, domain: c_int, kind: c_int) -> Result<c_int, Errno> {
    let [v4, v6] = &WAYS;
    let (way, family_protocol) = if domain == AF_INET {
        (v4, SMCPROTO_SMC)
    } else {
        (v6, SMCPROTO_SMC6)
    };
    // Who requires SMC wants the kernel's answer each time.
    if way.load(Relaxed) == IMPOSSIBLE && !process.config.require {
        return Err(Errno(EAFNOSUPPORT));
    }
    let mut answer = Err(Errno(EPROTONOSUPPORT));
    if process.config.creation != Creation::AfSmc && way.load(Relaxed) == BY_PROTOCOL {
        // SAFETY: `socket` takes any integers.
        answer = outcome(unsafe { real(domain, kind, IPPROTO_SMC) });
        if answer.is_ok() && is_simple(process) {
            HANDLER.set(straight);
        }
    }
    // Kernels before 6.11 say EPROTONOSUPPORT, those before 5.6 EINVAL: 256
    // was out of their range.
    let no_protocol = matches!(answer, Err(Errno(EPROTONOSUPPORT | EINVAL)));
    if no_protocol && process.config.creation != Creation::IpprotoSmc {
        way.store(BY_FAMILY, Relaxed);
        HANDLER.set(careful);
        // SAFETY: as above.
        answer = outcome(unsafe { real(AF_SMC, kind, family_protocol) });
    }
    if matches!(answer, Err(Errno(EAFNOSUPPORT | EPROTONOSUPPORT | EINVAL))) {
        way.store(IMPOSSIBLE, Relaxed);
        // No family AF_SMC, so neither way and for neither family.
        let has_none = process.config.creation != Creation::IpprotoSmc
            && matches!(answer, Err(Errno(EAFNOSUPPORT)));
        if !process.config.require {
            if has_none {
                HANDLER.set(real);
                process::makes_no_smc();
            }
            journal::no_kernel_support();
        }
    }
    answer
}

/// Whether there is nothing to see to beside the call itself.
fn is_simple(process: &Process) -> bool {
    process.config.sndbuf.is_none()
        && process.config.rcvbuf.is_none()
        && process.config.creation != Creation::AfSmc
        && !journal::has_lines()
}

fn outcome(fd: c_int) -> Result<c_int, Errno> {
    if fd >= 0 {
        Ok(fd)
    } else {
        Err(Errno::current())
    }
}

/// `SMC_SNDBUF` and `SMC_RCVBUF`: the ring sizes must be set before connect or
/// listen. The kernel cuts them to `net.core.wmem_max` and `rmem_max`, as TCP's.
fn size_buffers(process: &Process, fd: c_int) {
    for (name, bytes) in [
        (libc::SO_SNDBUF, process.config.sndbuf),
        (libc::SO_RCVBUF, process.config.rcvbuf),
    ] {
        if let Some(Ok(bytes)) = bytes.map(c_int::try_from) {
            let _ = os::set_int_option(fd, SOL_SOCKET, name, bytes);
        }
    }
}
