// SPDX-License-Identifier: MIT OR Apache-2.0
//! The report of `smcctl run --report`.

use super::not_counted::NotCounted;
use super::reason::{Side, TcpReason};
use super::tally::Tally;
use crate::output::{Column, Report, Table};
use serde::Serialize;
use std::fmt::Write;

/// What the connections of a program were.
#[derive(Debug, Serialize)]
pub struct ConnectionReport {
    /// The name of the program.
    command: String,
    /// The library was loaded, so its connections were counted.
    counted: bool,
    /// Some of its processes are still running.
    still_running: bool,
    /// Programs that were executed without the library.
    not_counted: NotCounted,
    /// The number of connections made without `connect`, which are not counted.
    without_connect: u32,
    /// The totals.
    total: Total,
    /// The counts by side, port, kind and reason.
    connections: Vec<Line>,
}

#[derive(Debug, Serialize)]
struct Total {
    smc_r: u64,
    smc_d: u64,
    /// SMC-R or SMC-D.
    smc: u64,
    tcp: u64,
}

#[derive(Debug, Serialize)]
struct Line {
    /// `accepted` or `connected`.
    side: &'static str,
    /// The local port when accepted, the peer's when connected.
    port: Option<u16>,
    count: u64,
    kind: &'static str,
    /// Why it is TCP.
    reason: Option<TcpReason>,
    /// The kernel's code on this side.
    code: Option<String>,
    /// The peer's code.
    peer_code: Option<String>,
}

impl ConnectionReport {
    /// Creates the report of a program.
    #[must_use]
    pub fn new(
        command: String,
        tally: &Tally,
        counted: bool,
        (not_counted, without_connect): (NotCounted, u32),
        still_running: bool,
    ) -> Self {
        let code = |why: Option<&TcpReason>, peers: bool| match why {
            Some(TcpReason::Kernel(own, peer)) => {
                let code = if peers { *peer } else { *own };
                (code != 0).then(|| format!("{code:#010x}"))
            }
            _ => None,
        };
        let lines = tally.lines().map(|(side, port, transport, count)| Line {
            side: match side {
                Side::Accepted => "accepted",
                Side::Connected => "connected",
            },
            port,
            count,
            kind: transport.name(),
            reason: transport.reason().cloned(),
            code: code(transport.reason(), false),
            peer_code: code(transport.reason(), true),
        });
        Self {
            command,
            counted,
            still_running,
            not_counted,
            without_connect,
            total: Total {
                smc_r: tally.of("SMC-R"),
                smc_d: tally.of("SMC-D"),
                smc: tally.of("SMC"),
                tcp: tally.of("TCP"),
            },
            connections: lines.collect(),
        }
    }
}

impl Report for ConnectionReport {
    fn text(&self) -> String {
        let command = &self.command;
        if !self.counted {
            return format!(
                "smcctl: {command} cannot be preloaded, so its connections were not counted\n"
            );
        }
        let Total {
            smc_r,
            smc_d,
            smc,
            tcp,
        } = self.total;
        let count = smc_r + smc_d + smc + tcp;
        let so_far = if self.still_running { " so far" } else { "" };
        let mut text = match count {
            0 => format!("smcctl: no connections of {command}{so_far}"),
            1 => format!("smcctl: 1 connection of {command}{so_far}"),
            _ => format!("smcctl: {count} connections of {command}{so_far}"),
        };
        let mut before = ": ";
        for (kind, count) in [
            ("SMC-R", smc_r),
            ("SMC-D", smc_d),
            ("SMC", smc),
            ("TCP", tcp),
        ] {
            if count > 0 {
                let _ = write!(text, "{before}{count} {kind}");
                before = ", ";
            }
        }
        text.push('\n');
        text += &self.not_counted.text();
        if self.without_connect > 0 {
            let count = self.without_connect;
            let _ = writeln!(
                text,
                "smcctl: not counted, connected without connect(2) (io_uring): {count}"
            );
        }
        if self.connections.is_empty() {
            return text;
        }
        let mut table = Table::new(&[
            Column::Left("SIDE"),
            Column::Right("PORT"),
            Column::Right("COUNT"),
            Column::Left("KIND"),
            Column::Left("WHY"),
        ]);
        for line in &self.connections {
            table.row([
                line.side.to_owned(),
                line.port
                    .map_or_else(|| "any".to_owned(), |port| port.to_string()),
                line.count.to_string(),
                line.kind.to_owned(),
                line.reason
                    .as_ref()
                    .map(TcpReason::to_string)
                    .unwrap_or_default(),
            ]);
        }
        text + &table.text()
    }
}

#[cfg(test)]
mod tests {
    use super::super::tally::Transport;
    use super::*;

    #[test]
    fn the_text_fits_and_json_has_the_codes() {
        let mut tally = Tally::default();
        tally.add(Side::Accepted, Some(6379), Transport::SmcD, 200);
        let why = TcpReason::Kernel(0x0500_0000, 0x0303_0008);
        tally.add(Side::Connected, Some(443), Transport::Tcp(why), 1);
        tally.add(Side::Connected, None, Transport::Tcp(TcpReason::TooMany), 3);
        let report =
            ConnectionReport::new("server".to_owned(), &tally, true, <_>::default(), false);
        let text = anstream::adapter::strip_str(&report.text()).to_string();
        assert!(
            text.starts_with("smcctl: 204 connections of server: 200 SMC-D, 4 TCP\n"),
            "{text}"
        );
        assert!(text.contains("accepted   6379    200  SMC-D"), "{text}");
        assert!(
            text.lines().all(|line| line.chars().count() <= 80),
            "{text}"
        );
        let json = serde_json::to_value(&report).unwrap();
        assert_eq!(json["total"]["smc_d"], 200);
        assert_eq!(json["connections"][0]["side"], "accepted");
        let refused = json["connections"].as_array().unwrap();
        let refused = refused.iter().find(|line| line["port"] == 443).unwrap();
        assert_eq!(refused["code"], "0x05000000");
        assert_eq!(refused["peer_code"], "0x03030008");
    }

    #[test]
    fn a_report_without_connections_has_a_line() {
        let none = Tally::default();
        let text = |counted, runs| {
            ConnectionReport::new("x".to_owned(), &none, counted, <_>::default(), runs).text()
        };
        assert_eq!(text(true, false), "smcctl: no connections of x\n");
        assert_eq!(text(true, true), "smcctl: no connections of x so far\n");
        assert!(text(false, false).contains("cannot be preloaded"));
    }
}
