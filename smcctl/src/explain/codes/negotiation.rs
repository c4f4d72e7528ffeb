// SPDX-License-Identifier: MIT OR Apache-2.0
//! Codes of the negotiation and of its network paths (0x0304xxxx to 0x030fxxxx).

use super::Code;

/// In the order of their numbers.
#[rustfmt::skip] // a table of texts: long lines are easier to read than broken ones
pub(super) const CODES: &[Code] = &[
    Code {
        value: 0x0304_0000,
        name: "MODEUNSUPP",
        produced: true,
        brief: "the server chose a mode not offered",
        meaning: "The server chose a mode of SMC that the client had not offered.",
        causes: &[
            "a bug in the server's system",
        ],
        advice: &[
            "update the server's system; report it to the vendor",
        ],
    },
    Code {
        value: 0x0305_0000,
        name: "RMBE_EC",
        produced: true,
        brief: "CONFIRM LINK failed",
        meaning: "The first message over RDMA was received, but was invalid.",
        causes: &[
            "the RDMA path is unreliable, or the peer reports an error",
        ],
        advice: &[
            "check the path between the two RoCE ports: cable, VLAN, MTU, flow control",
            "allow UDP port 4791 (RoCEv2) in every firewall on the path",
            "check that only ports on one network share a pnetid: smcctl pnetid",
        ],
    },
    Code {
        value: 0x0306_0000,
        name: "OPTUNSUPP",
        produced: true,
        brief: "option unsupported, or TCP was requested",
        meaning: "The program set a TCP option that SMC does not support (TCP Fast Open), or the shim demoted the socket to TCP: its port, program or host is not on the lists.",
        causes: &[
            "SMC_PORTS, SMC_PROCESSES or SMC_HOSTS exclude this connection",
            "the program uses TCP Fast Open",
            "the program used what only TCP supports, such as kernel TLS",
        ],
        advice: &[
            "none, if this is intended",
            "see the decision: smc_run -d COMMAND",
        ],
    },
    Code {
        value: 0x0307_0000,
        name: "DIFFPREFIX",
        produced: true,
        brief: "not in one IP subnet (version 1)",
        meaning: "SMC version 1 needs both hosts in the same IP subnet.",
        causes: &[
            "a router is between the hosts",
            "the two interfaces have different prefix lengths",
        ],
        advice: &[
            "use version 2, which is routable: sudo smcctl ueid add NAME, the same on both hosts",
            "compare the prefixes: ip address show",
        ],
    },
    Code {
        value: 0x0308_0000,
        name: "GETVLANERR",
        produced: true,
        brief: "the VLAN is unknown",
        meaning: "The kernel cannot determine the VLAN of the connection's network interface.",
        causes: &[
            "the interface was removed during the connection setup",
        ],
        advice: &[
            "try again; check the interface: ip -d link show",
        ],
    },
    Code {
        value: 0x0309_0000,
        name: "ISMVLANERR",
        produced: true,
        brief: "the ISM device rejects the VLAN",
        meaning: "The VLAN could not be registered with the ISM device.",
        causes: &[
            "the ISM device does not support this VLAN, or no more VLANs",
        ],
        advice: &[
            "check the VLANs of the interface and of the ISM device: ip -d link show; smcctl devices",
        ],
    },
    Code {
        value: 0x030a_0000,
        name: "NOACTLINK",
        produced: true,
        brief: "the link group has no active link",
        meaning: "The link group for the connection has no working link.",
        causes: &[
            "the last RoCE port of the group went down",
        ],
        advice: &[
            "try again; check the ports: smcctl links; smcctl check",
        ],
    },
    Code {
        value: 0x030b_0000,
        name: "NOSRVLINK",
        produced: true,
        brief: "unknown link of the server",
        meaning: "The client does not know the link that the server chose: their views of the link group differ.",
        causes: &[
            "a link was just added or removed",
        ],
        advice: &[
            "try again; if it persists, compare on both hosts: smcctl linkgroups",
        ],
    },
    Code {
        value: 0x030c_0000,
        name: "VERSMISMAT",
        produced: false,
        brief: "versions of SMC differ",
        meaning: "The two sides use different versions of SMC.",
        causes: &[
            "a bug in one of the two systems",
        ],
        advice: &[
            "update both systems",
        ],
    },
    Code {
        value: 0x030d_0000,
        name: "MAX_DMB",
        produced: true,
        brief: "the SMC-D device has no free buffer",
        meaning: "The SMC-D device has no free buffer left.",
        causes: &[
            "too many SMC-D connections at once (loopback-ism has 5000 buffers)",
        ],
        advice: &[
            "use fewer connections, or exclude ports: smc_run -p '!PORT'",
        ],
    },
    Code {
        value: 0x030e_0000,
        name: "NOROUTE",
        produced: true,
        brief: "no route to the peer's RoCE port",
        meaning: "SMC-R version 2: there is no IP route or no neighbour entry for the peer's RoCE address.",
        causes: &[
            "the RoCE interface has no route to the peer's RoCE network",
            "the next hop does not answer",
        ],
        advice: &[
            "check the address of the peer's RoCE interface: ip route get ADDRESS; ping ADDRESS",
        ],
    },
    Code {
        value: 0x030f_0000,
        name: "NOINDIRECT",
        produced: true,
        brief: "routed on one side, direct on the other",
        meaning: "SMC-R version 2: the peer reports a router on the path, the local route has none.",
        causes: &[
            "the two RoCE interfaces have different prefix lengths or routes",
        ],
        advice: &[
            "make the routes consistent: ip address show; ip route get ADDRESS",
        ],
    },
];
