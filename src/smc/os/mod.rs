// SPDX-License-Identifier: MIT OR Apache-2.0
//! Raw system calls and process facts in safe clothes.
//!
//! Every function here leaves `errno` as it found it and reports failures by
//! value, so that whatever the shim asks the kernel, the program sees only the
//! outcome of its own call.

use super::raw::{self, Word};
use std::ffi::{c_int, c_long};

/// A system call.
macro_rules! kernel {
    ($number:expr $(, $argument:expr)* $(,)?) => {{
        let answer = raw::system_call!($number $(, $argument)*);
        if answer < 0 {
            Err(Errno(number(-answer)))
        } else {
            Ok(answer)
        }
    }};
}

mod environment;
mod files;
mod processes;
mod sockets;
mod waiting;

pub use environment::{executable, invoked_as, Environment};
pub use files::*;
pub use processes::*;
pub use sockets::*;
pub use waiting::*;

/// An `errno` value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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

/// An answer of the kernel as C has it: 0, or -1 and `errno`.
pub fn answer(outcome: Result<(), Errno>) -> c_int {
    match outcome {
        Ok(()) => 0,
        Err(error) => {
            error.set();
            -1
        }
    }
}

/// Descriptors, lengths and flags that the kernel hands out fit an `int`.
#[allow(clippy::cast_possible_truncation)]
fn number(answer: c_long) -> c_int {
    answer as c_int
}
