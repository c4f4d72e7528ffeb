// SPDX-License-Identifier: MIT OR Apache-2.0
//! `setsockopt` calls that TCP accepts and SMC refuses or misunderstands, said
//! in a way that works.
//!
//! The kernel hands everything that is not `SOL_SOCKET` or `SOL_SMC` to the
//! inner TCP socket first and then looks at the option *number*, whatever its
//! level (`net/smc/af_smc.c`, `smc_setsockopt`). So on an SMC socket
//!
//! - a value shorter than four bytes is applied and then reported as EINVAL,
//! - numbers 23, 30, 33 and 34 of any level force a fallback before connect
//!   (which loses `SOL_SOCKET` options) and are reported as EINVAL after it,
//! - `TCP_ULP` is refused,
//! - signatures (`TCP_MD5SIG`, `TCP_AO_ADD_KEY`) cover the handshake only.

use super::os::{self, Errno};
use super::{bind, demote, identity, kept, listener, renew, SOL_SMC};
use crate::{hints, process};
use libc::{
    socklen_t, EFAULT, EINVAL, ENOPROTOOPT, EOPNOTSUPP, IPPROTO_IP, IPPROTO_TCP, SOL_SOCKET,
};
use std::ffi::{c_int, c_void};
use std::mem::size_of;

/// `setsockopt(2)` as the program would have reached it.
pub type SetCall = unsafe extern "C" fn(c_int, c_int, c_int, *const c_void, socklen_t) -> c_int;

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
    bind::SO_BINDTOIFINDEX,
    libc::SO_MARK,
    libc::SO_INCOMING_CPU,
];

/// One of them was set on `fd`, which has to be TCP if it is an SMC listener. What the
/// program gets.
#[cold]
fn on_listener(fd: c_int) -> c_int {
    if process::is_active() && listener::is_smc_listener(fd) {
        return os::answer(listener::become_tcp(fd));
    }
    0
}

/// The program's `setsockopt()`.
///
/// # Safety
/// `real` must be `setsockopt(2)`, `value` what the program passed to it.
#[inline]
pub unsafe fn set(
    real: SetCall,
    fd: c_int,
    level: c_int,
    name: c_int,
    value: *const c_void,
    length: socklen_t,
) -> c_int {
    let call = Call {
        real,
        fd,
        level,
        name,
        value,
        length,
    };
    if level == SOL_SOCKET {
        if matches!(
            name,
            libc::SO_ATTACH_FILTER
                | libc::SO_ATTACH_BPF
                | libc::SO_TIMESTAMP
                | libc::SO_TIMESTAMPNS
                | libc::SO_TIMESTAMPING
                | SO_TIMESTAMP_NEW..=SO_TIMESTAMPING_NEW
        ) {
            // SAFETY: as the caller promises.
            return unsafe { call.on_tcp() };
        }
        let before = Errno::current();
        let is_connecting = hints::of(fd).is_connecting();
        if is_connecting {
            kept::before_set(fd);
        }
        // SAFETY: the program's own call.
        let answer = unsafe { call.make() };
        if answer == 0 {
            hints::option_set(fd, name);
            if is_connecting {
                kept::after_set(fd, name);
            }
            return if LATE_ON_LISTENER.contains(&name) {
                on_listener(fd)
            } else {
                0
            };
        }
        // SAFETY: as the caller promises.
        return unsafe { call.refused_by_socket_layer(before) };
    }
    if level != SOL_SMC
        && (length < INT
            || name == libc::TCP_ULP
            || FORCE_FALLBACK.contains(&name)
            || SIGNATURES.contains(&name))
    {
        // SAFETY: as the caller promises.
        return unsafe { call.misread_by_smc() };
    }
    // SAFETY: the program's own call.
    let answer = unsafe { call.make() };
    if answer == -1 && level != SOL_SMC {
        // SAFETY: as the caller promises.
        return unsafe { call.refused() };
    }
    answer
}

/// A `setsockopt` call of the program. The methods are unsafe as the call
/// itself is: `value` must be what the program passed.
#[derive(Clone, Copy)]
struct Call {
    real: SetCall,
    fd: c_int,
    level: c_int,
    name: c_int,
    value: *const c_void,
    length: socklen_t,
}

impl Call {
    #[inline]
    unsafe fn make(self) -> c_int {
        // SAFETY: the program's own call.
        unsafe { (self.real)(self.fd, self.level, self.name, self.value, self.length) }
    }

    unsafe fn make_with(self, value: [u8; 4]) -> c_int {
        // SAFETY: four bytes are readable for the length given.
        unsafe { (self.real)(self.fd, self.level, self.name, value.as_ptr().cast(), INT) }
    }

    fn is_on_smc(self) -> bool {
        process::get().is_some() && identity::is_smc(self.fd)
    }

    /// SMC would take the option and ignore it (socket filters, the times of
    /// packets): TCP heeds it. A `SO_TIMESTAMP` that SMC copies to its inner
    /// socket would also end the counting of those who want times, and so
    /// the times of every socket of the machine.
    #[cold]
    unsafe fn on_tcp(self) -> c_int {
        let before = Errno::current();
        if self.is_on_smc() {
            demote::to_tcp(self.fd);
        }
        // SAFETY: the program's own call.
        let answer = unsafe { self.make() };
        if answer == 0 {
            hints::option_set(self.fd, self.name);
            before.set();
        }
        answer
    }

    /// `SO_REUSEPORT` on AF_SMC, `SO_ZEROCOPY`, `SO_PEEK_OFF`, reuseport
    /// programs: only TCP sockets have them.
    #[cold]
    unsafe fn refused_by_socket_layer(self, before: Errno) -> c_int {
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
            && self.is_on_smc()
            && demote::to_tcp(self.fd)
        {
            // SAFETY: the program's own call, which the kernel refused.
            let answer = unsafe { self.make() };
            if answer == 0 {
                before.set();
            }
            return answer;
        }
        -1
    }

    /// What SMC says of a value that it cannot read or that is too short for it
    /// comes before what TCP would say, of the option or of its level: a TCP
    /// socket is asked.
    #[cold]
    unsafe fn refused(self) -> c_int {
        let refusal = Errno::current();
        if !matches!(refusal.0, EFAULT | EINVAL | EOPNOTSUPP) || !self.is_on_smc() {
            return -1;
        }
        let family = identity::inner_family(self.fd).unwrap_or(libc::AF_INET);
        let Ok(fd) = os::socket(family, libc::SOCK_STREAM | libc::SOCK_CLOEXEC, 0) else {
            return -1;
        };
        // SAFETY: the program's own call, on another socket.
        if unsafe { Self { fd, ..self }.make() } == 0 {
            refusal.set();
        }
        os::close(fd);
        -1
    }

    /// One of the misreadings at the head of this file, if `fd` is SMC.
    #[cold]
    unsafe fn misread_by_smc(self) -> c_int {
        if !self.is_on_smc() {
            // SAFETY: the program's own call.
            return unsafe { self.make() };
        }
        let before = Errno::current();
        // SAFETY: as the caller promises.
        if unsafe { self.in_other_words() } == -1 {
            // SAFETY: as the caller promises.
            return unsafe { self.refused() };
        }
        before.set();
        0
    }

    unsafe fn in_other_words(self) -> c_int {
        if FORCE_FALLBACK.contains(&self.name) {
            // SAFETY: as the caller promises.
            return unsafe { self.forcing_fallback() };
        }
        let is_protocol = (self.level, self.name) == (IPPROTO_TCP, libc::TCP_ULP);
        if self.length < INT && !is_protocol {
            // SAFETY: as the caller promises.
            return unsafe { self.short() };
        }
        if self.level == IPPROTO_TCP && SIGNATURES.contains(&self.name) {
            if let Ok(bound) = renew::as_bound(self.fd, renew::Kind::Tcp) {
                bound.restore();
            }
        }
        // SAFETY: the program's own call.
        let answer = unsafe { self.make() };
        if answer == -1 && Errno::current().0 == EOPNOTSUPP && demote::to_tcp(self.fd) {
            // SAFETY: the program's own call, which the kernel refused.
            return unsafe { self.make() };
        }
        answer
    }

    /// The kernel would fall back in this very call and forget `SOL_SOCKET`:
    /// do it first, properly. On a connected or listening socket the option is
    /// in force although the answer is EINVAL.
    unsafe fn forcing_fallback(self) -> c_int {
        let demoted = demote::to_tcp(self.fd);
        // SAFETY: the program's own call.
        let answer = unsafe { self.make() };
        if answer == -1 && !demoted && Errno::current().0 == EINVAL && self.is_in_force() {
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
        let Some(wanted) = os::copy_from_program(self.value, wanted) else {
            return false;
        };
        if os::get_option(self.fd, self.level, self.name, now).is_err() {
            return false;
        }
        // A Fast Open queue longer than net.core.somaxconn is cut to it.
        let is_queue = (self.level, self.name) == (IPPROTO_TCP, libc::TCP_FASTOPEN);
        let any = |value: &[u8]| value.iter().any(|&byte| byte != 0);
        *now == *wanted || (is_queue && any(now) && any(wanted))
    }

    /// A value shorter than an `int`: the same value as four bytes where that
    /// means the same.
    unsafe fn short(self) -> c_int {
        let mut bytes = [0; INT as usize - 1];
        let bytes = bytes.get_mut(..self.length as usize).unwrap_or_default();
        let is_congestion = (self.level, self.name) == (IPPROTO_TCP, libc::TCP_CONGESTION);
        let bytes = match os::copy_from_program(self.value, bytes) {
            Some(bytes) => bytes,
            None if self.length > 0 && (self.level == IPPROTO_IP || is_congestion) => {
                Errno(EFAULT).set();
                return -1;
            }
            None => &[],
        };
        let is_clear =
            self.level == IPPROTO_IP && self.name == libc::IP_OPTIONS && bytes.is_empty();
        if self.level == IPPROTO_IP && !is_clear {
            let wide = if self.name == libc::IP_OPTIONS {
                padded(bytes)
            } else {
                // ip(7): the kernel takes one byte, or none for zero.
                c_int::from(bytes.first().copied().unwrap_or(0)).to_ne_bytes()
            };
            // SAFETY: as the caller promises.
            return unsafe { self.make_with(wide) };
        }
        if is_congestion && !bytes.is_empty() {
            // SAFETY: as the caller promises.
            return unsafe { self.make_with(padded(bytes)) };
        }
        // SAFETY: the program's own call.
        let answer = unsafe { self.make() };
        if answer == 0 || Errno::current().0 != EINVAL {
            return answer;
        }
        if is_clear {
            return 0;
        }
        if demote::to_tcp(self.fd) {
            // SAFETY: the program's own call, to hear what TCP says.
            return unsafe { self.make() };
        }
        answer
    }
}

/// The bytes and zeroes behind them: names end there, IP options too.
fn padded(bytes: &[u8]) -> [u8; 4] {
    let mut wide = [0; 4];
    for (to, from) in wide.iter_mut().zip(bytes) {
        *to = *from;
    }
    wide
}
