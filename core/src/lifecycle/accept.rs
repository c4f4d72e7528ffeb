// SPDX-License-Identifier: MIT OR Apache-2.0
//! `accept`: a connection that came in, and the end of a listener.
//!
//! TCP's children have all options of their listener. An SMC listener's have most of those
//! that it had when `listen` was called: the others are copied.

use crate::convert::copy_options::SocketOptions;
use crate::sys::{self, Errno};
use crate::{fd_table, identity, process, vfork};
use std::ffi::c_int;

/// Before an accept of `listener`, which is not known to listen as TCP. Whether the
/// connection has to be passed to [`after`].
pub fn before(listener: c_int) -> bool {
    let descriptor = fd_table::get(listener);
    if descriptor.is_created() || descriptor.is_shut_listener() {
        return true;
    }
    let is_smc = process::is_active() && identity::is_smc(listener);
    if vfork::owns_memory() && identity::is_listening(listener) {
        fd_table::listening(listener, is_smc);
    }
    is_smc
}

/// `listener` has accepted `fd`: what the program gets.
///
/// # Errors
/// EINVAL when the connection was made to end the accept ([`super::listener`]).
pub fn after(listener: c_int, fd: c_int) -> Result<(), Errno> {
    let descriptor = fd_table::get(listener);
    // The number may be another listener's by now.
    if descriptor.is_shut_listener() && !identity::is_listening(listener) {
        sys::close(fd);
        return Err(Errno(libc::EINVAL));
    }
    fd_table::accepted(fd);
    if descriptor.has_options_for_children() && identity::is_smc(listener) {
        let options = SocketOptions::read(listener, descriptor).of_children();
        let _ = options.write(fd);
    }
    Ok(())
}

/// `fd` came from another process (`SCM_RIGHTS`): if it is an SMC connection, it is drained
/// when it is closed. Of other sockets nothing is known.
pub fn received(fd: c_int) {
    if !vfork::owns_memory() {
        return;
    }
    fd_table::forget(fd);
    if process::is_active() && identity::is_smc(fd) && sys::peer_address(fd).is_ok() {
        fd_table::connected(fd);
    }
}
