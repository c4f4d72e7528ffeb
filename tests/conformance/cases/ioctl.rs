// SPDX-License-Identifier: MIT OR Apache-2.0
//! `ioctl` and `fcntl` on sockets.

use super::{Entry, BOTH, V4};
use crate::call::{self, errno, error_name, ioctl_number, must, say, Fd};

const FIONREAD: u64 = 0x541b;
const SIOCOUTQ: u64 = 0x5411;
const SIOCATMARK: u64 = 0x8905;

pub const CASES: &[Entry] = &[
    ("ioctl: bytes to read", BOTH, |scene| {
        let (socket, mut peer) = scene.connected();
        peer.must("send 10");
        call::receive(socket, &mut [0; 10], libc::MSG_PEEK | libc::MSG_WAITALL);
        let fresh = ioctl_number(scene.socket(), FIONREAD);
        let listener = ioctl_number(scene.listener(), FIONREAD);
        format!("{fresh} {listener} {}", ioctl_number(socket, FIONREAD))
    }),
    ("ioctl: bytes unsent", BOTH, |scene| {
        let fresh = ioctl_number(scene.socket(), SIOCOUTQ);
        let listener = ioctl_number(scene.listener(), SIOCOUTQ);
        format!(
            "{fresh} {listener} {}",
            ioctl_number(scene.connected().0, SIOCOUTQ)
        )
    }),
    ("ioctl: urgent mark", BOTH, |scene| {
        let fresh = ioctl_number(scene.socket(), SIOCATMARK);
        format!("{fresh} {}", ioctl_number(scene.connected().0, SIOCATMARK))
    }),
    ("ioctl: interface queries", V4, |scene| {
        let socket = scene.socket();
        let queries = [
            ("flags", 0x8913),
            ("address", 0x8915),
            ("broadcast", 0x8919),
            ("netmask", 0x891b),
            ("mtu", 0x8921),
            ("hardware", 0x8927),
            ("index", 0x8933),
        ];
        queries
            .map(|(name, request)| format!("{name} {}", about_lo(socket, request)))
            .join(" ")
    }),
    ("ioctl: interface list", V4, |scene| {
        let socket = scene.socket();
        let mut list = libc::ifconf {
            ifc_len: 0,
            ifc_ifcu: libc::__c_anonymous_ifc_ifcu {
                ifcu_buf: std::ptr::null_mut(),
            },
        };
        // SAFETY: NULL asks for the length.
        let answer = unsafe { libc::ioctl(socket, 0x8912, &raw mut list) };
        format!("{} {}", say(answer), list.ifc_len > 0)
    }),
    ("ioctl: FIONBIO", BOTH, |scene| {
        let (socket, _peer) = scene.connected();
        let on: i32 = 1;
        // SAFETY: reads an int.
        let answer = say(unsafe { libc::ioctl(socket, libc::FIONBIO, &raw const on) });
        format!("{answer} {}", say(call::receive(socket, &mut [0], 0)))
    }),
    ("ioctl: last packet's time", BOTH, |scene| {
        let mut room = [0_i64; 4];
        // SAFETY: room for a timespec.
        let answer = unsafe { libc::ioctl(scene.connected().0, 0x8906, room.as_mut_ptr()) };
        say(answer)
    }),
    ("ioctl: unknown", BOTH, |scene| {
        ioctl_number(scene.socket(), 0x7777)
    }),
    ("fcntl: owner and signal", BOTH, |scene| {
        let (socket, _peer) = scene.connected();
        // SAFETY: takes nothing.
        let me = unsafe { libc::getpid() };
        let set = say(call::fcntl(socket, libc::F_SETOWN, me));
        format!("{set} {}", call::fcntl(socket, libc::F_GETOWN, 0) == me)
    }),
    ("fstat", BOTH, |scene| {
        let socket = scene.socket();
        let before = inode(socket);
        let _peer = scene.connect(socket);
        format!("same inode: {}; {}", before == inode(socket), before.0)
    }),
];

/// An interface query about `lo`.
fn about_lo(socket: Fd, request: u64) -> String {
    let mut query = [0_u8; 40];
    query[..2].copy_from_slice(b"lo");
    // SAFETY: the query is as large as an ifreq.
    if unsafe { libc::ioctl(socket, request, query.as_mut_ptr()) } == -1 {
        return error_name(errno());
    }
    let answer = query[16..24].iter().map(|byte| format!("{byte:02x}"));
    answer.collect()
}

/// Kind and number of what a descriptor refers to.
fn inode(fd: Fd) -> (u32, u64) {
    // SAFETY: room for the answer.
    unsafe {
        let mut status: libc::stat = std::mem::zeroed();
        must(libc::fstat(fd, &raw mut status));
        (status.st_mode, status.st_ino)
    }
}
