// SPDX-License-Identifier: MIT OR Apache-2.0
//! System calls as safe functions, and the kernel's constants for SMC.
//!
//! Every function leaves `errno` as it found it and returns failures by value. The calls
//! are raw: they reach the kernel, not another interposed library.

use call::Word;
use std::ffi::{c_int, c_long};

/// A system call: its result, or the errno.
macro_rules! kernel {
    ($number:expr $(, $argument:expr)* $(,)?) => {{
        let result = call::system_call!($number $(, $argument)*);
        if result < 0 {
            Err(Errno(number(-result)))
        } else {
            Ok(result)
        }
    }};
}

pub mod address;
pub mod arena;
pub mod call;
mod cancellable;
mod environment;
mod files;
mod proc;
mod processes;
pub mod smc_diag;
mod sockets;
mod threads;
mod time;

pub use cancellable::*;
pub use environment::{executable, invoked_as, Environment};
pub use files::*;
pub use proc::*;
pub use processes::*;
pub use sockets::*;
pub use threads::*;
pub use time::*;

/// Address family of SMC sockets (`include/linux/socket.h`).
pub const AF_SMC: c_int = 43;
/// `socket(AF_SMC, SOCK_STREAM, …)` with an IPv4 TCP socket inside (`net/smc/smc.h`).
pub const SMCPROTO_SMC: c_int = 0;
/// The same with an IPv6 TCP socket inside.
pub const SMCPROTO_SMC6: c_int = 1;
/// `socket(AF_INET, SOCK_STREAM, 256)`, Linux 6.11 on (`include/uapi/linux/in.h`).
pub const IPPROTO_SMC: c_int = 256;
/// Level of SMC's own socket options (`include/linux/socket.h`).
pub const SOL_SMC: c_int = 286;
/// Socket option, Linux 5.1 on (`include/uapi/asm-generic/socket.h`).
pub const SO_BINDTOIFINDEX: c_int = 62;

/// An `errno` value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(transparent)]
pub struct Errno(pub c_int);

impl Errno {
    /// The calling thread's current value.
    pub fn current() -> Self {
        // SAFETY: glibc returns a valid pointer to the thread's errno.
        Self(unsafe { *libc::__errno_location() })
    }

    /// Makes this the calling thread's value.
    pub fn set(self) {
        // SAFETY: as in `current`.
        unsafe { *libc::__errno_location() = self.0 }
    }
}

/// A result as C functions return it: 0, or -1 and `errno`.
pub fn c_result(result: Result<(), Errno>) -> c_int {
    match result {
        Ok(()) => 0,
        Err(error) => {
            error.set();
            -1
        }
    }
}

/// Descriptors, lengths and flags that the kernel returns fit an `int`.
#[allow(clippy::cast_possible_truncation)]
fn number(result: c_long) -> c_int {
    result as c_int
}
