// SPDX-License-Identifier: MIT OR Apache-2.0
//! Why a case differs from TCP under the shim, and what a user can do. The test measures
//! the differences; this file has their reasons.

use std::collections::BTreeMap;
use std::fmt::Write;

/// Which sockets a reason applies to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Of {
    /// All that the shim created.
    Any,
    /// Those that are not, and were turned into TCP.
    Off,
}

struct Reason {
    /// How the names of its cases begin; an entry that begins with a comma matches anywhere.
    cases: &'static [&'static str],
    of: Of,
    title: &'static str,
    why: &'static str,
    remedy: &'static str,
}

/// The first match is the reason.
const REASONS: &[Reason] = &[
    Reason {
        cases: &[", awaiting ", "full, peer closes", "refused at once"],
        of: Of::Any,
        title: "Waiting for events",
        why: "epoll reports what it reports on TCP, except for a socket whose \
              descriptor was closed or now refers to another file. poll, select and \
              SIGIO are not interposed, so the kernel's behaviour shows: a full \
              connection whose peer has closed reports only ERR, and a failed connect \
              reports HUP or ERR+HUP. Nothing wakes poll or select when the reading \
              side is shut down, and no SIGIO comes for a connect or for the end of a \
              listener. A reset is the end of the data. `shutdown` with unsent data \
              is done in the background: poll and select report room only when that \
              is finished. The kernel also wakes a waiter a moment before it records \
              the end, so what a poll in another thread sees can vary; the cases do \
              not include that. A connect in progress cannot be shut down.",
        remedy: "Check for ERR and HUP as well as for the events that were requested, \
                 as portable programs do, and set a timeout; or leave the port off \
                 the list.",
    },
    Reason {
        cases: &["connect once more"],
        of: Of::Any,
        title: "The first connect after a background connect",
        why: "The first call returns 0 and later ones EISCONN. A duplicate, or a \
              child process, does not know that another descriptor already returned \
              0. No connect reports a reset.",
        remedy: "Nothing: programs treat EISCONN as success.",
    },
    Reason {
        cases: &["stopped listener"],
        of: Of::Any,
        title: "A listener that stops and listens again",
        why: "`connect(AF_UNSPEC)` on a listener puts a new socket behind its \
              descriptor. Other descriptors, in this process or another, keep the old \
              socket and go on listening. Connections that wait for an accept read an \
              end of file instead of a reset. A port that the kernel chose can stay \
              the same.",
        remedy: "Stop and resume a listener with the same descriptor.",
    },
    Reason {
        cases: &["urgent data"],
        of: Of::Any,
        title: "Sending while urgent data is unread",
        why: "SMC accepts no more data until the peer has read the urgent byte.",
        remedy: "Leave the ports of programs with urgent data (telnet, ftp) off the \
                 list.",
    },
    Reason {
        cases: &["TCP_INFO"],
        of: Of::Any,
        title: "TCP_INFO",
        why: "Times, states and windows describe the TCP connection of the handshake; \
              the backlog is the one of the first `listen`; SMC counts as unsent what \
              is not yet in the peer's ring.",
        remedy: "See \"TCP_INFO\" below.",
    },
    Reason {
        cases: &["splice: a reset comes late"],
        of: Of::Any,
        title: "A reset, seen by splice",
        why: "SMC has no reset: splice, like recv, reports the end of the data.",
        remedy: "Nothing for protocols that mark their own end.",
    },
    Reason {
        cases: &["dup before listen", "fork, child listens"],
        of: Of::Off,
        title: "A listener that is off the lists is a new socket",
        why: "A socket that was SMC and listens as TCP would not wake its accepted \
              sockets for data that arrives later (the kernel passes its own \
              callbacks on to them), so `listen` puts a new TCP socket in its place. \
              Descriptors that were duplicated before `listen`, in this process or \
              another, keep the old socket.",
        remedy: "Name the program with `-P '!name'`, so that its sockets are TCP from \
                 the start.",
    },
    Reason {
        cases: &["SIGIO: O_ASYNC"],
        of: Of::Any,
        title: "SIGIO requested before connect",
        why: "When a socket falls back, the kernel moves the list of receivers of the \
              signal, but not the flag that says that there are any.",
        remedy: "Set `O_ASYNC` after `connect`.",
    },
    Reason {
        cases: &["dup2 to another number", "SO_BUF_LOCK"],
        of: Of::Any,
        title: "Options that are not copied",
        why: "Options are copied to the TCP socket if they were set through the \
              descriptor that `socket` returned. `SO_BUF_LOCK` cannot be \
              distinguished from a buffer size that was set.",
        remedy: "Set options before `dup`, or name the program with `-P '!name'`.",
    },
    Reason {
        cases: &["connect from a bound address, refused"],
        of: Of::Any,
        title: "A second connect of a bound socket",
        why: "A connect makes the kernel forget that the program bound the socket, so \
              what TCP keeps is lost if the connect fails.",
        remedy: "Make a new socket for each attempt, as portable programs do.",
    },
    Reason {
        cases: &["shutdown with a full queue wakes"],
        of: Of::Any,
        title: "Waiting for a socket that another thread shuts down",
        why: "`shutdown` with unsent data is done in the background, because the \
              kernel discards that data two seconds after its own shutdown. A waiting \
              `recv` wakes at once if the queue has room. `send`, `poll`, `select` \
              and `epoll_wait` wake when the peer has read on.",
        remedy: "Set a timeout for such calls, or leave the port off the list.",
    },
    Reason {
        cases: &["receive: timestamps", "receive: TCP_INQ"],
        of: Of::Any,
        title: "Control messages",
        why: "SMC's data does not pass through the network stack, so no timestamps or \
              queue lengths are recorded for it.",
        remedy: "Leave the port of a program that needs them off the list.",
    },
    Reason {
        cases: &[
            "SO_PEEK_OFF",
            "SO_SNDBUF",
            "SO_RCVBUF",
            "many options, then connect",
        ],
        of: Of::Any,
        title: "Buffer sizes",
        why: "SMC's buffers are rings, with a power of two as their size; the \
              defaults are those of `net.smc.wmem` and `net.smc.rmem`. Peeking at an \
              offset is not supported.",
        remedy: "`smc_run -t SIZE -r SIZE` sets the sizes.",
    },
    Reason {
        cases: &[
            "poll: new socket",
            "poll: bound socket",
            "epoll: registered before listen",
            "connecting: epoll",
            "connect, refused",
            "connect without a route",
        ],
        of: Of::Any,
        title: "Poll on a socket that is not connected",
        why: "TCP reports \"hung up, writable\", SMC reports nothing. Interposing \
              poll would slow down every program.",
        remedy: "Nothing: programs do not wait for such sockets.",
    },
    Reason {
        cases: &["send: not connected", "send: SIGPIPE", "send: to a peer"],
        of: Of::Any,
        title: "Errors and SIGPIPE of send",
        why: "SMC knows at once that a peer has closed and returns ECONNRESET where \
              TCP first accepts the data. Calls with flags (`send`, `sendto`, \
              `sendmsg`) raise no SIGPIPE, because the shim does not check whether \
              the program wants it. `write` and `writev` do.",
        remedy: "Programs that rely on SIGPIPE should check the errors of send.",
    },
    Reason {
        cases: &[
            "receive: after the peer",
            "receive: blocked while",
            "poll: peer aborted",
            "poll: peer closed with data",
            "close: SO_LINGER of zero",
            "close: with data unread",
            "closed listener ends",
            "connect to nothing, connected",
        ],
        of: Of::Any,
        title: "A reset looks like an end of file",
        why: "SMC has no reset: where TCP reports ECONNRESET, the data just ends. \
              `SO_ERROR` reports it in some cases. Interposing recv would slow down \
              every program.",
        remedy: "Nothing for protocols that mark their own end.",
    },
    Reason {
        cases: &[
            "receive: MSG_ERRQUEUE",
            "receive: SO_OOBINLINE",
            "receive: the mark",
            "poll: less than SO_RCVLOWAT",
            "receive: SO_PEEK_OFF",
        ],
        of: Of::Any,
        title: "Rare ways to receive",
        why: "SMC has no error queue, does not stop at urgent data, and ignores \
              `SO_RCVLOWAT` in poll. Interposing these calls would slow down every \
              program.",
        remedy: "Leave the port off the list if a program relies on one of them.",
    },
    Reason {
        cases: &[
            "TCP_ULP",
            "kernel TLS",
            "SO_ZEROCOPY",
            "reuseport program",
            "TCP_FASTOPEN",
        ],
        of: Of::Any,
        title: "Features that need TCP, requested on a connection or a listener",
        why: "A socket that is connected or listens as SMC cannot be turned into TCP \
              any more. If the program requests the feature before that, the socket \
              becomes TCP and the feature works.",
        remedy: "Programs do without it if it fails. For kernel TLS, leave the port \
                 off the list.",
    },
    Reason {
        cases: &["SO_REUSEPORT after bind"],
        of: Of::Any,
        title: "SO_REUSEPORT after bind",
        why: "The kernel passes it to the inner TCP socket when that is bound, and \
              not later.",
        remedy: "Set it before `bind`, as programs do.",
    },
    Reason {
        cases: &["SO_REUSEADDR", "SO_REUSEPORT", "many options"],
        of: Of::Any,
        title: "SO_REUSEADDR and SO_REUSEPORT, read from a connection",
        why: "A connection reports that `SO_REUSEADDR` or `SO_REUSEPORT` is not set \
              if its listener had it, or if the connection fell back. This has no \
              other effect: other sockets see the inner TCP socket, which has the \
              options that were set when it was bound. Most servers set one of them, \
              and copying it would cost four system calls per accept. Linux before \
              6.4 refuses `SO_REUSEPORT` on a listener.",
        remedy: "Nothing.",
    },
    Reason {
        cases: &["SO_TXREHASH"],
        of: Of::Any,
        title: "SO_TXREHASH",
        why: "Linux before 6.4 has no default for it on SMC sockets; Linux 7.3 \
              supports it for TCP only and refuses it while a socket is SMC.",
        remedy: "If it matters, set it once the connection has become TCP.",
    },
    Reason {
        cases: &["SIGKILL"],
        of: Of::Any,
        title: "Killed by a signal",
        why: "No code runs in a process that is killed: what is in the ring is lost.",
        remedy: "Stop servers with SIGTERM.",
    },
    Reason {
        cases: &["peer name"],
        of: Of::Any,
        title: "The peer's address after the sending side was shut down",
        why: "The kernel forgets it together with its own side of the connection, and \
              no other call returns it.",
        remedy: "Ask for it before `shutdown`, as programs do.",
    },
    Reason {
        cases: &["listen after"],
        of: Of::Any,
        title: "Listening on a socket whose connect failed",
        why: "Under smc_run an SMC socket whose connect failed can connect again, but \
              not listen.",
        remedy: "Listen on a new socket, as programs do.",
    },
    Reason {
        cases: &["connecting", "connect without blocking, refused"],
        of: Of::Any,
        title: "During a non-blocking connect, and after it failed",
        why: "SMC refuses to send, receive and shut down before it is connected. \
              After a refused connect poll reports ERR and HUP, and after other \
              failures only HUP, where TCP also reports IN and OUT. `poll` and \
              `epoll` report both whatever was requested, and so does `select` for \
              reading; `select` for writing reports only the refusal. `SO_ERROR` is \
              correct for a refusal; other errors are ETIMEDOUT under smc_run, \
              because the kernel has lost them. Interposing these calls would slow \
              down every program.",
        remedy: "If a program waits with `select` for writing only, without a \
                 timeout, and hosts may be unreachable, leave the program or the \
                 hosts off the lists (`-P '!name'`, `-H '!192.0.2.9'`).",
    },
    Reason {
        cases: &["dup, connect to nothing"],
        of: Of::Any,
        title: "connect(AF_UNSPEC) on one of two descriptors",
        why: "SMC cannot undo a connection: a new socket takes the place of the \
              descriptor. Other descriptors keep the old connection.",
        remedy: "Close the other descriptors.",
    },
    Reason {
        cases: &["ioctl: interface", "ioctl: last"],
        of: Of::Any,
        title: "Queries about interfaces and packets",
        why: "SMC sockets do not answer IPv4's own queries (addresses, masks), nor \
              when the last packet arrived. Interposing ioctl would slow down every \
              program.",
        remedy: "`getifaddrs` works; programs use another socket (SOCK_DGRAM) for \
                 such queries.",
    },
];

/// Reads the findings of the test (`difference<TAB>case<TAB>where<TAB>TCP<TAB>shim`)
/// and writes them as the document has them.
pub fn markdown(findings: &str) -> Result<String, String> {
    // Reason, then case and values, then places.
    let mut table: BTreeMap<usize, BTreeMap<[&str; 3], Vec<&str>>> = BTreeMap::new();
    for line in findings.lines() {
        let ["difference", case, place, tcp, shim] = line.split('\t').collect::<Vec<_>>()[..]
        else {
            continue;
        };
        if [tcp, shim].iter().any(|text| text.contains(['|', '`'])) {
            return Err(format!(
                "{case}: its outcome would break the table: {tcp} {shim}"
            ));
        }
        let is_off = place.contains(" off ");
        let fits = |reason: &Reason| {
            let of = match reason.of {
                Of::Any => true,
                Of::Off => is_off,
            };
            let is_named =
                |part: &str| case.starts_with(part) || part.starts_with(',') && case.contains(part);
            of && reason.cases.iter().any(|part| is_named(part))
        };
        let reason = REASONS.iter().position(fits);
        let reason = reason.ok_or_else(|| format!("{case}, {place}: no reason for it"))?;
        let rows = table.entry(reason).or_default();
        rows.entry([case, tcp, shim]).or_default().push(place);
    }
    let mut text = String::new();
    for (reason, rows) in table {
        let reason = &REASONS[reason];
        let _ = write!(
            text,
            "## {}\n\n{}\n\nWhat to do: {}\n\n| case | where | TCP | under smc_run |\n|---|---|---|---|\n",
            reason.title, reason.why, reason.remedy
        );
        for ([case, tcp, shim], places) in rows {
            let places = places.join(", ");
            let _ = writeln!(text, "| {case} | {places} | `{tcp}` | `{shim}` |");
        }
        text.push('\n');
    }
    Ok(text)
}
