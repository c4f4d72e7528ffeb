// SPDX-License-Identifier: MIT OR Apache-2.0
//! What users of SMC on Linux must know and nobody tells them.

/// One such thing.
#[derive(Debug)]
pub struct Topic {
    /// The word to ask for it.
    pub name: &'static str,
    /// What it is, in one line.
    pub brief: &'static str,
    /// What to know, a paragraph each.
    pub text: &'static [&'static str],
    /// What to do.
    pub advice: &'static [&'static str],
}

/// All of them.
pub const TOPICS: &[Topic] = &[
    Topic {
        name: "ipv6",
        brief: "clients with IPv6 sockets never get SMC-R version 2",
        text: &[
            "The kernel offers SMC-R version 2 only from IPv4 sockets. A client that makes an \
             IPv6 socket gets none, even when it connects to an IPv4 address through it \
             (::ffff:192.0.2.1). Java, Node.js and many other runtimes make IPv6 sockets by \
             default.",
            "A server may listen on IPv6: its IPv4 clients get SMC-R version 2. SMC-R version 1 \
             and SMC-D do not care.",
        ],
        advice: &[
            "have the client use IPv4: java -Djava.net.preferIPv4Stack=true; \
             NODE_OPTIONS=--dns-result-order=ipv4first; curl -4; elsewhere an IPv4 address as \
             the host",
        ],
    },
    Topic {
        name: "debian",
        brief: "Debian's kernels from 6.18 on have no SMC",
        text: &[
            "From Linux 6.18 on SMC needs CONFIG_DIBS. Debian's kernels of these versions leave \
             it out, so they have no SMC at all. Debian 12 (6.1) and Debian 13 (6.12) have SMC \
             as a module, without loopback-ism.",
        ],
        advice: &[
            "boot the kernel of Debian 13 (6.12); where it was removed: \
             sudo apt-get install linux-image-amd64/trixie",
            "or build one with CONFIG_DIBS, CONFIG_DIBS_LO (loopback-ism), CONFIG_SMC and \
             CONFIG_SMC_DIAG",
        ],
    },
    Topic {
        name: "ueid",
        brief: "Soft-RoCE and loopback-ism need a user EID",
        text: &[
            "SMC version 2 is used between hosts that have a user EID in common: a name that \
             they were given. Soft-RoCE (rdma_rxe) can do only version 2, and loopback-ism \
             needs one even on a single host. No kernel has one by default; without it \
             connections become TCP (NOSMCDEV, NOUEID).",
            "It is lost with the next boot: have it set by a unit of the system.",
        ],
        advice: &["the same on both hosts: sudo smcctl ueid add SMCV2-DEFAULT-UEID"],
    },
    Topic {
        name: "security",
        brief: "Landlock and owner rules of firewalls do not see SMC",
        text: &[
            "Landlock's rules for bind and connect look for TCP sockets: they do not restrict \
             SMC sockets. A program that relies on them is less confined under SMC.",
            "The TCP connection inside an SMC socket belongs to no file, so rules by owner \
             (iptables -m owner, nft meta skuid) do not match it: a rule that lets a user \
             through does not, and one that keeps a user out does not either. Only the handshake \
             and the end of an SMC connection pass netfilter, tc and packet captures; its data \
             does not. SELinux knows SMC sockets by their own class, smc_socket.",
        ],
        advice: &[
            "keep such programs on TCP: SMC_PROCESSES='!NAME', or without smc_run",
            "filter by address and port instead: these rules see every handshake",
        ],
    },
    Topic {
        name: "broken-path",
        brief: "a broken RDMA path costs 5 s per connection",
        text: &[
            "When the TCP path works and the RDMA path does not, each connection waits for the \
             first RDMA message, about 5 s, and then becomes TCP with TIMEOUT_CL (0x02010000). \
             Nothing fails, everything is slow.",
            "smc_run remembers such a destination and gives it TCP for a while \
             (SMC_RETRY_AFTER). Other SMC programs pay each time.",
        ],
        advice: &[
            "see whether it is so: smcctl check --peer HOST, smcctl explain TIMEOUT_CL",
            "let UDP port 4791 (RoCEv2) through every firewall on the way",
        ],
    },
];

/// The topic of a name.
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
    fn no_topic_hides_a_code_or_says_nothing() {
        for topic in TOPICS {
            assert!(crate::explain::codes::find(topic.name).is_none());
            assert!(topic.brief.len() <= 60, "{}: too long", topic.name);
            assert!(!topic.text.is_empty() && !topic.advice.is_empty());
        }
    }
}
