// SPDX-License-Identifier: MIT OR Apache-2.0
//! Limitations that users of SMC on Linux need to know.

/// A topic.
#[derive(Debug)]
pub struct Topic {
    /// Its name on the command line.
    pub name: &'static str,
    /// A summary in one line.
    pub brief: &'static str,
    /// The text, by paragraph.
    pub text: &'static [&'static str],
    /// What to do.
    pub advice: &'static [&'static str],
}

/// All topics.
pub const TOPICS: &[Topic] = &[
    Topic {
        name: "ipv6",
        brief: "SMC-R version 2 does not connect IPv6 addresses",
        text: &[
            "The kernel offers SMC-R version 2 only for connections between IPv4 addresses. \
             Before Linux 6.14 the client's socket must be an IPv4 socket, too: an IPv6 socket \
             that connects to an IPv4 address (::ffff:192.0.2.1) gets SMC-R version 2 only from \
             6.14 on. Java, Node.js and many other runtimes create IPv6 sockets by default.",
            "A server may listen on IPv6: its IPv4 clients get SMC-R version 2. SMC-R version 1 \
             and SMC-D support IPv6.",
        ],
        advice: &[
            "make the client use IPv4: java -Djava.net.preferIPv4Stack=true; \
             NODE_OPTIONS=--dns-result-order=ipv4first; curl -4; elsewhere an IPv4 address as \
             the host",
        ],
    },
    Topic {
        name: "debian",
        brief: "Debian's kernels from 6.18 on have no SMC",
        text: &[
            "From Linux 6.18 on SMC needs CONFIG_DIBS. Debian's kernels of these versions are \
             built without it, so they have no SMC. Debian 12 (6.1) and Debian 13 (6.12) have SMC \
             as a module, without loopback-ism.",
        ],
        advice: &[
            "boot the kernel of Debian 13 (6.12); if it was removed: \
             sudo apt-get install linux-image-amd64/trixie",
            "or build a kernel with CONFIG_DIBS, CONFIG_DIBS_LO (loopback-ism), CONFIG_SMC and \
             CONFIG_SMC_DIAG",
        ],
    },
    Topic {
        name: "ueid",
        brief: "Soft-RoCE and loopback-ism need a user EID",
        text: &[
            "Hosts use SMC version 2 with each other if they have a common user EID, a name \
             that the administrator sets. Soft-RoCE (rdma_rxe) supports only version 2, and \
             loopback-ism needs a user EID even on a single host. None is set by default; \
             without one connections fall back to TCP (NOSMCDEV, NOUEID).",
            "It is lost at the next boot, unless it is in /etc/smc-shim.conf (smcctl save).",
        ],
        advice: &["set the same on both hosts: sudo smcctl ueid add SMCV2-DEFAULT-UEID"],
    },
    Topic {
        name: "security",
        brief: "Landlock and firewall owner rules ignore SMC",
        text: &[
            "Landlock's rules for bind and connect apply to TCP sockets: they do not restrict \
             SMC sockets. A program that relies on them is less confined under SMC.",
            "The TCP connection inside an SMC socket belongs to no file, so rules by owner \
             (iptables -m owner, nft meta skuid) do not match it, whether they accept or drop. \
             Only the handshake and the end of an SMC connection pass netfilter, tc and packet \
             captures; its data does not. SELinux has a class of its own for SMC sockets, \
             smc_socket.",
        ],
        advice: &[
            "exclude such programs: SMC_PROCESSES='!NAME', or start them without smc_run",
            "filter by address and port instead: such rules match every handshake",
        ],
    },
    Topic {
        name: "broken-path",
        brief: "a broken RDMA path costs 5 s per connection",
        text: &[
            "When the TCP path works and the RDMA path does not, each connection waits for the \
             first RDMA message, about 5 s, and then falls back with TIMEOUT_CL (0x02010000). \
             Nothing fails, but everything is slow.",
            "smc_run remembers such a destination and uses TCP for it for some time \
             (SMC_RETRY_AFTER). Other SMC programs wait each time.",
        ],
        advice: &[
            "check the path: smcctl check --peer HOST, smcctl explain TIMEOUT_CL",
            "allow UDP port 4791 (RoCEv2) in every firewall on the path",
        ],
    },
];

/// Finds a topic by name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Topic> {
    TOPICS
        .iter()
        .find(|topic| topic.name.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_topic_is_empty_or_has_the_name_of_a_code() {
        for topic in TOPICS {
            assert!(crate::explain::codes::find(topic.name).is_none());
            assert!(topic.brief.len() <= 60, "{}: too long", topic.name);
            assert!(!topic.text.is_empty() && !topic.advice.is_empty());
        }
    }
}
