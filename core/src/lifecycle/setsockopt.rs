// SPDX-License-Identifier: MIT OR Apache-2.0
//! `setsockopt` calls that TCP accepts and SMC refuses or misparses, made in a way that
//! works.
//!
//! The kernel hands everything that is not `SOL_SOCKET` or `SOL_SMC` to the inner TCP socket
//! first and then looks at the option *number*, whatever its level (`net/smc/af_smc.c`,
//! `smc_setsockopt`). So on an SMC socket
//!
//! - a value shorter than four bytes is applied and then reported as EINVAL,
//! - numbers 23, 30, 33 and 34 of any level force a fallback before connect
//!   (which loses `SOL_SOCKET` options) and are reported as EINVAL after it,
//! - `TCP_ULP` is refused,
//! - signatures (`TCP_MD5SIG`, `TCP_AO_ADD_KEY`) cover the handshake only.

mod short;

use super::listener;
use crate::convert::{demote, replace, saved_options};
use crate::engine::Engine;
use crate::sys::{self, Errno, SOL_SMC};
use crate::{fd_table, identity, process};
use libc::{socklen_t, EFAULT, EINVAL, ENOPROTOOPT, EOPNOTSUPP, IPPROTO_TCP, SOL_SOCKET};
use std::ffi::{c_int, c_void};
use std::mem::size_of;

/// The shortest value that SMC takes.
const INT: socklen_t = 4;
const _: () = assert!(size_of::<c_int>() == 4);

/// `TCP_FASTOPEN`, `TCP_FASTOPEN_CONNECT`, `TCP_FASTOPEN_KEY`,
/// `TCP_FASTOPEN_NO_COOKIE`; also `IPV6_MTU_DISCOVER`, `IP_MULTICAST_LOOP`, …
const FORCE_FALLBACK: [c_int; 4] = [libc::TCP_FASTOPEN, 30, 33, 34];

/// `include/uapi/asm-generic/socket.h`; `SO_TIMESTAMPNS_NEW` is between them.
const SO_TIMESTAMP_NEW: c_int = 63;
const SO_TIMESTAMPING_NEW: c_int = 65;

/// `TCP_MD5SIG`, `TCP_MD5SIG_EXT`, `TCP_AO_ADD_KEY`: keys that the kernel does not
/// tell again, so that they must be set on the socket that will be used.
const SIGNATURES: [c_int; 3] = [libc::TCP_MD5SIG, 32, 38];

/// Options that SMC hands to its inner listener with `listen` and not later, or never,
/// and that say who may connect, or which of several listeners gets a connection.
const LATE_ON_LISTENER: [c_int; 4] = [
    libc::SO_BINDTODEVICE,
    sys::SO_BINDTOIFINDEX,
    libc::SO_MARK,
    libc::SO_INCOMING_CPU,
];

/// A `setsockopt` call of the program.
#[derive(Clone, Copy)]
pub struct Call<E> {
    engine: E,
    fd: c_int,
    level: c_int,
    name: c_int,
    value: *const c_void,
    length: socklen_t,
}

/// The program's `setsockopt()`.
#[inline]
pub fn setsockopt(call: Call<impl Engine>) -> c_int {
    let Call {
        fd,
        level,
        name,
        length,
        ..
    } = call;
    if level == SOL_SOCKET {
        return at_socket_level(call);
    }
    if level == SOL_SMC {
        return call.make();
    }
    let smc_misparses = length < INT
        || name == libc::TCP_ULP
        || FORCE_FALLBACK.contains(&name)
        || SIGNATURES.contains(&name);
    if smc_misparses && is_smc(fd) {
        return call.misparsed();
    }
    let answer = call.make();
    if answer == -1 {
        call.correct_refusal();
    }
    answer
}

fn at_socket_level(call: Call<impl Engine>) -> c_int {
    let Call { fd, name, .. } = call;
    if matches!(
        name,
        libc::SO_ATTACH_FILTER
            | libc::SO_ATTACH_BPF
            | libc::SO_TIMESTAMP
            | libc::SO_TIMESTAMPNS
            | libc::SO_TIMESTAMPING
            | SO_TIMESTAMP_NEW..=SO_TIMESTAMPING_NEW
    ) {
        return call.on_tcp();
    }
    let before = Errno::current();
    let is_connecting = fd_table::get(fd).is_connecting();
    if is_connecting {
        saved_options::before_set(fd);
    }
    if call.make() == -1 {
        return call.refused_at_socket_level(before);
    }
    fd_table::option_set(fd, name);
    if is_connecting {
        saved_options::after_set(fd, name);
    }
    if LATE_ON_LISTENER.contains(&name) {
        return late_on_listener(call);
    }
    0
}

/// An option of [`LATE_ON_LISTENER`] was set: an SMC listener becomes TCP.
#[cold]
fn late_on_listener(call: Call<impl Engine>) -> c_int {
    if process::is_active() && listener::is_smc_listener(call.fd) {
        return sys::c_result(listener::become_tcp(call.engine, call.fd));
    }
    0
}

fn is_smc(fd: c_int) -> bool {
    process::is_active() && identity::is_smc(fd)
}

impl<E: Engine> Call<E> {
    /// A call with these arguments.
    pub fn new(
        engine: E,
        fd: c_int,
        level: c_int,
        name: c_int,
        value: *const c_void,
        length: socklen_t,
    ) -> Self {
        Self {
            engine,
            fd,
            level,
            name,
            value,
            length,
        }
    }

    #[inline]
    fn make(self) -> c_int {
        let (level, name) = (self.level, self.name);
        self.engine
            .setsockopt(self.fd, level, name, self.value, self.length)
    }

    fn make_with(self, value: [u8; 4]) -> c_int {
        let (level, name) = (self.level, self.name);
        let value = value.as_ptr().cast();
        self.engine.setsockopt(self.fd, level, name, value, INT)
    }

    /// SMC would accept the option and ignore it (socket filters, timestamps of packets): TCP
    /// heeds it. A `SO_TIMESTAMP` that SMC copies to its inner socket would also spoil the
    /// kernel's count of sockets that want timestamps, and so end those of every socket.
    #[cold]
    fn on_tcp(self) -> c_int {
        let before = Errno::current();
        if is_smc(self.fd) {
            demote::to_tcp(self.fd);
        }
        let answer = self.make();
        if answer == 0 {
            fd_table::option_set(self.fd, self.name);
            before.set();
        }
        answer
    }

    /// `SO_REUSEPORT` on AF_SMC, `SO_ZEROCOPY`, `SO_PEEK_OFF`, reuseport
    /// programs: only TCP sockets have them.
    #[cold]
    fn refused_at_socket_level(self, before: Errno) -> c_int {
        let tcp_only = [
            libc::SO_REUSEPORT,
            libc::SO_ATTACH_REUSEPORT_CBPF,
            libc::SO_ATTACH_REUSEPORT_EBPF,
            libc::SO_ZEROCOPY,
            libc::SO_PEEK_OFF,
        ];
        let refusal = Errno::current().0;
        if matches!(refusal, EOPNOTSUPP | EINVAL | ENOPROTOOPT)
            && tcp_only.contains(&self.name)
            && is_smc(self.fd)
            && demote::to_tcp(self.fd)
        {
            let answer = self.make();
            if answer == 0 {
                before.set();
            }
            return answer;
        }
        -1
    }

    /// The call has failed: if the socket is SMC, errno becomes TCP's. SMC's checks of a
    /// value that it cannot read, or that is too short, come before TCP's checks of the
    /// option and its level: a TCP socket is asked.
    #[cold]
    fn correct_refusal(self) {
        let refusal = Errno::current();
        if !matches!(refusal.0, EFAULT | EINVAL | EOPNOTSUPP) || !is_smc(self.fd) {
            return;
        }
        if self.is_accepted_by_tcp() {
            refusal.set();
        }
    }

    /// Whether a TCP socket accepts the call; errno says why not.
    fn is_accepted_by_tcp(self) -> bool {
        let family = identity::inner_family(self.fd).unwrap_or(libc::AF_INET);
        let Ok(fd) = sys::socket(family, libc::SOCK_STREAM | libc::SOCK_CLOEXEC, 0) else {
            return false;
        };
        let on_tcp = Self { fd, ..self };
        let is_accepted = on_tcp.make() == 0;
        sys::close(fd);
        is_accepted
    }

    /// A call on an SMC socket that SMC misparses, as the head of this file says.
    #[cold]
    fn misparsed(self) -> c_int {
        let before = Errno::current();
        let answer = self.make_parsable();
        if answer == -1 {
            self.correct_refusal();
        } else {
            before.set();
        }
        answer
    }

    fn make_parsable(self) -> c_int {
        if FORCE_FALLBACK.contains(&self.name) {
            return self.set_forcing_fallback();
        }
        let is_protocol = (self.level, self.name) == (IPPROTO_TCP, libc::TCP_ULP);
        if self.length < INT && !is_protocol {
            return self.set_short();
        }
        if self.level == IPPROTO_TCP && SIGNATURES.contains(&self.name) {
            if let Ok(bound) = replace::as_bound(self.engine, self.fd, replace::Kind::Tcp) {
                bound.restore();
            }
        }
        let answer = self.make();
        if answer == -1 && Errno::current().0 == EOPNOTSUPP && demote::to_tcp(self.fd) {
            return self.make();
        }
        answer
    }

    /// The kernel would fall back in this call and lose `SOL_SOCKET` options: the socket is
    /// demoted first. On a connected or listening socket the option is in force although
    /// the answer is EINVAL.
    fn set_forcing_fallback(self) -> c_int {
        let demoted = demote::to_tcp(self.fd);
        let answer = self.make();
        let may_be_in_force = answer == -1 && !demoted && Errno::current().0 == EINVAL;
        if may_be_in_force && self.is_accepted_by_tcp() && self.is_in_force() {
            return 0;
        }
        answer
    }

    fn is_in_force(self) -> bool {
        let (mut now, mut wanted) = ([0; 16], [0; 16]);
        let length = self.length as usize;
        let (Some(now), Some(wanted)) = (now.get_mut(..length), wanted.get_mut(..length)) else {
            return false;
        };
        let Some(wanted) = sys::copy_from_program(self.value, wanted) else {
            return false;
        };
        if sys::get_option(self.fd, self.level, self.name, now).is_err() {
            return false;
        }
        // A Fast Open queue longer than net.core.somaxconn is cut to it.
        let is_queue = (self.level, self.name) == (IPPROTO_TCP, libc::TCP_FASTOPEN);
        let any = |value: &[u8]| value.iter().any(|&byte| byte != 0);
        *now == *wanted || (is_queue && any(now) && any(wanted))
    }
}
