// SPDX-License-Identifier: MIT OR Apache-2.0
//! Codes about link groups, the peer's decline and internal errors.

use super::Code;

/// In the order of their numbers.
#[rustfmt::skip] // a table of texts: long lines are easier to read than broken ones
pub(super) const CODES: &[Code] = &[
    Code {
        value: 0x0400_0000,
        name: "SYNCERR",
        produced: true,
        brief: "link groups are out of step",
        meaning: "The server reused a link group that the client no longer has. Both drop it; the next connection creates a new one.",
        causes: &[
            "the client was restarted, or its module was reloaded",
        ],
        advice: &[
            "try again: the next connection works",
        ],
    },
    Code {
        value: 0x0500_0000,
        name: "PEERDECL",
        produced: true,
        brief: "the peer declined",
        meaning: "The peer declined. The reason is the code that it sent (the peer's diagnosis).",
        causes: &[
            "see the peer's code",
        ],
        advice: &[
            "explain the peer's code: smcctl explain CODE",
            "on the other host: smcctl check",
        ],
    },
    Code {
        value: 0x0999_0000,
        name: "INTERR",
        produced: true,
        brief: "internal error",
        meaning: "The kernel could not create the link group.",
        causes: &[
            "see the kernel log",
        ],
        advice: &[
            "see the kernel log: sudo dmesg | grep -i -e smc -e mlx -e rxe",
        ],
    },
    Code {
        value: 0x0999_0001,
        name: "ERR_RTOK",
        produced: true,
        brief: "the table of remote keys is full",
        meaning: "The link group has no free entry for a remote buffer key, or the keys do not match.",
        causes: &[
            "255 connections share the link group",
        ],
        advice: &[
            "try again: the next connection gets another link group",
        ],
    },
    Code {
        value: 0x0999_0002,
        name: "ERR_RDYLNK",
        produced: true,
        brief: "the queue pair is not ready",
        meaning: "The RDMA device did not move the queue pair of the connection to its ready state.",
        causes: &[
            "a bug in the RDMA device, its driver or its firmware",
        ],
        advice: &[
            "check the device and the log: rdma link show; sudo dmesg | grep -i -e smc -e mlx -e rxe",
        ],
    },
    Code {
        value: 0x0999_0003,
        name: "ERR_REGBUF",
        produced: true,
        brief: "the device cannot register more memory",
        meaning: "The RDMA device did not register the connection's buffers.",
        causes: &[
            "the device reached its limit of memory regions",
            "very large buffers",
        ],
        advice: &[
            "use smaller buffers: sudo sysctl net.smc.rmem=65536 net.smc.wmem=65536",
            "check the limits of the device: rdma resource show",
        ],
    },
];
