// SPDX-License-Identifier: MIT OR Apache-2.0
//! Codes from before the proposal: memory, the first RDMA message, what the peer
//! offers.

use super::Code;

/// In the order of their numbers.
#[rustfmt::skip] // a table of texts: long lines are easier to read than broken ones
pub(super) const CODES: &[Code] = &[
    Code {
        value: 0x0101_0000,
        name: "MEM",
        produced: true,
        brief: "no memory for the buffers",
        meaning: "The kernel has no memory for the connection's buffers or control structures.",
        causes: &[
            "a contiguous buffer of the requested size may be unavailable on a host with fragmented memory",
            "net.smc.rmem or net.smc.wmem, or SO_RCVBUF or SO_SNDBUF, ask for very large buffers",
        ],
        advice: &[
            "free memory, or request less: sudo sysctl net.smc.rmem=65536 net.smc.wmem=65536",
            "allow buffers of scattered pages: sudo sysctl net.smc.smcr_buf_type=2",
        ],
    },
    Code {
        value: 0x0201_0000,
        name: "TIMEOUT_CL",
        produced: true,
        brief: "no answer over RDMA (CONFIRM LINK)",
        meaning: "The handshake over TCP succeeded, but the first message over RDMA was not answered in time: the RDMA path between the two ports does not work. Setting up such a connection takes about 5 s longer.",
        causes: &[
            "RoCE packets do not arrive: firewall, VLAN, MTU, lossy switch",
            "devices with the same pnetid are on different networks",
            "Soft-RoCE was used to reach its own host",
        ],
        advice: &[
            "check the path between the two RoCE ports: cable, VLAN, MTU, flow control",
            "allow UDP port 4791 (RoCEv2) in every firewall on the path",
            "check that only ports on one network share a pnetid: smcctl pnetid",
            "until then exclude the host: smc_run -H '!ADDRESS'",
        ],
    },
    Code {
        value: 0x0202_0000,
        name: "TIMEOUT_AL",
        produced: false,
        brief: "no answer over RDMA (ADD LINK)",
        meaning: "The peer did not answer in time when a second link was added.",
        causes: &[
            "the path between the second pair of RoCE ports does not work",
        ],
        advice: &[
            "check the path between the two RoCE ports: cable, VLAN, MTU, flow control",
            "allow UDP port 4791 (RoCEv2) in every firewall on the path",
            "check that only ports on one network share a pnetid: smcctl pnetid",
        ],
    },
    Code {
        value: 0x0300_0000,
        name: "CNFERR",
        produced: true,
        brief: "configuration error",
        meaning: "The kernel finds no IP prefix on the network interface of the connection, or cannot undo a VLAN registration.",
        causes: &[
            "the interface lost its address during the connection setup",
        ],
        advice: &[
            "check the addresses of the interface: ip address show",
        ],
    },
    Code {
        value: 0x0301_0000,
        name: "PEERNOSMC",
        produced: true,
        brief: "the peer does not offer SMC",
        meaning: "The peer did not offer SMC in its TCP handshake, or nothing in its proposal can be used.",
        causes: &[
            "the program of the peer does not use SMC",
            "the kernel of the peer has no SMC, or its module is not loaded",
            "a firewall, load balancer or NAT on the path removes TCP options",
            "the server uses SYN cookies, or limits handshakes under load",
            "a BPF program on either host suppresses the offer (Linux 6.19 or newer)",
        ],
        advice: &[
            "start the program of the peer with smc_run, too",
            "on the other host: smcctl check",
            "on the server: smcctl limit-handshakes; sysctl net.ipv4.tcp_syncookies (2 is always)",
            "on both hosts: sysctl net.smc.hs_ctrl (the BPF program's name)",
            "check that both SYNs carry TCP option 254: sudo tcpdump -nv 'tcp[tcpflags] & tcp-syn != 0'",
        ],
    },
    Code {
        value: 0x0302_0000,
        name: "IPSEC",
        produced: true,
        brief: "IPsec is used",
        meaning: "An IPsec policy applies to the connection, and SMC bypasses IPsec.",
        causes: &[
            "an xfrm policy matches the connection",
        ],
        advice: &[
            "none: TCP is correct here; ip xfrm policy shows the policies",
        ],
    },
];
