// SPDX-License-Identifier: MIT OR Apache-2.0
//! Was a run what it was to be? The kernel's counters and the report of the
//! connections say so; a run of which nobody says so was not.

use super::counters::Counted;
use super::protocol::{Ended, Reported};
use super::side::Side;
use crate::explain::codes::in_words;
use crate::run::reason::FORCED;

/// The peer has a reason (`SMC_CLC_DECL_PEERDECL`).
const PEER_DECLINED: u32 = 0x0500_0000;

/// What a run's connections were: a name such as `SMC-D`, or why they were not what
/// they were to be.
///
/// # Errors
/// In words, why not.
pub fn look(side: &Side, client: &Ended, server: Option<&Ended>) -> Result<String, String> {
    match side {
        Side::Smc(_) => {
            let mut kinds = Vec::new();
            let lists = side.has_lists();
            if let Some(lines) = &client.report {
                kinds.extend(reported(lines, lists)?);
            }
            if let Some(lines) = server.and_then(|server| server.report.as_ref()) {
                reported(lines, lists).map_err(|why| format!("the server: {why}"))?;
            }
            if let Some(counters) = &client.counted {
                let peer = server.and_then(|server| server.counted.as_ref());
                let peer = peer.unwrap_or(counters);
                kinds = counted(&counters.client, &peer.server, lists)?;
            }
            if let Some(counters) = server.and_then(|server| server.counted.as_ref()) {
                let peer = client.counted.as_ref().unwrap_or(counters);
                counted(&counters.server, &peer.client, lists)
                    .map_err(|why| format!("the server: {why}"))?;
            }
            if kinds.is_empty() {
                return Err("this kernel does not say what the connections were".to_owned());
            }
            Ok(kinds.join(" and "))
        }
        Side::Tcp => {
            let counted = client.counted.as_ref().map(|counters| &counters.client);
            match counted.map_or(0, |counted| counted.smc_d + counted.smc_r) {
                0 => Ok("TCP".to_owned()),
                1 => Err("it was to be TCP, and the kernel made an SMC connection".to_owned()),
                count => Err(format!(
                    "it was to be TCP, and the kernel made {count} SMC connections"
                )),
            }
        }
        Side::Prefix(_) => Ok(side.to_string()),
    }
}

/// The kinds of SMC that the kernel has counted.
fn counted(counted: &Counted, peer: &Counted, has_lists: bool) -> Result<Vec<String>, String> {
    let smc = counted.smc_d.saturating_add(counted.smc_r);
    // What a list leaves to TCP was asked for.
    let asked_for = if has_lists {
        counted.reasons.get(&FORCED).copied().unwrap_or(0)
    } else {
        0
    };
    let fallbacks = counted.fallbacks.saturating_sub(asked_for.into());
    if fallbacks > 0 {
        let reasons = counted.reasons.keys();
        let reasons = reasons.filter(|code| asked_for == 0 || **code != FORCED);
        let reasons: Vec<String> = reasons.map(|code| words(*code, peer)).collect();
        let all = smc.saturating_add(fallbacks);
        let reasons = reasons.join("; ");
        return Err(format!(
            "{} fell back to TCP: {reasons}",
            of(fallbacks, all)
        ));
    }
    if smc == 0 {
        return Err("the kernel counted no SMC connection".to_owned());
    }
    let kinds = [("SMC-D", counted.smc_d), ("SMC-R", counted.smc_r)];
    let kinds = kinds.into_iter().filter(|(_, count)| *count > 0);
    Ok(kinds.map(|(kind, _)| kind.to_owned()).collect())
}

fn words(code: u32, peer: &Counted) -> String {
    if code == PEER_DECLINED {
        // Why, the peer's own kernel knows.
        let theirs = peer.reasons.keys().filter(|code| **code != PEER_DECLINED);
        let theirs: Vec<String> = theirs.map(|code| in_words(*code)).collect();
        if !theirs.is_empty() {
            return format!("the peer declined: {}", theirs.join("; "));
        }
    }
    if code == FORCED {
        "the program did what only TCP can do, or SMC with this peer was slow before".to_owned()
    } else {
        in_words(code)
    }
}

/// The kinds of SMC in a report.
fn reported(lines: &[Reported], has_lists: bool) -> Result<Vec<String>, String> {
    let is_asked_for = |line: &Reported| {
        let why = line.why.as_deref().unwrap_or_default();
        has_lists && why.contains(" SMC_")
    };
    let all: u64 = lines.iter().map(|line| line.count).sum();
    let are_all_tcp = lines.iter().all(|line| line.kind == "TCP");
    let tcp: Vec<&Reported> = lines
        .iter()
        .filter(|line| line.kind == "TCP" && (are_all_tcp || !is_asked_for(line)))
        .collect();
    if let Some(first) = tcp.first() {
        let why = first.why.as_deref().unwrap_or("nobody knows why");
        let count = tcp.iter().map(|line| line.count).sum();
        let verb = if count == 1 { "was" } else { "were" };
        return Err(format!("{} {verb} TCP: {why}", of(count, all)));
    }
    let mut kinds: Vec<String> = Vec::new();
    for line in lines.iter().filter(|line| line.kind.starts_with("SMC-")) {
        if !kinds.contains(&line.kind) {
            kinds.push(line.kind.clone());
        }
    }
    if kinds.is_empty() && lines.iter().any(|line| line.kind == "SMC") {
        kinds.push("SMC".to_owned());
    }
    if kinds.is_empty() {
        return Err(
            "none of its connections was seen: it makes none, or cannot be preloaded".to_owned(),
        );
    }
    Ok(kinds)
}

fn of(count: u64, all: u64) -> String {
    match (count, all) {
        (1, 1) => "the only connection".to_owned(),
        _ if count == all => format!("all {all} connections"),
        _ => format!("{count} of {all} connections"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::counters::Counters;
    use super::*;
    use std::collections::BTreeMap;

    fn smc() -> Side {
        Side::Smc(Vec::new())
    }

    fn ended(smc_d: u64, fallbacks: u64, code: u32) -> Ended {
        let reasons = if fallbacks == 0 {
            BTreeMap::new()
        } else {
            BTreeMap::from([(code, u16::try_from(fallbacks).unwrap())])
        };
        let client = Counted {
            smc_d,
            smc_r: 0,
            fallbacks,
            reasons,
        };
        Ended {
            counted: Some(Counters {
                server: client.clone(),
                client,
            }),
            ..Ended::default()
        }
    }

    fn line(kind: &str, count: u64, why: Option<&str>) -> Reported {
        Reported {
            accepted: false,
            port: Some(80),
            count,
            kind: kind.to_owned(),
            why: why.map(str::to_owned),
        }
    }

    #[test]
    fn one_fallback_is_enough() {
        assert_eq!(look(&smc(), &ended(5, 0, 0), None), Ok("SMC-D".to_owned()));
        let why = look(&smc(), &ended(4, 1, 0x0303_0008), None).unwrap_err();
        assert!(
            why.starts_with("1 of 5 connections fell back to TCP: "),
            "{why}"
        );
        assert!(why.contains("0x03030008"), "{why}");
        let why = look(&smc(), &ended(5, 0, 0), Some(&ended(4, 1, 7))).unwrap_err();
        assert!(why.starts_with("the server: 1 of 5"), "{why}");
        let why = look(&smc(), &ended(0, 0, 0), None).unwrap_err();
        assert!(why.contains("no SMC connection"), "{why}");
        assert!(look(&smc(), &Ended::default(), None).is_err());
    }

    #[test]
    fn why_the_peer_declined_is_what_its_kernel_says() {
        let (client, server) = (ended(0, 1, PEER_DECLINED), ended(0, 1, 0x0303_0008));
        let why = look(&smc(), &client, Some(&server)).unwrap_err();
        assert!(why.contains("TCP: the peer declined: "), "{why}");
        assert!(why.contains("0x03030008"), "{why}");
        let why = look(&smc(), &client, None).unwrap_err();
        assert!(why.contains("0x05000000"), "{why}");
    }

    #[test]
    fn what_lists_leave_to_tcp_is_no_fallback() {
        let listed = Side::Smc(vec!["-p".to_owned(), "80".to_owned()]);
        assert!(look(&listed, &ended(5, 2, FORCED), None).is_ok());
        assert!(look(&smc(), &ended(5, 2, FORCED), None).is_err());
        let mut run = ended(5, 0, 0);
        run.report = Some(vec![
            line("SMC-D", 5, None),
            line("TCP", 2, Some("port 81 not in SMC_PORTS")),
        ]);
        assert!(look(&listed, &run, None).is_ok());
        let why = look(&smc(), &run, None).unwrap_err();
        assert_eq!(why, "2 of 7 connections were TCP: port 81 not in SMC_PORTS");
        run.report = Some(vec![line("TCP", 2, Some("port 81 not in SMC_PORTS"))]);
        let why = look(&listed, &run, None).unwrap_err();
        assert_eq!(why, "all 2 connections were TCP: port 81 not in SMC_PORTS");
    }

    #[test]
    fn a_program_that_is_not_seen_is_not_smc() {
        let mut run = ended(5, 0, 0);
        run.report = Some(Vec::new());
        assert!(look(&smc(), &run, None).unwrap_err().contains("preloaded"));
    }

    #[test]
    fn tcp_is_tcp() {
        assert!(look(&Side::Tcp, &ended(0, 3, FORCED), None).is_ok());
        assert!(look(&Side::Tcp, &Ended::default(), None).is_ok());
        let why = look(&Side::Tcp, &ended(2, 0, 0), None).unwrap_err();
        assert!(why.contains("2 SMC connections"), "{why}");
    }
}
