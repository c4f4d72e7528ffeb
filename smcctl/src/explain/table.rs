// SPDX-License-Identifier: MIT OR Apache-2.0
//! The texts of the codes, in the order of their numbers (see `codes.rs`).

use super::codes::Code;

/// One line for each code of the kernel.
#[rustfmt::skip] // a table of texts: long lines read better than broken ones
pub(super) const TABLE: &[Code] = &[
    Code {
        value: 0x0101_0000,
        name: "MEM",
        produced: true,
        brief: "no memory for the buffers",
        meaning: "The kernel has no memory for the connection's buffers or control structures.",
        causes: &[
            "a contiguous buffer as large as asked for is not to be had on a host that has run for long",
            "net.smc.rmem or net.smc.wmem, or SO_RCVBUF or SO_SNDBUF, ask for very large buffers",
        ],
        advice: &[
            "free memory, or ask for less: sudo sysctl net.smc.rmem=65536 net.smc.wmem=65536",
            "let buffers be made of scattered pages: sudo sysctl net.smc.smcr_buf_type=2",
        ],
    },
    Code {
        value: 0x0201_0000,
        name: "TIMEOUT_CL",
        produced: true,
        brief: "no answer over RDMA (CONFIRM LINK)",
        meaning: "The handshake over TCP went well, but the first message over RDMA was not answered in time: the RDMA path between the two ports does not work. Such a connection takes about 5 s longer to set up.",
        causes: &[
            "RoCE packets do not arrive: firewall, VLAN, MTU, lossy switch",
            "devices with one pnetid are in fact on different networks",
            "Soft-RoCE was used to reach the same host",
        ],
        advice: &[
            "check the path between the two RoCE ports: cable, VLAN, MTU, flow control",
            "let UDP port 4791 (RoCEv2) through every firewall on the way",
            "check that only ports on one network share a pnetid: smcctl pnetid",
            "until it works, keep these connections on TCP: smc_run -H '!ADDRESS' or without smc_run",
        ],
    },
    Code {
        value: 0x0202_0000,
        name: "TIMEOUT_AL",
        produced: false,
        brief: "no answer over RDMA (ADD LINK)",
        meaning: "A second link was to be added, and the other side did not answer in time.",
        causes: &[
            "the path between the second pair of RoCE ports does not work",
        ],
        advice: &[
            "check the path between the two RoCE ports: cable, VLAN, MTU, flow control",
            "let UDP port 4791 (RoCEv2) through every firewall on the way",
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
            "the interface has lost its address while the connection was made",
        ],
        advice: &[
            "look at the interface's addresses: ip address show",
        ],
    },
    Code {
        value: 0x0301_0000,
        name: "PEERNOSMC",
        produced: true,
        brief: "the other side does not offer SMC",
        meaning: "The other side did not offer SMC in its TCP handshake, or its proposal has nothing that can be used.",
        causes: &[
            "the program at the other side does not use SMC",
            "the other host has no SMC, or its module is not loaded",
            "a firewall, load balancer or NAT on the way removes TCP options",
            "the server answers with SYN cookies, or limits handshakes because it is busy",
            "a BPF program at either host leaves the offer out (Linux 6.19 or newer)",
        ],
        advice: &[
            "start the program at the other side with smc_run, too",
            "at the other host: smcctl check",
            "at the server: smcctl limit-handshakes; sysctl net.ipv4.tcp_syncookies (2 is always)",
            "at both hosts: sysctl net.smc.hs_ctrl (the BPF program's name)",
            "see whether both SYNs carry TCP option 254: sudo tcpdump -nv 'tcp[tcpflags] & tcp-syn != 0'",
        ],
    },
    Code {
        value: 0x0302_0000,
        name: "IPSEC",
        produced: true,
        brief: "IPsec is used",
        meaning: "The connection is under an IPsec policy, and SMC does not pass IPsec.",
        causes: &[
            "an xfrm policy matches the connection",
        ],
        advice: &[
            "nothing: TCP is right here; ip xfrm policy shows the policies",
        ],
    },
    Code {
        value: 0x0303_0000,
        name: "NOSMCDEV",
        produced: true,
        brief: "no usable SMC device",
        meaning: "Neither an SMC-R nor an SMC-D device can be used for this connection.",
        causes: &[
            "there is no RDMA or ISM device, or its port is not active",
            "the interface of the connection and the RDMA device have different pnetids",
            "no user EID is set: SMC version 2, so Soft-RoCE and loopback-ism, needs one on both hosts",
            "the client's socket is IPv6, and the devices can do only SMC-Rv2, which is IPv4",
        ],
        advice: &[
            "smcctl check says which of these it is",
            "smcctl explain ueid; smcctl explain ipv6",
        ],
    },
    Code {
        value: 0x0303_0001,
        name: "NOSMCDDEV",
        produced: true,
        brief: "no usable SMC-D device",
        meaning: "There is no SMC-D device for this connection. A server answers this, too, when only SMC-D was offered and no EID is common.",
        causes: &[
            "different user EIDs on the two hosts",
            "no ISM device, or one with another pnetid",
        ],
        advice: &[
            "set the same EID on both hosts: sudo smcctl ueid add NAME",
            "look at the devices: smcctl devices",
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
            "another pnetid than that of the interface",
            "the port has no GID of the kind that is needed: RoCE v1 for SMC-R version 1, RoCE v2 with an IPv4 address for version 2",
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
        brief: "this host cannot do SMC-Dv2",
        meaning: "The host that gives this reason has no device for SMC-D version 2.",
        causes: &[
            "no ISM device of that version and no loopback-ism",
        ],
        advice: &[
            "nothing between two hosts without ISM: SMC-R is the way",
            "on one host: a kernel with loopback-ism (CONFIG_SMC_LO, or CONFIG_DIBS_LO from 6.18 on)",
        ],
    },
    Code {
        value: 0x0303_0004,
        name: "NOV2EXT",
        produced: true,
        brief: "the proposal has no version 2 part",
        meaning: "The client's proposal has no part for SMC version 2.",
        causes: &[
            "the client's system knows only version 1",
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
            "the client's system cannot do SMC-Dv2",
        ],
        advice: &[
            "update the client's system, or use SMC-R",
        ],
    },
    Code {
        value: 0x0303_0006,
        name: "NOSEID",
        produced: false,
        brief: "no system EID at the other side",
        meaning: "The other side sent no system EID.",
        causes: &[
            "only IBM Z machines have one, and it can be disabled there",
        ],
        advice: &[
            "on IBM Z: sudo smcctl seid enable",
            "elsewhere set the same user EID on both hosts: sudo smcctl ueid add NAME",
        ],
    },
    Code {
        value: 0x0303_0007,
        name: "NOSMCD2DEV",
        produced: true,
        brief: "none of the ISM devices is reachable",
        meaning: "None of the ISM devices that the client proposed can be reached from this host.",
        causes: &[
            "the client offered loopback-ism, which reaches only its own host; that is normal",
            "the two systems are on different machines, or their ISM devices on different networks",
        ],
        advice: &[
            "nothing, where the hosts are different machines: SMC-R is the way",
            "smcctl devices on both hosts, and the same pnetid or network for ISM",
        ],
    },
    Code {
        value: 0x0303_0008,
        name: "NOUEID",
        produced: true,
        brief: "no user EID at the other side",
        meaning: "The other side sent neither a user EID nor a system EID, so SMC version 2 cannot be used.",
        causes: &[
            "no user EID is set on that host (loopback-ism: on this one)",
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
            "a fault of one of the two systems",
        ],
        advice: &[
            "update both systems, and report it to the vendor",
        ],
    },
    Code {
        value: 0x0303_000a,
        name: "MAXCONNERR",
        produced: true,
        brief: "connections per group do not agree",
        meaning: "The number of connections per link group that was negotiated is below 16, or was changed.",
        causes: &[
            "a fault of the other side, or a limit set very low there",
        ],
        advice: &[
            "at both hosts: sysctl net.smc.smcr_max_conns_per_lgr (16 to 255)",
        ],
    },
    Code {
        value: 0x0303_000b,
        name: "MAXLINKERR",
        produced: true,
        brief: "links per group do not agree",
        meaning: "The number of links per link group that was negotiated is not 1 or 2, or was changed.",
        causes: &[
            "a fault of the other side",
        ],
        advice: &[
            "at both hosts: sysctl net.smc.smcr_max_links_per_lgr (1 or 2)",
        ],
    },
    Code {
        value: 0x0304_0000,
        name: "MODEUNSUPP",
        produced: true,
        brief: "the server chose what was not offered",
        meaning: "The server chose a variant of SMC that the client had not offered.",
        causes: &[
            "a fault of the server's system",
        ],
        advice: &[
            "update the server's system, and report it to the vendor",
        ],
    },
    Code {
        value: 0x0305_0000,
        name: "RMBE_EC",
        produced: true,
        brief: "CONFIRM LINK was not as it should be",
        meaning: "The first message over RDMA came, but was not as it should be.",
        causes: &[
            "the RDMA path is unreliable, or the other side reports an error",
        ],
        advice: &[
            "check the path between the two RoCE ports: cable, VLAN, MTU, flow control",
            "let UDP port 4791 (RoCEv2) through every firewall on the way",
            "check that only ports on one network share a pnetid: smcctl pnetid",
        ],
    },
    Code {
        value: 0x0306_0000,
        name: "OPTUNSUPP",
        produced: true,
        brief: "an option that SMC has not, or meant so",
        meaning: "The program set a TCP option that SMC cannot have (TCP Fast Open), or the shim turned the socket into TCP on purpose: a port, program or host that is not on its lists.",
        causes: &[
            "SMC_PORTS, SMC_PROCESSES or SMC_HOSTS leave this connection out",
            "the program uses TCP Fast Open",
            "the program did something that only TCP can, such as kernel TLS",
        ],
        advice: &[
            "nothing, if it is meant so",
            "see why: smc_run -d COMMAND",
        ],
    },
    Code {
        value: 0x0307_0000,
        name: "DIFFPREFIX",
        produced: true,
        brief: "not in one IP subnet (version 1)",
        meaning: "SMC version 1 needs both hosts in the same IP subnet, and they are not.",
        causes: &[
            "a router is between the hosts",
            "different prefix lengths at the two interfaces",
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
        brief: "the VLAN cannot be told",
        meaning: "The kernel cannot tell the VLAN of the connection's network interface.",
        causes: &[
            "the interface vanished while the connection was made",
        ],
        advice: &[
            "try again; look at it: ip -d link show",
        ],
    },
    Code {
        value: 0x0309_0000,
        name: "ISMVLANERR",
        produced: true,
        brief: "no VLAN at the ISM device",
        meaning: "The VLAN could not be registered at the ISM device.",
        causes: &[
            "the ISM device does not take this VLAN, or no more of them",
        ],
        advice: &[
            "look at the VLANs of the interface and of the ISM device: ip -d link show; smcctl devices",
        ],
    },
    Code {
        value: 0x030a_0000,
        name: "NOACTLINK",
        produced: true,
        brief: "the link group has no active link",
        meaning: "The link group that the connection was to join has no link that works.",
        causes: &[
            "the last RoCE port of the group went down at this moment",
        ],
        advice: &[
            "try again; look at the ports: smcctl links; smcctl check",
        ],
    },
    Code {
        value: 0x030b_0000,
        name: "NOSRVLINK",
        produced: true,
        brief: "the server's link is not known",
        meaning: "The link that the server chose is not known to the client: their ideas of the link group differ.",
        causes: &[
            "a link was just added or removed",
        ],
        advice: &[
            "try again; if it stays, report it: smcctl linkgroups on both hosts",
        ],
    },
    Code {
        value: 0x030c_0000,
        name: "VERSMISMAT",
        produced: false,
        brief: "versions of SMC differ",
        meaning: "The two sides answer in different versions of SMC.",
        causes: &[
            "a fault of one of the two systems",
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
            "keep fewer connections, or let some ports use TCP: smc_run -p '!PORT'",
        ],
    },
    Code {
        value: 0x030e_0000,
        name: "NOROUTE",
        produced: true,
        brief: "no route to the other side's RoCE port",
        meaning: "SMC-R version 2: there is no IP route, or no neighbour, towards the other side's RoCE address.",
        causes: &[
            "the RoCE interface has no route to the other side's RoCE network",
            "the next hop does not answer",
        ],
        advice: &[
            "try it with the address of the other side's RoCE interface: ip route get ADDRESS; ping ADDRESS",
        ],
    },
    Code {
        value: 0x030f_0000,
        name: "NOINDIRECT",
        produced: true,
        brief: "routed at one side, direct at the other",
        meaning: "SMC-R version 2: the other side says that a router is between, the local route says that there is none.",
        causes: &[
            "different prefix lengths or routes at the two RoCE interfaces",
        ],
        advice: &[
            "make the routes alike at both hosts: ip address show; ip route get ADDRESS",
        ],
    },
    Code {
        value: 0x0400_0000,
        name: "SYNCERR",
        produced: true,
        brief: "link groups are out of step",
        meaning: "The server used a link group again that the client has no more. Both drop it; the next connection makes a new one.",
        causes: &[
            "the client was restarted, or its module was loaded anew",
        ],
        advice: &[
            "try again: it is over with the next connection",
        ],
    },
    Code {
        value: 0x0500_0000,
        name: "PEERDECL",
        produced: true,
        brief: "the other side declined",
        meaning: "The other side declined. Why is in the code it sent (the peer's diagnosis).",
        causes: &[
            "see the peer's code",
        ],
        advice: &[
            "smcctl explain CODE with the peer's code",
            "at the other host: smcctl check",
        ],
    },
    Code {
        value: 0x0999_0000,
        name: "INTERR",
        produced: true,
        brief: "internal error",
        meaning: "The kernel could not make the link group.",
        causes: &[
            "see the kernel's log",
        ],
        advice: &[
            "look at the kernel's log: sudo dmesg | grep -i -e smc -e mlx -e rxe",
        ],
    },
    Code {
        value: 0x0999_0001,
        name: "ERR_RTOK",
        produced: true,
        brief: "the table of remote keys is full",
        meaning: "The link group has no room for one more remote buffer key, or the keys do not agree.",
        causes: &[
            "255 connections share the link group, and one more came at this moment",
        ],
        advice: &[
            "try again: the next connection gets a new link group",
        ],
    },
    Code {
        value: 0x0999_0002,
        name: "ERR_RDYLNK",
        produced: true,
        brief: "the queue pair does not get ready",
        meaning: "The RDMA device did not bring the queue pair of the connection to its ready state.",
        causes: &[
            "a fault of the RDMA device, its driver or its firmware",
        ],
        advice: &[
            "look at the device and the log: rdma link show; sudo dmesg | grep -i -e smc -e mlx -e rxe",
        ],
    },
    Code {
        value: 0x0999_0003,
        name: "ERR_REGBUF",
        produced: true,
        brief: "the device takes no more memory",
        meaning: "The RDMA device did not register the connection's buffers.",
        causes: &[
            "the device has reached its limit of memory regions",
            "very large buffers",
        ],
        advice: &[
            "smaller buffers: sudo sysctl net.smc.rmem=65536 net.smc.wmem=65536",
            "look at the device's limits: rdma resource show",
        ],
    },
];
