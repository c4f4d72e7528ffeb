// SPDX-License-Identifier: MIT OR Apache-2.0
//! `listen`: the moment when a server's port is known.
//!
//! What is to listen as TCP does so on a fresh TCP socket: `convert::demote` says why.

use super::required_address;
use crate::convert::replace::{self, Kind};
use crate::engine::Engine;
use crate::sys::{self, address};
use crate::{events, fd_table, identity, process};
use libc::{SOL_SOCKET, SO_INCOMING_CPU};
use smc_policy::Verdict;
use std::ffi::c_int;

/// The program's `listen()`.
#[inline]
pub fn listen(engine: impl Engine, fd: c_int, backlog: c_int) -> c_int {
    if let Err(error) = required_address::bind_if_required(fd) {
        return sys::c_result(Err(error));
    }
    if process::judges_listen() {
        judged(engine, fd, backlog)
    } else {
        listen_as_wanted(engine, fd, backlog, true)
    }
}

#[cold]
fn judged(engine: impl Engine, fd: c_int, backlog: c_int) -> c_int {
    let local = sys::local_address(fd).ok();
    let local = local.and_then(|(local, length)| address::internet(&local, length));
    let Some((process, local)) = process::get().zip(local) else {
        return engine.listen(fd, backlog);
    };
    let verdict = process.config.lists.at_listen(local);
    let answer = match verdict {
        Verdict::Tcp(_) if identity::is_smc(fd) => on_fresh(engine, Kind::Tcp, fd, backlog),
        _ => listen_as_wanted(engine, fd, backlog, verdict.is_smc()),
    };
    events::decision("listen", &local, fd, &verdict);
    answer
}

/// `fd` listens as what it is, unless something but the lists is against it.
#[inline]
fn listen_as_wanted(engine: impl Engine, fd: c_int, backlog: c_int, may_be_smc: bool) -> c_int {
    let descriptor = fd_table::get(fd);
    let is_plain = descriptor.is_created() && !descriptor.may_have_set(SO_INCOMING_CPU);
    if is_plain || !process::makes_smc() {
        return listen_as_is(engine, fd, backlog);
    }
    match other_kind(fd, may_be_smc) {
        Some(kind) => on_fresh(engine, kind, fd, backlog),
        None => listen_as_is(engine, fd, backlog),
    }
}

fn listen_as_is(engine: impl Engine, fd: c_int, backlog: c_int) -> c_int {
    let answer = engine.listen(fd, backlog);
    let descriptor = fd_table::get(fd);
    if answer == 0 && (descriptor.is_created() || descriptor.is_shut_listener()) {
        fd_table::listening(fd, descriptor.is_created());
    }
    answer
}

/// What has to listen in the place of `fd`; `None`: `fd` itself.
#[cold]
fn other_kind(fd: c_int, may_be_smc: bool) -> Option<Kind> {
    if identity::is_listening(fd) {
        return None;
    }
    if may_be_smc && fd_table::get(fd).is_shut_listener() {
        // It was SMC as long as it listened.
        return Some(Kind::Smc);
    }
    let chooses_processor = || {
        let processor = sys::get_int_option(fd, SOL_SOCKET, SO_INCOMING_CPU);
        processor.is_ok_and(|number| number >= 0) && identity::is_smc(fd)
    };
    (identity::has_fallen_back(fd) || chooses_processor()).then_some(Kind::Tcp)
}

/// If no fresh socket is to be had, the old one listens: a listed port too many is better
/// than a server that does not start.
fn on_fresh(engine: impl Engine, kind: Kind, fd: c_int, backlog: c_int) -> c_int {
    match replace::as_bound(engine, fd, kind) {
        Ok(bound) => {
            let answer = engine.listen(fd, backlog);
            bound.restore();
            if answer == 0 {
                fd_table::listening(fd, kind == Kind::Smc);
            }
            answer
        }
        Err(error) if identity::has_fallen_back(fd) => sys::c_result(Err(error)),
        Err(_) => listen_as_is(engine, fd, backlog),
    }
}
