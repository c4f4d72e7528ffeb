// SPDX-License-Identifier: MIT OR Apache-2.0
//! Sockets behave as TCP's do: the cases of `conform` run over TCP, over SMC,
//! and as TCP under the shim, on the same kernel. What the shim cannot make
//! equal is in docs/differences.md, exactly.
//!
//! With `SMC_TEST_FINDINGS` set the test prints what it found, from which
//! scripts/differences writes that document.
#![allow(missing_docs, clippy::panic, reason = "a test fails by panicking")]

use kit::machine::Machine;
use kit::{checkout, Kernel};
use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, TcpListener, UdpSocket};
use std::os::fd::AsRawFd;

const CONFORM: &str = env!("CARGO_BIN_EXE_conform");

/// How the cases' sockets come about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Tcp,
    /// The cases ask for SMC themselves: shows what there is to hide.
    BareSmc,
    /// TCP under the shim, everything listed.
    Shim,
    /// TCP under the shim, nothing listed, called by and calling those that are.
    OffTheLists,
}

impl Way {
    fn make(self) -> &'static str {
        if self == Self::BareSmc {
            "smc"
        } else {
            "tcp"
        }
    }

    fn wrapper(self) -> &'static str {
        match self {
            Self::Tcp | Self::BareSmc => "",
            Self::Shim => "./smc_run ",
            Self::OffTheLists => "./smc_run -p 1 ",
        }
    }

    fn peers_wrapper(self) -> &'static str {
        match self {
            Self::OffTheLists => Self::Shim.wrapper(),
            _ => self.wrapper(),
        }
    }

    /// How long a case may take, in seconds. Nothing hangs on TCP.
    fn limit(self) -> u32 {
        match self {
            Self::Tcp => 30,
            Self::Shim | Self::OffTheLists => 12,
            Self::BareSmc => 4,
        }
    }
}

/// Outcomes by case.
type Outcomes = BTreeMap<String, String>;

/// The outcomes of all cases whose names contain one of `parts`, or of all.
fn outcomes(way: Way, parts: &[&str]) -> Outcomes {
    let (here, there) = (machine(Machine::here()), machine(Machine::for_servers()));
    let (v4, v6) = match there.address {
        IpAddr::V4(Ipv4Addr::LOCALHOST) => (Ipv4Addr::LOCALHOST, Ipv6Addr::LOCALHOST),
        IpAddr::V4(v4) => (v4, Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1)),
        IpAddr::V6(_) => panic!("the other machine is known by its IPv4 address"),
    };
    let port = free_port();
    let make = way.make();
    let peer = format!("exec {}{CONFORM} peer {make} {port}", way.peers_wrapper());
    let peer = there.start(&peer).unwrap_or_else(|error| panic!("{error}"));
    let listening = there.wait_for_listener(port);
    let limit = way.limit();
    let parts: Vec<_> = parts.iter().map(|part| format!("'{part}'")).collect();
    let cases = format!(
        "{}{CONFORM} run {make} {v4} {v6} {port} {limit} {}",
        way.wrapper(),
        parts.join(" ")
    );
    let seen = here.run(&cases);
    let ending = peer.end();
    let seen = match (listening, seen) {
        (Ok(()), Ok(seen)) if seen.status == 0 => seen,
        (listening, seen) => panic!("{way:?}: {listening:?} {seen:?} {ending:?}"),
    };
    let lines = seen.out.lines().filter_map(|line| line.split_once('\t'));
    let outcomes: Outcomes = lines
        .map(|(case, text)| (case.into(), text.into()))
        .collect();
    let more_than = if parts.is_empty() { 1300 } else { 0 };
    assert!(outcomes.len() > more_than, "{way:?}: {seen:?}");
    outcomes
}

fn machine(machine: std::io::Result<Machine>) -> Machine {
    machine.unwrap_or_else(|error| panic!("{error}"))
}

fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::UNSPECIFIED, 0));
    let address = listener.and_then(|listener| listener.local_addr());
    address.unwrap_or_else(|error| panic!("{error}")).port()
}

/// One line of docs/differences.md, for one place.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Row {
    case: String,
    /// Kernel and family: `smcd v4`, `smcd off v6`.
    place: String,
    /// What TCP does and what the program under the shim sees, tab between.
    values: String,
}

impl Row {
    /// The case's name as `conform` says it.
    fn name(&self) -> String {
        let family = self.place.rsplit(' ').next().unwrap_or_default();
        format!("{} ({family})", self.case)
    }
}

/// Where `other` differs from `tcp`. `place` says where it was seen.
fn differing(place: &str, tcp: &Outcomes, other: &Outcomes) -> BTreeSet<Row> {
    let rows = tcp.iter().filter_map(|(case, text)| {
        let other = other.get(case).map_or("(not run)", String::as_str);
        let (case, family) = case.rsplit_once(" (")?;
        (other != text).then(|| Row {
            case: case.to_owned(),
            place: format!("{place} {}", family.trim_end_matches(')')),
            values: format!("{text}\t{other}"),
        })
    });
    rows.collect()
}

/// Plays the cases over TCP and under the shim: TCP's outcomes, and where the
/// others differ.
fn compared(kernel: &str, parts: &[&str]) -> (Outcomes, BTreeSet<Row>) {
    let tcp = outcomes(Way::Tcp, parts);
    for (case, text) in &tcp {
        let works = !["hangs", "broken", "killed"]
            .iter()
            .any(|bad| text.starts_with(bad));
        assert!(works || case.starts_with("SIGKILL"), "TCP: {case}: {text}");
        let is_played = kernel == "host" || text != "not allowed here";
        assert!(is_played, "a guest allows everything: {case}: {text}");
    }
    let mut rows = differing(kernel, &tcp, &outcomes(Way::Shim, parts));
    let off = outcomes(Way::OffTheLists, parts);
    rows.extend(differing(&format!("{kernel} off"), &tcp, &off));
    (tcp, rows)
}

/// One case of so many may be a surprise under load; if there are more, the run fails.
const CASES_PER_SURPRISE: usize = 100;

/// How often a surprise is played again.
const AGAIN: u32 = 3;

/// Plays again, each by itself, the cases whose rows are not as documented: with
/// others around it, a handshake of SMC-R may take too long on a busy machine, so
/// that the connection is TCP. What is found then takes the place of what was
/// found before: a row that is not documented counts though it came up once only, a
/// documented one though it was missing at times, when the case was as on TCP. A case that is
/// as documented when it is played alone is a finding of this run.
fn play_surprises_again(
    kernel: &str,
    cases: usize,
    found: &mut BTreeSet<Row>,
    documented: &BTreeSet<Row>,
) {
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let surprising: Vec<Row> = found.symmetric_difference(documented).cloned().collect();
    let surprises: BTreeSet<String> = surprising.iter().map(Row::name).collect();
    if surprises.len() > cases / CASES_PER_SURPRISE {
        return;
    }
    found.retain(|row| !surprises.contains(&row.name()));
    for name in &surprises {
        for _ in 0..AGAIN {
            let mut rows = compared(kernel, &[name]).1;
            rows.retain(|row| row.name() == *name);
            found.append(&mut rows);
        }
    }
    let is_seen_again: BTreeSet<_> = found
        .symmetric_difference(documented)
        .map(Row::name)
        .collect();
    for row in surprising
        .iter()
        .filter(|row| !is_seen_again.contains(&row.name()))
    {
        let (tcp, shim) = row.values.split_once('\t').unwrap_or_default();
        let documented = if documented.contains(row) {
            "documented, not seen"
        } else {
            "not documented"
        };
        kit::notes::finding(&format!(
            "{kernel}: under load only ({}): {}: {tcp} | {shim} ({documented})",
            load.trim_end(),
            row.name()
        ));
    }
}

/// The rows of docs/differences.md for the places that begin with `kernel`: those that
/// are always found, and those that depend on the machines' speed.
fn documented(kernel: &str) -> (BTreeSet<Row>, BTreeSet<Row>) {
    let text = std::fs::read_to_string(checkout().join("docs/differences.md"));
    let text = text.unwrap_or_else(|error| panic!("docs/differences.md: {error}"));
    let (measured, by_hand) = text
        .split_once("\n<!-- end of what was measured")
        .unwrap_or_else(|| panic!("docs/differences.md: no end of what was measured"));
    (rows_of(measured, kernel), rows_of(by_hand, kernel))
}

/// The rows of the tables in `text`.
fn rows_of(text: &str, kernel: &str) -> BTreeSet<Row> {
    let mut rows = BTreeSet::new();
    for line in text.lines() {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        if let [_, case, places, tcp, shim, _] = cells[..] {
            for place in places.split(", ").filter(|place| is_on(place, kernel)) {
                let values = [tcp, shim].map(|cell| cell.trim_matches('`'));
                rows.insert(Row {
                    case: case.into(),
                    place: place.into(),
                    values: values.join("\t"),
                });
            }
        }
    }
    rows
}

/// Whether a place is one of the kernel: `smcd v4`, `smcd off v6`.
fn is_on(place: &str, kernel: &str) -> bool {
    place.strip_prefix(kernel).is_some_and(|rest| {
        rest.starts_with(" v") || rest.starts_with(" m") || rest.starts_with(" off ")
    })
}

/// Cases in which SMC cannot be like TCP, so that a bare SMC that looks like
/// it was none: on every kernel with SMC, and where connections are SMC.
const CONTROLS: [&str; 6] = [
    "identity of a new socket (v4)",
    "poll: new socket (v6)",
    "TCP_CONGESTION bbr, new socket (v4)",
    "IP_TOS of one byte, new socket (v4)",
    "SO_ZEROCOPY, new socket (v4)",
    "shutdown of a listener (v4)",
];
const CONNECTED_CONTROLS: [&str; 5] = [
    "identity when accepted (v4)",
    "connect to nothing, connected, then again (v4)",
    "peer name: after own SHUT_WR (v4)",
    "receive: MSG_ERRQUEUE, empty (v4)",
    "ioctl: interface queries (v4)",
];

/// A socket that wants times with its packets, for as long as the cases run:
/// else the kernel would patch this in and out of its own code with each case
/// that wants them, under load, and an emulated one can die of that.
fn keep_taking_times() -> UdpSocket {
    let holder = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0));
    let holder = holder.unwrap_or_else(|error| panic!("{error}"));
    let (fd, on) = (holder.as_raw_fd(), 1_i32);
    // SAFETY: an int as value.
    let answer = unsafe {
        let value = (&raw const on).cast();
        libc::setsockopt(fd, libc::SOL_SOCKET, libc::SO_TIMESTAMP, value, 4)
    };
    assert_eq!(answer, 0);
    holder
}

#[test]
fn as_on_tcp_or_documented() {
    let _times = keep_taking_times();
    let kernel = Kernel::expected();
    let name = std::env::var("SMC_TEST_KERNEL").unwrap_or("host".into());
    let (tcp, mut found) = compared(&name, &[]);
    let (documented, at_times) = documented(&name);
    found.retain(|row| !at_times.contains(row));
    play_surprises_again(&name, tcp.len(), &mut found, &documented);
    found.retain(|row| !at_times.contains(row));
    let off = found.iter().filter(|row| row.place.contains(" off "));
    println!(
        "{name}: {} cases; rows under the shim: {}, off the lists: {}",
        tcp.len(),
        found.len() - off.clone().count(),
        off.count()
    );
    print_findings("difference", &found);
    if kernel != Kernel::Without {
        let mut controls = CONTROLS.to_vec();
        if matches!(kernel, Kernel::SmcD | Kernel::SmcR) {
            controls.extend(CONNECTED_CONTROLS);
        }
        let prints = std::env::var_os(FINDINGS).is_some();
        let bare = outcomes(Way::BareSmc, if prints { &[] } else { &controls });
        for case in controls {
            assert!(bare.contains_key(case), "control: {case} was not played");
            assert_ne!(tcp.get(case), bare.get(case), "control: {case}");
        }
        let mut seen = differing(&name, &tcp, &bare);
        seen.retain(|row| !row.values.ends_with("(not run)"));
        print_findings("bare", &seen);
    }
    let new: Vec<_> = found.difference(&documented).collect();
    let gone: Vec<_> = documented.difference(&found).collect();
    assert!(
        new.is_empty() && gone.is_empty(),
        "docs/differences.md is not right (scripts/differences writes it)\n\
         not in it: {new:#?}\nno longer true: {gone:#?}"
    );
}

/// The variable that has the test print what it found.
const FINDINGS: &str = "SMC_TEST_FINDINGS";

/// For scripts/differences, and for those who want to see all of it.
fn print_findings(kind: &str, rows: &BTreeSet<Row>) {
    if std::env::var_os(FINDINGS).is_some() {
        for row in rows {
            println!("{kind}\t{}\t{}\t{}", row.case, row.place, row.values);
        }
    }
}
