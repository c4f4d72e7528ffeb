// SPDX-License-Identifier: MIT OR Apache-2.0
//! Why a case differs from TCP under the shim, and what a user can do. The
//! differences themselves are measured; this is where their reasons live.

use std::collections::BTreeMap;
use std::fmt::Write;

/// Which sockets a reason speaks of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Of {
    /// All that the shim made.
    Any,
    /// Those that are not, and were turned into TCP.
    Off,
}

struct Reason {
    /// How the names of its cases begin; what begins with a comma is in the middle.
    cases: &'static [&'static str],
    of: Of,
    title: &'static str,
    why: &'static str,
    remedy: &'static str,
}

/// The first that fits is the reason.
const REASONS: &[Reason] = &[
    Reason {
        cases: &[", awaiting ", "full, peer closes", "refused at once"],
        of: Of::Any,
        title: "Who waits, in which way, and for what",
        why: "Waiting by epoll is as on TCP, but for a socket whose number was closed or is \
              another file's. poll, select and SIGIO are the kernel's own: it says ERR alone of \
              a connection that is full and whose peer has gone, and HUP or ERR+HUP of a connect \
              that has failed; it tells nobody who waits in poll or select of the end of the \
              reading side, nor by SIGIO of a connect or of the end of a listener; a reset is \
              the end of the data. While there is something to send, `shutdown` is done in the \
              background: who waits in poll or select for room hears of it when that is done. \
              Otherwise too the kernel wakes a moment before it notes the end: whether one who \
              polls in another thread sees it is chance, and not among the cases. \
              A connect that is under way cannot be shut down.",
        remedy: "Look at ERR and HUP as well as at what was asked for, as portable programs do, \
                 and give such calls a time limit; or leave the port off the list.",
    },
    Reason {
        cases: &["connect once more"],
        of: Of::Any,
        title: "The first connect after one that went on in the background",
        why: "It says 0, and those after it EISCONN. A duplicate, or a child, does not know \
              that another descriptor was told so already. A reset is told by no connect.",
        remedy: "Nothing to do: programs take EISCONN for success.",
    },
    Reason {
        cases: &["stopped listener"],
        of: Of::Any,
        title: "A listener that is stopped and listens again",
        why: "A fresh socket takes the number of a listener that is stopped by \
              `connect(AF_UNSPEC)`. Other descriptors, in this process or another, stay with the \
              old one and listen on. Who waited to be accepted reads an end instead of a reset. \
              A port of the kernel's choice may stay the same.",
        remedy: "Stop and resume a listener by the same descriptor.",
    },
    Reason {
        cases: &["urgent data"],
        of: Of::Any,
        title: "Sending while urgent data is unread",
        why: "SMC takes nothing more until the peer has read the urgent byte.",
        remedy: "Leave the port of programs with urgent data (telnet, ftp) off the list.",
    },
    Reason {
        cases: &["TCP_INFO"],
        of: Of::Any,
        title: "TCP_INFO",
        why: "Times, states and windows are those of the connection that the handshake went \
              over; the backlog is that of the first `listen`; SMC counts as unsent what is not \
              in the peer's ring yet.",
        remedy: "See below, \"TCP_INFO\".",
    },
    Reason {
        cases: &["splice: a reset comes late"],
        of: Of::Any,
        title: "A reset, read by splice",
        why: "SMC has no reset: it is the end of the data, to splice as to recv.",
        remedy: "Protocols that mark their own end are not touched by it.",
    },
    Reason {
        cases: &["dup before listen", "fork, child listens"],
        of: Of::Off,
        title: "A listener that is off the lists is a new socket",
        why: "A socket that was SMC and listens as TCP would not wake its children \
              for data that arrives later (the kernel hands its own callbacks down), so \
              `listen` puts a fresh TCP socket in its place. Descriptors duplicated \
              before `listen`, in this process or another, stay with the old socket.",
        remedy: "Name the program with `-P '!name'`, so that its sockets are TCP from the \
                 beginning.",
    },
    Reason {
        cases: &["SIGIO: O_ASYNC"],
        of: Of::Any,
        title: "SIGIO asked for before connect",
        why: "When a socket falls back the kernel moves the list of those to be signalled \
              and not the flag that says that there are any.",
        remedy: "Set `O_ASYNC` after `connect`.",
    },
    Reason {
        cases: &["dup2 to another number", "SO_BUF_LOCK"],
        of: Of::Any,
        title: "Options that are not carried over",
        why: "Options are carried over to the TCP socket when they were set by the \
              number that `socket` returned; `SO_BUF_LOCK` cannot be told from a buffer \
              size that was set.",
        remedy: "Set options before `dup`, or name the program with `-P '!name'`.",
    },
    Reason {
        cases: &["connect from a bound address, refused"],
        of: Of::Any,
        title: "A second connect of a bound socket",
        why: "With a connect the kernel forgets that the program has bound the socket, so \
              that what TCP keeps is gone when the connect has failed.",
        remedy: "Make a new socket for each try, as portable programs do.",
    },
    Reason {
        cases: &["shutdown with a full queue wakes"],
        of: Of::Any,
        title: "Who waits for a socket that another thread shuts down",
        why: "While there is something to send `shutdown` is done in the background, since \
              the kernel throws it away two seconds after its own. Who waits in `recv` is \
              woken at once if there is room in the queue. Who waits in `send`, `poll`, \
              `select` or `epoll_wait` hears of it when the peer has read on.",
        remedy: "Give such calls a time limit, or leave the port off the list.",
    },
    Reason {
        cases: &["receive: timestamps", "receive: TCP_INQ"],
        of: Of::Any,
        title: "Control messages",
        why: "SMC's data does not pass through the network stack: nothing is measured on its way.",
        remedy: "Leave the port of a program that measures off the list.",
    },
    Reason {
        cases: &[
            "SO_PEEK_OFF",
            "SO_SNDBUF",
            "SO_RCVBUF",
            "many options, then connect",
        ],
        of: Of::Any,
        title: "Buffers and what is read of them",
        why: "SMC's buffers are rings of a power of two, with sizes of their own; the \
              defaults are those of `net.smc.wmem` and `net.smc.rmem`. Peeking at an offset \
              does not exist.",
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
        why: "TCP says \"hung up, writable\", SMC says nothing. Interposing poll would cost \
              every program.",
        remedy: "Nothing to do: programs do not wait on such sockets.",
    },
    Reason {
        cases: &["send: not connected", "send: SIGPIPE", "send: to a peer"],
        of: Of::Any,
        title: "Errors and SIGPIPE of send",
        why: "SMC knows at once that a peer has closed and says ECONNRESET where TCP first \
              takes the data. Calls with flags (`send`, `sendto`, `sendmsg`) raise no SIGPIPE: \
              whether the program wants it is not looked at. `write` and `writev` do.",
        remedy: "Programs that end by SIGPIPE should look at send's errors.",
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
        title: "A reset looks like an end",
        why: "SMC has no reset: what TCP reports as ECONNRESET is the end of the data. \
              `SO_ERROR` tells in some cases. Interposing recv would cost every program.",
        remedy: "Protocols that mark their own end are not touched by it.",
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
        why: "SMC has no error queue, does not stop at urgent data and does not look at \
              `SO_RCVLOWAT` in poll. Interposing these calls would cost every program.",
        remedy: "Leave the port off the list where a program relies on one of them.",
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
        title: "What needs TCP itself, asked of a connection or a listener",
        why: "A socket that is connected or listens as SMC cannot be turned into TCP any \
              more. Asked for before that, it works, on TCP.",
        remedy: "Programs do without when it fails. To have kernel TLS, leave the port off the \
                 list.",
    },
    Reason {
        cases: &["SO_REUSEPORT after bind"],
        of: Of::Any,
        title: "SO_REUSEPORT after bind",
        why: "The kernel hands it to the inner TCP socket when that is bound, and not later.",
        remedy: "Set it before `bind`, as programs do.",
    },
    Reason {
        cases: &["SO_REUSEADDR", "SO_REUSEPORT", "many options"],
        of: Of::Any,
        title: "Address sharing, read of a connection",
        why: "A connection says that `SO_REUSEADDR` or `SO_REUSEPORT` is not set where its \
              listener had it, or where it fell back. Nothing else follows from it: other \
              sockets see the inner TCP socket, which has what was set when it was bound. \
              Most servers set one of them: to hand on the answer would cost each accept four \
              system calls. Of a listener Linux before 6.4 refuses `SO_REUSEPORT`.",
        remedy: "Nothing to do.",
    },
    Reason {
        cases: &["SO_TXREHASH"],
        of: Of::Any,
        title: "SO_TXREHASH",
        why: "Linux before 6.4 gives SMC sockets no default for it; Linux 7.3 has it for TCP \
              alone and refuses it while a socket is SMC.",
        remedy: "Set it when the connection is there, where it became TCP and it matters.",
    },
    Reason {
        cases: &["SIGKILL"],
        of: Of::Any,
        title: "Killed by a signal",
        why: "Nothing runs in a process that is killed: what is in the ring is lost.",
        remedy: "End servers with SIGTERM.",
    },
    Reason {
        cases: &["peer name"],
        of: Of::Any,
        title: "The peer's name after the end of sending",
        why: "The kernel forgets it with its own side of the connection and has no call that \
              would still tell it.",
        remedy: "Ask for it before `shutdown`, as programs do.",
    },
    Reason {
        cases: &["listen after"],
        of: Of::Any,
        title: "Listening with a socket whose connect has failed",
        why: "An SMC socket that has failed to connect can connect again under smc_run, and not \
              listen.",
        remedy: "Listen with a fresh socket, as programs do.",
    },
    Reason {
        cases: &["connecting", "connect without blocking, refused"],
        of: Of::Any,
        title: "While a connect without blocking is under way, and when it has failed",
        why: "SMC refuses to send, to receive and to shut down before it is connected. Of a \
              connect that was refused poll says ERR and HUP, and of one that failed otherwise \
              HUP alone, where TCP says IN and OUT, too: `poll` and `epoll` tell of both, \
              whatever was asked for, and so does `select` for reading; `select` for writing \
              tells of the refusal only. `SO_ERROR` is right for a refusal; other errors are \
              ETIMEDOUT under smc_run, since the kernel has lost them. Interposing these \
              calls would cost every program.",
        remedy: "Where a program waits with `select` for writing alone and without a limit, and \
                 hosts may be out of reach, leave it or them off the lists (`-P '!name'`, \
                 `-H '!192.0.2.9'`).",
    },
    Reason {
        cases: &["dup, connect to nothing"],
        of: Of::Any,
        title: "connect(AF_UNSPEC) on one of two descriptors",
        why: "A connection cannot be undone in SMC: a fresh socket takes the number's place. \
              Other descriptors stay with the old connection.",
        remedy: "Close the other descriptors.",
    },
    Reason {
        cases: &["ioctl: interface", "ioctl: last"],
        of: Of::Any,
        title: "Queries about interfaces and packets",
        why: "SMC sockets do not answer IPv4's own queries (addresses, masks) nor when the last \
              packet came. Interposing ioctl would cost every program.",
        remedy: "`getifaddrs` works; programs use a socket of their own kind (SOCK_DGRAM) for \
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
