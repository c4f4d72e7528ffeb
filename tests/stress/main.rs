// SPDX-License-Identifier: MIT OR Apache-2.0
//! Ordinary TCP programs in unusual situations: `stress SITUATION [ARGUMENT…]`.
//!
//! Each knows nothing of SMC, checks every byte that it receives, and prints
//! what the kernel says its sockets are, counted: `client 2/6 x8`. Anything
//! that goes otherwise than on TCP is a failure of the program. They talk to
//! themselves on a loopback address.

mod calls;
mod children;
mod churn;
mod daemon;
mod fork;
mod hand_over;
mod limits;
mod pointers;
mod signals;
mod spawn;
mod table;
mod thousand;
mod traffic;

use std::io;

fn main() -> io::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let mut arguments = arguments.iter().map(String::as_str);
    let situation = arguments.next().unwrap_or_default();
    let rest: Vec<&str> = arguments.collect();
    match (situation, rest.as_slice()) {
        ("pair", []) => traffic::pair(),
        ("thousand", [connections]) => thousand::run(number(connections)?),
        ("fork", []) => fork::in_traffic(),
        ("fork-threaded", [children]) => fork::among_threads(number(children)?),
        ("churn", [listed, unlisted]) => churn::for_a_minute(number(listed)?, number(unlisted)?),
        ("churn", [listed, unlisted, rounds]) => {
            churn::rounds(number(listed)?, number(unlisted)?, number(rounds)?)
        }
        ("signals", [interruptions]) => signals::run(number(interruptions)?),
        ("daemon", []) => daemon::run(),
        ("spawn", []) => spawn::run(),
        ("inetd", []) => spawn::serve_standard_input(),
        ("hand-over", []) => hand_over::run(),
        ("receive", [address]) => hand_over::receive(address),
        ("table", []) => table::run(false),
        ("table", ["unmapped"]) => table::run(true),
        ("pointers", []) => pointers::run(),
        ("limits", []) => limits::run(),
        _ => Err(io::Error::other(format!(
            "{situation} {rest:?}: no such situation"
        ))),
    }
}

fn number<N: std::str::FromStr>(text: &str) -> io::Result<N> {
    text.parse()
        .map_err(|_| io::Error::other(format!("{text}: not a number")))
}
