// SPDX-License-Identifier: MIT OR Apache-2.0
//! The options that are set and read in each stage of a socket's life.

use crate::scene::Family;
use libc::{IPPROTO_IP, IPPROTO_IPV6, IPPROTO_TCP, SOL_SOCKET};
use std::ffi::c_int;

/// An option with a value that is not its default.
pub struct Row {
    pub name: &'static str,
    pub families: &'static [Family],
    pub level: c_int,
    pub option: c_int,
    pub value: Value,
    pub stages: Stages,
}

pub enum Value {
    Int(c_int),
    Byte(u8),
    /// Two longs: a `timeval`.
    Longs(i64, i64),
    /// Two ints: a `linger`.
    Ints(c_int, c_int),
    Bytes(&'static [u8]),
}

impl Value {
    pub fn bytes(&self) -> Vec<u8> {
        match *self {
            Self::Int(value) => value.to_ne_bytes().to_vec(),
            Self::Byte(value) => vec![value],
            Self::Longs(a, b) => [a.to_ne_bytes(), b.to_ne_bytes()].concat(),
            Self::Ints(a, b) => [a.to_ne_bytes(), b.to_ne_bytes()].concat(),
            Self::Bytes(value) => value.to_vec(),
        }
    }
}

/// Where an option is tried out.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Stages {
    /// On a new socket only: a connection would not work or not be the same
    /// each time.
    Fresh,
    /// Also before and after connect.
    Connecting,
    /// Also on a listener, before and after listen, and what its children have.
    All,
}
use Stages::{All, Connecting, Fresh};
use Value::{Byte, Bytes, Int, Ints, Longs};

const V4: &[Family] = super::V4;
const V6: &[Family] = &[Family::V6, Family::Mapped];

const fn row(name: &'static str, level: c_int, option: c_int, value: Value, stages: Stages) -> Row {
    let families = if level == IPPROTO_IPV6 { V6 } else { V4 };
    Row {
        name,
        families,
        level,
        option,
        value,
        stages,
    }
}

const fn socket(name: &'static str, option: c_int, value: Value, stages: Stages) -> Row {
    row(name, SOL_SOCKET, option, value, stages)
}

const fn tcp(name: &'static str, option: c_int, value: Value, stages: Stages) -> Row {
    row(name, IPPROTO_TCP, option, value, stages)
}

const fn ip(name: &'static str, option: c_int, value: Value, stages: Stages) -> Row {
    row(name, IPPROTO_IP, option, value, stages)
}

const fn ip6(name: &'static str, option: c_int, value: Value, stages: Stages) -> Row {
    row(name, IPPROTO_IPV6, option, value, stages)
}

/// Numbers without a name in the libc crate: `include/uapi/linux/in.h`, `in6.h`,
/// `tcp.h` and `asm-generic/socket.h`.
pub const ROWS: &[Row] = &[
    socket("SO_DEBUG", libc::SO_DEBUG, Int(1), All),
    socket("SO_REUSEADDR", libc::SO_REUSEADDR, Int(1), All),
    socket("SO_REUSEPORT", libc::SO_REUSEPORT, Int(1), All),
    socket("SO_DONTROUTE", libc::SO_DONTROUTE, Int(1), All),
    socket("SO_BROADCAST", libc::SO_BROADCAST, Int(1), All),
    socket("SO_KEEPALIVE", libc::SO_KEEPALIVE, Int(1), All),
    socket("SO_OOBINLINE", libc::SO_OOBINLINE, Int(1), All),
    socket("SO_NO_CHECK", libc::SO_NO_CHECK, Int(1), All),
    socket("SO_PRIORITY", libc::SO_PRIORITY, Int(5), All),
    socket("SO_LINGER", libc::SO_LINGER, Ints(1, 7), All),
    socket("SO_PASSCRED", libc::SO_PASSCRED, Int(1), All),
    socket("SO_RCVLOWAT", libc::SO_RCVLOWAT, Int(5), All),
    socket("SO_RCVTIMEO", libc::SO_RCVTIMEO, Longs(9, 0), All),
    socket("SO_SNDTIMEO", libc::SO_SNDTIMEO, Longs(9, 0), All),
    socket("SO_TIMESTAMP", libc::SO_TIMESTAMP, Int(1), All),
    socket("SO_TIMESTAMPNS", libc::SO_TIMESTAMPNS, Int(1), All),
    socket("SO_TIMESTAMPING", libc::SO_TIMESTAMPING, Int(0x18), All),
    socket("SO_MARK", libc::SO_MARK, Int(9), All),
    socket("SO_RXQ_OVFL", libc::SO_RXQ_OVFL, Int(1), All),
    socket("SO_BUSY_POLL", libc::SO_BUSY_POLL, Int(50), All),
    socket(
        "SO_PREFER_BUSY_POLL",
        libc::SO_PREFER_BUSY_POLL,
        Int(1),
        All,
    ),
    socket(
        "SO_MAX_PACING_RATE",
        libc::SO_MAX_PACING_RATE,
        Int(9_000_000),
        All,
    ),
    socket("SO_TXREHASH", 74, Int(0), All),
    socket("SO_RCVMARK", 75, Int(1), All),
    socket("SO_SNDBUF", libc::SO_SNDBUF, Int(40_000), All),
    socket("SO_RCVBUF", libc::SO_RCVBUF, Int(40_000), All),
    socket("SO_SNDBUFFORCE", libc::SO_SNDBUFFORCE, Int(50_000), Fresh),
    socket("SO_BUF_LOCK", 72, Int(1), All),
    socket("SO_ZEROCOPY", libc::SO_ZEROCOPY, Int(1), All),
    socket("SO_PEEK_OFF", libc::SO_PEEK_OFF, Int(0), All),
    socket(
        "SO_BINDTODEVICE",
        libc::SO_BINDTODEVICE,
        Bytes(b"lo\0"),
        Fresh,
    ),
    socket("SO_LOCK_FILTER", libc::SO_LOCK_FILTER, Int(1), All),
    socket("SO_ACCEPTCONN", libc::SO_ACCEPTCONN, Int(1), All),
    socket("SO_TYPE", libc::SO_TYPE, Int(2), All),
    socket("SO_ERROR", libc::SO_ERROR, Int(5), All),
    socket("SO_DOMAIN", libc::SO_DOMAIN, Int(10), Fresh),
    socket("SO_PROTOCOL", libc::SO_PROTOCOL, Int(17), Fresh),
    socket("option 999", 999, Int(1), Fresh),
    tcp("TCP_NODELAY", libc::TCP_NODELAY, Int(1), All),
    tcp("TCP_MAXSEG", libc::TCP_MAXSEG, Int(900), Fresh),
    tcp("TCP_CORK", libc::TCP_CORK, Int(1), All),
    tcp("TCP_KEEPIDLE", libc::TCP_KEEPIDLE, Int(40), All),
    tcp("TCP_KEEPINTVL", libc::TCP_KEEPINTVL, Int(5), All),
    tcp("TCP_KEEPCNT", libc::TCP_KEEPCNT, Int(3), All),
    tcp("TCP_SYNCNT", libc::TCP_SYNCNT, Int(2), All),
    tcp("TCP_LINGER2", libc::TCP_LINGER2, Int(5), All),
    tcp(
        "TCP_DEFER_ACCEPT",
        libc::TCP_DEFER_ACCEPT,
        Int(3),
        Connecting,
    ),
    tcp(
        "TCP_WINDOW_CLAMP",
        libc::TCP_WINDOW_CLAMP,
        Int(20_000),
        Fresh,
    ),
    tcp(
        "TCP_CONGESTION reno",
        libc::TCP_CONGESTION,
        Bytes(b"reno"),
        All,
    ),
    tcp(
        "TCP_CONGESTION reno with NUL",
        libc::TCP_CONGESTION,
        Bytes(b"reno\0"),
        Fresh,
    ),
    tcp(
        "TCP_CONGESTION cubic",
        libc::TCP_CONGESTION,
        Bytes(b"cubic"),
        All,
    ),
    tcp(
        "TCP_CONGESTION bbr",
        libc::TCP_CONGESTION,
        Bytes(b"bbr"),
        All,
    ),
    tcp(
        "TCP_CONGESTION xyz",
        libc::TCP_CONGESTION,
        Bytes(b"xyz"),
        Fresh,
    ),
    tcp(
        "TCP_CONGESTION nosuch",
        libc::TCP_CONGESTION,
        Bytes(b"nosuch"),
        Fresh,
    ),
    tcp(
        "TCP_CONGESTION of no length",
        libc::TCP_CONGESTION,
        Bytes(b""),
        Fresh,
    ),
    tcp(
        "TCP_THIN_LINEAR_TIMEOUTS",
        libc::TCP_THIN_LINEAR_TIMEOUTS,
        Int(1),
        All,
    ),
    tcp("TCP_USER_TIMEOUT", libc::TCP_USER_TIMEOUT, Int(30_000), All),
    tcp("TCP_FASTOPEN", libc::TCP_FASTOPEN, Int(5), All),
    tcp("TCP_FASTOPEN zero", libc::TCP_FASTOPEN, Int(0), All),
    tcp("TCP_FASTOPEN negative", libc::TCP_FASTOPEN, Int(-1), All),
    tcp("TCP_FASTOPEN_CONNECT", 30, Int(1), Fresh),
    tcp("TCP_FASTOPEN_CONNECT zero", 30, Int(0), All),
    tcp("TCP_FASTOPEN_CONNECT two", 30, Int(2), All),
    tcp("TCP_FASTOPEN_KEY", 33, Bytes(b"0123456789abcdef"), All),
    tcp("TCP_FASTOPEN_KEY too short", 33, Bytes(b"0123456"), All),
    tcp("TCP_FASTOPEN_NO_COOKIE", 34, Int(1), All),
    tcp("TCP_FASTOPEN_NO_COOKIE two", 34, Int(2), All),
    tcp("TCP_NOTSENT_LOWAT", libc::TCP_NOTSENT_LOWAT, Int(4096), All),
    tcp("TCP_INQ", 36, Int(1), All),
    tcp("TCP_SAVE_SYN", libc::TCP_SAVE_SYN, Int(1), All),
    tcp("TCP_ULP tls", libc::TCP_ULP, Bytes(b"tls"), All),
    tcp(
        "TCP_ULP tls with NUL",
        libc::TCP_ULP,
        Bytes(b"tls\0"),
        Connecting,
    ),
    tcp(
        "TCP_ULP nosuch",
        libc::TCP_ULP,
        Bytes(b"nosuch"),
        Connecting,
    ),
    tcp("option 999", 999, Int(1), Fresh),
    ip("IP_TOS", libc::IP_TOS, Int(0x10), All),
    ip("IP_TOS of one byte", libc::IP_TOS, Byte(0x10), All),
    ip("IP_TOS of no length", libc::IP_TOS, Bytes(b""), All),
    ip("IP_TOS of two bytes", libc::IP_TOS, Bytes(&[0x10, 0]), All),
    ip("IP_TTL", libc::IP_TTL, Int(33), All),
    ip("IP_TTL of one byte", libc::IP_TTL, Byte(33), All),
    ip("IP_TTL of one byte, zero", libc::IP_TTL, Byte(0), All),
    ip("IP_OPTIONS of no length", libc::IP_OPTIONS, Bytes(b""), All),
    ip(
        "IP_OPTIONS of three bytes",
        libc::IP_OPTIONS,
        Bytes(&[1, 1, 1]),
        Fresh,
    ),
    ip(
        "IP_OPTIONS of four bytes",
        libc::IP_OPTIONS,
        Bytes(&[1, 1, 1, 1]),
        Fresh,
    ),
    ip("IP_MTU_DISCOVER", libc::IP_MTU_DISCOVER, Int(2), All),
    ip("IP_RECVERR", libc::IP_RECVERR, Int(1), All),
    ip("IP_RECVTOS of one byte", libc::IP_RECVTOS, Byte(1), All),
    ip("IP_FREEBIND", libc::IP_FREEBIND, Int(1), All),
    ip("IP_TRANSPARENT", libc::IP_TRANSPARENT, Int(1), Fresh),
    ip("IP_MINTTL", libc::IP_MINTTL, Int(1), All),
    ip("IP_NODEFRAG", libc::IP_NODEFRAG, Int(1), All),
    ip("IP_CHECKSUM", 23, Int(1), All),
    ip("IP_BIND_ADDRESS_NO_PORT", 24, Int(1), All),
    ip("IP_MULTICAST_TTL", libc::IP_MULTICAST_TTL, Int(3), All),
    ip(
        "IP_MULTICAST_TTL of one byte",
        libc::IP_MULTICAST_TTL,
        Byte(3),
        All,
    ),
    ip("IP_MULTICAST_LOOP", libc::IP_MULTICAST_LOOP, Int(0), All),
    ip(
        "IP_MULTICAST_LOOP of one byte",
        libc::IP_MULTICAST_LOOP,
        Byte(0),
        All,
    ),
    ip("option 999", 999, Int(1), Fresh),
    ip6("IPV6_V6ONLY", libc::IPV6_V6ONLY, Int(1), Fresh),
    ip6("IPV6_V6ONLY of one byte", libc::IPV6_V6ONLY, Byte(1), Fresh),
    ip6("IPV6_MTU_DISCOVER", libc::IPV6_MTU_DISCOVER, Int(2), All),
    ip6(
        "IPV6_MTU_DISCOVER of no sense",
        libc::IPV6_MTU_DISCOVER,
        Int(99),
        All,
    ),
    ip6("IPV6_TCLASS", libc::IPV6_TCLASS, Int(0x20), All),
    ip6("IPV6_UNICAST_HOPS", libc::IPV6_UNICAST_HOPS, Int(33), All),
    ip6(
        "IPV6_UNICAST_HOPS of one byte",
        libc::IPV6_UNICAST_HOPS,
        Byte(33),
        All,
    ),
    ip6(
        "IPV6_MULTICAST_LOOP",
        libc::IPV6_MULTICAST_LOOP,
        Int(0),
        All,
    ),
    ip6(
        "IPV6_MULTICAST_HOPS",
        libc::IPV6_MULTICAST_HOPS,
        Int(3),
        All,
    ),
    ip6("IPV6_RECVERR", libc::IPV6_RECVERR, Int(1), All),
    ip6("IPV6_FLOWINFO_SEND", 33, Int(1), All),
    ip6("IPV6_IPSEC_POLICY", 34, Bytes(b""), Fresh),
    ip6("IPV6_ROUTER_ALERT_ISOLATE", 30, Int(1), All),
    ip6("IPV6_DONTFRAG", libc::IPV6_DONTFRAG, Int(1), All),
    ip6("option 999", 999, Int(1), Fresh),
];
