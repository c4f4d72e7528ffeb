// SPDX-License-Identifier: MIT OR Apache-2.0
//! The interposed calls: C arguments in, the real function and the room that
//! decides out. The list of hooks is the list of exported symbols.
//!
//! redhook catches a panic in a body and then makes the real call; nothing on
//! a hook's path is known to panic, so no call is made twice.

mod accepting;
#[cfg(has_naked_functions)]
mod any_number;
mod closing;
mod duplicating;
mod ending;
mod epoll;
mod look;
mod next;
mod recvmsg;
mod send;
mod splice;
mod straight;

use crate::{hints, smc};
use libc::{
    c_char, c_int, c_void, sockaddr, socklen_t, IPPROTO_TCP, SOL_SOCKET, SO_DOMAIN, SO_ERROR,
    SO_PROTOCOL, TCP_INFO,
};
use next::next;
use redhook::hook;

hook! {
    unsafe fn socket(domain: c_int, kind: c_int, protocol: c_int) -> c_int => shim_socket {
        // SAFETY: the program's own arguments.
        unsafe { smc::create::socket(domain, kind, protocol) }
    }
}

// Not a call of glibc's: some programs bring one of their own.
hook! {
    unsafe fn socket64(domain: c_int, kind: c_int, protocol: c_int) -> c_int => shim_socket64 {
        // SAFETY: the program's own arguments.
        unsafe { smc::create::socket(domain, kind, protocol) }
    }
}

// Not redhook's, through which a thread could not be unwound (see `smc::connect`).
#[no_mangle]
unsafe extern "C-unwind" fn connect(
    fd: c_int,
    address: *const sockaddr,
    length: socklen_t,
) -> c_int {
    let real = next!(connect: smc::connect::ConnectCall);
    // SAFETY: the program's own arguments.
    unsafe { smc::connect::connect(real, fd, address, length) }
}

hook! {
    unsafe fn bind(fd: c_int, address: *const sockaddr, length: socklen_t) -> c_int => shim_bind {
        smc::bind::before(fd);
        let real = next!(bind);
        // SAFETY: the program's own arguments.
        let answer = unsafe { real(fd, address, length) };
        if answer == 0 {
            smc::bind::after(fd, address, length);
        }
        answer
    }
}

hook! {
    unsafe fn listen(fd: c_int, backlog: c_int) -> c_int => shim_listen {
        let real = next!(listen);
        // SAFETY: the program's own arguments.
        unsafe { smc::listen::listen(real, fd, backlog) }
    }
}

hook! {
    unsafe fn setsockopt(
        fd: c_int, level: c_int, name: c_int, value: *const c_void, length: socklen_t
    ) -> c_int => shim_setsockopt {
        let real = next!(setsockopt);
        // SAFETY: the program's own arguments.
        unsafe { smc::options::set(real, fd, level, name, value, length) }
    }
}

hook! {
    unsafe fn getsockopt(
        fd: c_int, level: c_int, name: c_int, value: *mut c_void, length: *mut socklen_t
    ) -> c_int => shim_getsockopt {
        let real = next!(getsockopt);
        // SAFETY: the program's own arguments.
        let answer = unsafe { real(fd, level, name, value, length) };
        if answer == 0
            && level == SOL_SOCKET
            && (name == SO_DOMAIN
                || name == SO_PROTOCOL
                || name == SO_ERROR && hints::of(fd).is_connecting())
        {
            // SAFETY: the kernel has just filled them.
            unsafe { smc::answers::hide_smc(fd, name, value, length) };
        } else if level == IPPROTO_TCP && name == TCP_INFO && answer == 0 {
            // SAFETY: the kernel has just filled them.
            unsafe { smc::answers::tcp_info(fd, value, length) };
        }
        answer
    }
}

/// `socket(2)` as the program would have reached it.
pub fn real_socket() -> smc::create::SocketCall {
    next!(socket)
}

/// The loader calls this after relocating the library, before `main`, and
/// says what the environment is.
#[used]
#[link_section = ".init_array"]
static AT_LOAD: extern "C" fn(c_int, *const *const c_char, *const *const c_char) = {
    extern "C" fn at_load(
        count: c_int,
        arguments: *const *const c_char,
        environment: *const *const c_char,
    ) {
        crate::panics::keep_quiet();
        // SAFETY: glibc's loader passes what it passes to main.
        let environment = unsafe { smc::os::Environment::new(count, arguments, environment) };
        crate::panics::caught(|| crate::process::load(Some(environment)));
        // What reports a race (ThreadSanitizer) calls these where it must not free; the
        // loader frees when it looks for their real functions, so that is done now.
        // SAFETY: there is no such descriptor.
        unsafe {
            libc::fcntl(-1, libc::F_GETFD);
            libc::close(-1);
        }
    }
    at_load
};
