// SPDX-License-Identifier: MIT OR Apache-2.0
//! Codes about devices and EIDs (0x0303xxxx).

use super::Code;

/// In the order of their numbers.
#[rustfmt::skip] // a table of texts: long lines are easier to read than broken ones
pub(super) const CODES: &[Code] = &[
    Code {
        value: 0x0303_0000,
        name: "NOSMCDEV",
        produced: true,
        brief: "no usable SMC device",
        meaning: "No SMC-R and no SMC-D device can be used for this connection.",
        causes: &[
            "there is no RDMA or ISM device, or its port is not active",
            "the interface of the connection and the RDMA device have different pnetids",
            "no user EID is set: SMC version 2 (Soft-RoCE, loopback-ism) needs one on both hosts",
            "the devices support only SMC-R version 2, and the client connects to an IPv6 address, or before Linux 6.14 by an IPv6 socket",
        ],
        advice: &[
            "find the cause: smcctl check",
            "smcctl explain ueid; smcctl explain ipv6",
        ],
    },
    Code {
        value: 0x0303_0001,
        name: "NOSMCDDEV",
        produced: true,
        brief: "no usable SMC-D device",
        meaning: "There is no SMC-D device for this connection. A server also sends this when only SMC-D was offered and there is no common EID.",
        causes: &[
            "different user EIDs on the two hosts",
            "no ISM device, or one with another pnetid",
        ],
        advice: &[
            "set the same EID on both hosts: sudo smcctl ueid add NAME",
            "check the devices: smcctl devices",
        ],
    },
    Code {
        value: 0x0303_0002,
        name: "NOSMCRDEV",
        produced: true,
        brief: "no usable SMC-R device",
        meaning: "There is no SMC-R device for this connection.",
        causes: &[
            "the RoCE port is not active",
            "its pnetid differs from that of the interface",
            "the port lacks the GID: RoCE v1 for SMC-R version 1, RoCE v2 with an IPv4 address for version 2",
        ],
        advice: &[
            "smcctl check",
            "smcctl devices",
        ],
    },
    Code {
        value: 0x0303_0003,
        name: "NOISM2SUPP",
        produced: true,
        brief: "this host does not support SMC-Dv2",
        meaning: "The host that sends this code has no device for SMC-D version 2.",
        causes: &[
            "no ISM device of that version and no loopback-ism",
        ],
        advice: &[
            "between hosts without ISM: use SMC-R",
            "within one host: boot a kernel with loopback-ism (CONFIG_SMC_LO, or CONFIG_DIBS_LO from 6.18 on)",
        ],
    },
    Code {
        value: 0x0303_0004,
        name: "NOV2EXT",
        produced: true,
        brief: "the proposal has no version 2 part",
        meaning: "The client's proposal has no part for SMC version 2.",
        causes: &[
            "the client's system supports only version 1",
        ],
        advice: &[
            "update the client's system, or use version 1: devices with RoCE v1 GIDs in one subnet",
        ],
    },
    Code {
        value: 0x0303_0005,
        name: "NOV2DEXT",
        produced: true,
        brief: "the proposal has no SMC-Dv2 part",
        meaning: "The client's proposal has no part for SMC-D version 2.",
        causes: &[
            "the client's system does not support SMC-Dv2",
        ],
        advice: &[
            "update the client's system, or use SMC-R",
        ],
    },
    Code {
        value: 0x0303_0006,
        name: "NOSEID",
        produced: false,
        brief: "the peer has no system EID",
        meaning: "The peer sent no system EID.",
        causes: &[
            "only IBM Z machines have one, where it can be disabled",
        ],
        advice: &[
            "on IBM Z: sudo smcctl seid enable",
            "elsewhere: set the same user EID on both hosts: sudo smcctl ueid add NAME",
        ],
    },
    Code {
        value: 0x0303_0007,
        name: "NOSMCD2DEV",
        produced: true,
        brief: "no ISM device of the client is reachable",
        meaning: "This host reaches none of the ISM devices that the client proposed.",
        causes: &[
            "the client offered loopback-ism, which reaches only its own host (normal)",
            "the two systems are on different machines, or their ISM devices on different networks",
        ],
        advice: &[
            "between different machines: use SMC-R",
            "compare on both hosts: smcctl devices (same pnetid or network for ISM)",
        ],
    },
    Code {
        value: 0x0303_0008,
        name: "NOUEID",
        produced: true,
        brief: "no user EID at the peer",
        meaning: "The peer sent no user EID and no system EID, so SMC version 2 cannot be used.",
        causes: &[
            "no user EID is set on the peer (loopback-ism: on this host)",
        ],
        advice: &[
            "set the same one on both hosts: sudo smcctl ueid add NAME",
            "smcctl explain ueid",
        ],
    },
    Code {
        value: 0x0303_0009,
        name: "RELEASEERR",
        produced: true,
        brief: "releases do not agree",
        meaning: "The two sides do not agree on the release of SMC version 2 that they negotiated.",
        causes: &[
            "a bug in one of the two systems",
        ],
        advice: &[
            "update both systems; report it to the vendor",
        ],
    },
    Code {
        value: 0x0303_000a,
        name: "MAXCONNERR",
        produced: true,
        brief: "connections per group do not agree",
        meaning: "The number of connections per link group that was negotiated is below 16, or was changed.",
        causes: &[
            "a bug in the peer, or a very low limit there",
        ],
        advice: &[
            "on both hosts: sysctl net.smc.smcr_max_conns_per_lgr (16 to 255)",
        ],
    },
    Code {
        value: 0x0303_000b,
        name: "MAXLINKERR",
        produced: true,
        brief: "links per group do not agree",
        meaning: "The number of links per link group that was negotiated is not 1 or 2, or was changed.",
        causes: &[
            "a bug in the peer",
        ],
        advice: &[
            "on both hosts: sysctl net.smc.smcr_max_links_per_lgr (1 or 2)",
        ],
    },
];
