// SPDX-License-Identifier: MIT OR Apache-2.0
//! `bind`: which part of the address is the program's choice, and what TCP heeds there
//! that SMC does not.
//!
//! SMC hands a device (`SO_BINDTODEVICE`) to its inner TCP socket with `connect` and
//! `listen` (`net/smc/af_smc.c`, `smc_copy_sock_settings_to_clc`): until then `bind` finds
//! a port taken that is free on this device, and no address of its VRF.

use super::{address, demote, identity, os, rebind};
use crate::{hints, process};
use libc::{SOL_SOCKET, SO_BINDTODEVICE};
use std::ffi::c_int;

/// `include/uapi/asm-generic/socket.h`; Linux 5.1 on.
pub const SO_BINDTOIFINDEX: c_int = 62;

/// Before the program's `bind` of `fd`: a socket that is bound to a device becomes TCP.
pub fn before(fd: c_int) {
    let hint = hints::of(fd);
    let may_have_device = hint.may_have_set(SO_BINDTODEVICE) || hint.may_have_set(SO_BINDTOIFINDEX);
    if may_have_device && process::is_active() && identity::is_smc(fd) && has_device(fd) {
        demote::to_tcp(fd);
    }
}

fn has_device(fd: c_int) -> bool {
    let mut name = [0; libc::IFNAMSIZ];
    os::get_option(fd, SOL_SOCKET, SO_BINDTODEVICE, &mut name).is_ok_and(|length| length > 0)
}

/// The program has bound `fd` to this address.
pub fn after(fd: c_int, to: *const libc::sockaddr, length: libc::socklen_t) {
    rebind::forget(fd);
    if !hints::of(fd).made_here() {
        return;
    }
    let address = address::copy(to, length);
    if let Some(address) = address.and_then(|(copied, length)| address::internet(&copied, length)) {
        hints::bound(fd, address.port() != 0, !address.ip().is_unspecified());
    }
}
