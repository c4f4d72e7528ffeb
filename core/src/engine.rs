// SPDX-License-Identifier: MIT OR Apache-2.0
//! What an engine gives to the lifecycle.
//!
//! The preload engine (the shim) runs in the program: a descriptor is the program's own
//! number. Another engine may run beside it with duplicates of the program's descriptors:
//! then a descriptor is the duplicate, which it keeps as long as the program's.

use crate::sys::Errno;
use libc::{sockaddr, socklen_t};
use std::ffi::{c_int, c_void};

/// The real calls, as the program would have made them. Each returns what C returns: -1
/// and errno for a failure.
pub trait Engine: Copy {
    /// socket(2).
    fn socket(self, domain: c_int, kind: c_int, protocol: c_int) -> c_int;

    /// connect(2), of which the kernel checks the pointer. A thread that waits in it can be
    /// cancelled (pthread_cancel(3)), so it may unwind.
    fn connect(self, fd: c_int, address: *const sockaddr, length: socklen_t) -> c_int;

    /// listen(2).
    fn listen(self, fd: c_int, backlog: c_int) -> c_int;

    /// setsockopt(2), of which the kernel checks the pointer.
    fn setsockopt(
        self,
        fd: c_int,
        level: c_int,
        name: c_int,
        value: *const c_void,
        length: socklen_t,
    ) -> c_int;

    /// Puts the file `fresh` behind the program's number `fd`, in one step: no other thread
    /// finds the number free. `fresh` stays open. Close-on-exec of `fd` stays as it was.
    ///
    /// # Errors
    /// Those of dup3(2); `fd` is then as it was.
    fn put_file(self, fresh: c_int, fd: c_int) -> Result<(), Errno>;
}
