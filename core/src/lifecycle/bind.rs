// SPDX-License-Identifier: MIT OR Apache-2.0
//! `bind`: which part of the address is the program's choice, and options that TCP heeds
//! there and SMC does not.
//!
//! SMC hands a device (`SO_BINDTODEVICE`) to its inner TCP socket with `connect` and
//! `listen` (`net/smc/af_smc.c`, `smc_copy_sock_settings_to_clc`): until then `bind` finds a
//! port taken that is free on this device, and no address of its VRF.

use super::required_address;
use crate::convert::demote;
use crate::sys::{self, address, SO_BINDTOIFINDEX};
use crate::{fd_table, identity, process};
use libc::{SOL_SOCKET, SO_BINDTODEVICE};
use std::ffi::c_int;

/// Before the program's `bind` of `fd`: a socket that is bound to a device becomes TCP.
#[inline]
pub fn before(fd: c_int) {
    let descriptor = fd_table::get(fd);
    let may_have_device =
        descriptor.may_have_set(SO_BINDTODEVICE) || descriptor.may_have_set(SO_BINDTOIFINDEX);
    if may_have_device && process::is_active() && identity::is_smc(fd) && has_device(fd) {
        demote::to_tcp(fd);
    }
}

fn has_device(fd: c_int) -> bool {
    let mut name = [0; libc::IFNAMSIZ];
    sys::get_option(fd, SOL_SOCKET, SO_BINDTODEVICE, &mut name).is_ok_and(|length| length > 0)
}

/// After the program has bound `fd` to this address.
pub fn after(fd: c_int, address: *const libc::sockaddr, length: libc::socklen_t) {
    required_address::forget(fd);
    if !fd_table::get(fd).is_created() {
        return;
    }
    let copied = address::copy(address, length);
    if let Some(address) = copied.and_then(|(copied, length)| address::internet(&copied, length)) {
        fd_table::bound(fd, address.port() != 0, !address.ip().is_unspecified());
    }
}
