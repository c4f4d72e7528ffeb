// SPDX-License-Identifier: MIT OR Apache-2.0
//! How sockets behave, in many small cases, each with a short text as outcome.
//! The same cases run over TCP, over SMC, and as TCP under the shim, and the
//! outcomes are compared: see conformance.rs.
//!
//! `conform run MAKE PEER4 PEER6 PORT SECONDS [PART…]` runs the cases whose name
//! contains a PART, or all, each for at most SECONDS, and prints `name<TAB>outcome` lines.
//! `conform peer MAKE PORT` is the other side of their connections.
//! `conform markdown` turns the findings of the test into docs/differences.md.
//! MAKE is `tcp`, or `smc` for sockets that are SMC from the beginning.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a case fails by panicking"
)]

mod address;
mod call;
mod cases;
mod differences;
mod elsewhere;
mod peer;
mod runner;
mod scene;

use scene::Peers;
use std::time::Duration;

fn main() -> Result<(), String> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        ["run", make, v4, v6, port, seconds, ref parts @ ..] => {
            let peers = Peers {
                v4: v4.parse().map_err(|_| format!("{v4}: no IPv4 address"))?,
                v6: v6.parse().map_err(|_| format!("{v6}: no IPv6 address"))?,
                port: number(port)?,
            };
            let limit = Duration::from_secs(number(seconds)?);
            // A case that breaks is an outcome.
            std::panic::set_hook(Box::new(|_| {}));
            runner::run(make.parse()?, peers, parts, limit);
        }
        ["peer", make, port] => peer::serve(make.parse()?, number(port)?),
        ["markdown"] => {
            let findings = std::io::read_to_string(std::io::stdin());
            let findings = findings.map_err(|error| error.to_string())?;
            print!("{}", differences::markdown(&findings)?);
        }
        _ => return Err("expected run, peer or markdown (see main.rs)".to_owned()),
    }
    Ok(())
}

fn number<T: std::str::FromStr>(text: &str) -> Result<T, String> {
    text.parse().map_err(|_| format!("{text}: no number"))
}
