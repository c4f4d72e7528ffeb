// SPDX-License-Identifier: MIT OR Apache-2.0
//! The preload engine: C arguments in, the lifecycle or the real function out. The list of
//! hooks is the list of exported symbols.
//!
//! redhook catches a panic in a body and then makes the real call; nothing on a hook's path
//! is known to panic, so no call is made twice. Calls in which a thread can be cancelled
//! while it waits (pthread_cancel(3)) are no hooks of redhook's, which would not let it
//! unwind: these are plain functions, and panics are caught around everything but the call.

mod accept;
mod close;
mod dup;
mod epoll;
#[cfg(has_naked_functions)]
mod exec_variadic;
mod exit_exec;
mod real;
mod recvmsg;
mod send;
mod splice;
mod unshare;

use crate::load;
use libc::{c_int, c_void, sockaddr, socklen_t};
use real::real;
use redhook::hook;
use smc_core::engine::Engine;
use smc_core::lifecycle;
use smc_core::panics::caught;
use smc_core::report;
use smc_core::sys::{self, Errno};
use std::sync::atomic::AtomicPtr;

/// The engine of a program that the library is loaded into.
#[derive(Clone, Copy)]
struct Preload;

impl Engine for Preload {
    #[inline]
    fn socket(self, domain: c_int, kind: c_int, protocol: c_int) -> c_int {
        let real = real!("C" fn socket(domain: c_int, kind: c_int, protocol: c_int) -> c_int);
        // SAFETY: socket(2) takes any integers.
        unsafe { real(domain, kind, protocol) }
    }

    #[inline]
    fn connect(self, fd: c_int, address: *const sockaddr, length: socklen_t) -> c_int {
        let real = real!("C-unwind" fn connect(fd: c_int, address: *const sockaddr, length: socklen_t) -> c_int);
        // SAFETY: the program's own arguments, which the kernel checks.
        unsafe { real(fd, address, length) }
    }

    #[inline]
    fn listen(self, fd: c_int, backlog: c_int) -> c_int {
        let real = real!("C" fn listen(fd: c_int, backlog: c_int) -> c_int);
        // SAFETY: listen(2) takes any integers.
        unsafe { real(fd, backlog) }
    }

    #[inline]
    fn setsockopt(
        self,
        fd: c_int,
        level: c_int,
        name: c_int,
        value: *const c_void,
        length: socklen_t,
    ) -> c_int {
        let real = real!("C" fn setsockopt(
            fd: c_int, level: c_int, name: c_int, value: *const c_void, length: socklen_t
        ) -> c_int);
        // SAFETY: the program's own arguments, or readable for the length.
        unsafe { real(fd, level, name, value, length) }
    }

    fn put_file(self, fresh: c_int, fd: c_int) -> Result<(), Errno> {
        let closes_on_exec = sys::fcntl(fd, libc::F_GETFD, 0)? & libc::FD_CLOEXEC != 0;
        sys::dup3(fresh, fd, if closes_on_exec { libc::O_CLOEXEC } else { 0 })
    }
}

/// The program's `socket()`.
#[inline(always)]
#[allow(
    clippy::inline_always,
    reason = "else its arguments are saved for redhook's call"
)]
fn create_socket(domain: c_int, kind: c_int, protocol: c_int) -> c_int {
    load::ensure();
    let fd = lifecycle::create::socket(Preload, domain, kind, protocol);
    if report::is_on() {
        report_created(fd, domain);
    }
    fd
}

#[cold]
extern "C" fn report_created(fd: c_int, domain: c_int) {
    if fd >= 0 && (domain == libc::AF_INET || domain == libc::AF_INET6) {
        caught(|| report::connections::created(fd));
    }
}

hook! {
    unsafe fn socket(domain: c_int, kind: c_int, protocol: c_int) -> c_int => shim_socket {
        create_socket(domain, kind, protocol)
    }
}

// Not a call of glibc's: some programs bring one of their own. For others it does not exist.
hook! {
    unsafe fn socket64(domain: c_int, kind: c_int, protocol: c_int) -> c_int => shim_socket64 {
        static REAL: AtomicPtr<c_void> = AtomicPtr::new(std::ptr::null_mut());
        if real::is_missing(real::find(&REAL, c"socket64")) {
            return sys::c_result(Err(Errno(libc::ENOSYS)));
        }
        create_socket(domain, kind, protocol)
    }
}

#[no_mangle]
unsafe extern "C-unwind" fn connect(
    fd: c_int,
    address: *const sockaddr,
    length: socklen_t,
) -> c_int {
    let call = lifecycle::connect::Call::new(Preload, fd, address, length);
    if !report::is_on() {
        return lifecycle::connect::connect(call);
    }
    let before = caught(|| report::connections::before_connect(fd)).flatten();
    let answer = lifecycle::connect::connect(call);
    if let Some(before) = before {
        let after = Errno::current();
        caught(|| {
            let error = if answer == 0 { 0 } else { after.0 };
            let peer = report::address_of(address, length);
            report::connections::after_connect(fd, before, error, peer);
        });
        after.set();
    }
    answer
}

hook! {
    unsafe fn bind(fd: c_int, address: *const sockaddr, length: socklen_t) -> c_int => shim_bind {
        lifecycle::bind::before(fd);
        let real = real!("C" fn bind(fd: c_int, address: *const sockaddr, length: socklen_t) -> c_int);
        // SAFETY: the program's own arguments.
        let answer = unsafe { real(fd, address, length) };
        if answer == 0 {
            lifecycle::bind::after(fd, address, length);
        }
        answer
    }
}

hook! {
    unsafe fn listen(fd: c_int, backlog: c_int) -> c_int => shim_listen {
        lifecycle::listen::listen(Preload, fd, backlog)
    }
}

hook! {
    unsafe fn setsockopt(
        fd: c_int, level: c_int, name: c_int, value: *const c_void, length: socklen_t
    ) -> c_int => shim_setsockopt {
        let call = lifecycle::setsockopt::Call::new(Preload, fd, level, name, value, length);
        lifecycle::setsockopt::setsockopt(call)
    }
}

hook! {
    unsafe fn getsockopt(
        fd: c_int, level: c_int, name: c_int, value: *mut c_void, length: *mut socklen_t
    ) -> c_int => shim_getsockopt {
        let real = real!("C" fn getsockopt(
            fd: c_int, level: c_int, name: c_int, value: *mut c_void, length: *mut socklen_t
        ) -> c_int);
        // SAFETY: the program's own arguments.
        let answer = unsafe { real(fd, level, name, value, length) };
        if answer == 0 && !value.is_null() && lifecycle::getsockopt::may_differ(fd, level, name) {
            // SAFETY: the kernel has just written the length, and so many bytes of the value.
            let value = unsafe { std::slice::from_raw_parts_mut(value.cast(), *length as usize) };
            lifecycle::getsockopt::correct(fd, name, value);
        }
        if answer == 0 && !value.is_null() && level == libc::SOL_SOCKET && name == libc::SO_ERROR && report::is_watched(fd) {
            // SAFETY: as above.
            let value = unsafe { std::slice::from_raw_parts(value.cast::<u8>(), *length as usize) };
            if let Ok(error) = value.try_into().map(c_int::from_ne_bytes) {
                caught(|| report::connections::after_so_error(fd, error));
            }
        }
        answer
    }
}
