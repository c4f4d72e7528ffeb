// SPDX-License-Identifier: MIT OR Apache-2.0
//! The interposed calls: C arguments in, the real function and the room that
//! decides out. The list of hooks is the list of exported symbols.
//!
//! redhook catches a panic in a body and then makes the real call; nothing on
//! a hook's path can panic, so no call is ever made twice.

use crate::smc;
use libc::{c_int, c_void, sockaddr, socklen_t, SOL_SOCKET, SO_DOMAIN, SO_PROTOCOL};
use redhook::{hook, real};

hook! {
    unsafe fn socket(domain: c_int, kind: c_int, protocol: c_int) -> c_int => shim_socket {
        // SAFETY: the program's own arguments.
        unsafe { smc::create::socket(real!(socket), domain, kind, protocol) }
    }
}

// Not a call of glibc's: some programs bring one of their own.
hook! {
    unsafe fn socket64(domain: c_int, kind: c_int, protocol: c_int) -> c_int => shim_socket64 {
        // SAFETY: the program's own arguments.
        unsafe { smc::create::socket(real!(socket), domain, kind, protocol) }
    }
}

hook! {
    unsafe fn connect(fd: c_int, address: *const sockaddr, length: socklen_t) -> c_int => shim_connect {
        // SAFETY: the program's own arguments.
        unsafe { smc::connect::connect(real!(connect), fd, address, length) }
    }
}

hook! {
    unsafe fn listen(fd: c_int, backlog: c_int) -> c_int => shim_listen {
        // SAFETY: the program's own arguments.
        unsafe { smc::listen::listen(real!(listen), fd, backlog) }
    }
}

hook! {
    unsafe fn setsockopt(
        fd: c_int, level: c_int, name: c_int, value: *const c_void, length: socklen_t
    ) -> c_int => shim_setsockopt {
        // SAFETY: the program's own arguments.
        unsafe { smc::options::set(real!(setsockopt), fd, level, name, value, length) }
    }
}

hook! {
    unsafe fn getsockopt(
        fd: c_int, level: c_int, name: c_int, value: *mut c_void, length: *mut socklen_t
    ) -> c_int => shim_getsockopt {
        // SAFETY: the program's own arguments.
        let answer = unsafe { real!(getsockopt)(fd, level, name, value, length) };
        if answer == 0 && level == SOL_SOCKET && (name == SO_DOMAIN || name == SO_PROTOCOL) {
            // SAFETY: the kernel has just filled them.
            unsafe { smc::options::hide_smc(fd, name, value, length) };
        }
        answer
    }
}

/// Finds the real functions, so that no hook has to: dlsym(3) is not for
/// signal handlers.
pub fn find_real_functions() {
    let _ = (
        real!(socket),
        real!(connect),
        real!(listen),
        real!(setsockopt),
        real!(getsockopt),
    );
}

/// The loader calls this after relocating the library, before `main`.
#[used]
#[link_section = ".init_array"]
static AT_LOAD: extern "C" fn() = {
    extern "C" fn at_load() {
        find_real_functions();
        crate::process::get();
    }
    at_load
};
