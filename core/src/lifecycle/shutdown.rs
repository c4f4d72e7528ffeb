// SPDX-License-Identifier: MIT OR Apache-2.0
//! `shutdown`: of a listener, and of a connection with unsent data.

use super::listener;
use crate::engine::Engine;
use crate::sys::Errno;
use crate::{drain, fd_table};
use std::ffi::c_int;

/// Before `shutdown(fd, how)` of a descriptor of which something is known: its result, if
/// the real call is not to be made.
#[cold]
pub fn before(engine: impl Engine, fd: c_int, how: c_int) -> Option<Result<(), Errno>> {
    let descriptor = fd_table::get(fd);
    fd_table::connect_reported(fd);
    if descriptor.is_smc_listener() {
        if let Some(result) = listener::shutdown(engine, fd, how) {
            return Some(result);
        }
    }
    (descriptor.maybe_connected() && drain::before_shutdown(fd, how)).then_some(Ok(()))
}

/// After the real call has succeeded.
pub fn after(fd: c_int, how: c_int) {
    if how == libc::SHUT_RD && fd_table::get(fd).maybe_connected() {
        drain::after_shutdown_of_reading(fd);
    }
}
