// SPDX-License-Identifier: MIT OR Apache-2.0
//! README.md shows what really happens: its transcripts are replayed on a real SMC
//! kernel, and its links lead somewhere. How a transcript is read and compared is in
//! `kit::transcript`.
//!
//! Needs `cargo build --release -p smc-shim -p smcctl` first.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use kit::machine::Machine;
use kit::transcript::{self, Transcript};
use kit::{checkout, Kernel, SMCCTL_IN_PATH};
use std::collections::BTreeSet;

/// Why a transcript is not replayed here.
fn skip(transcript: &Transcript) -> Option<&str> {
    match Kernel::expected() {
        _ if transcript.skip.is_some() => transcript.skip.as_deref(),
        Kernel::SmcD if transcript.systemd => Some("tests/services.rs replays it"),
        Kernel::SmcD => None,
        _ => Some("this kernel has no SMC-D"),
    }
}

/// A script that sees what a user of the checkout sees.
fn script(command: &str) -> String {
    format!("{SMCCTL_IN_PATH}export PATH=$PWD:$PATH:/usr/sbin:/sbin; exec 2>&1\n{command}")
}

#[test]
fn transcripts_are_what_happens() {
    let text = std::fs::read_to_string(checkout().join("README.md")).unwrap();
    let transcripts =
        transcript::read(&text).unwrap_or_else(|problem| panic!("README.md: {problem}"));
    let machine = Machine::here().unwrap();
    let (mut replayed, mut problems) = (0, Vec::new());
    for transcript in &transcripts {
        if let Some(reason) = skip(transcript) {
            transcript::print_skipped("README.md", transcript, reason);
        } else {
            let found = transcript::replay("README.md", transcript, machine, &script);
            problems.extend(found);
            replayed += transcript.steps.len();
        }
    }
    if replayed > 0 {
        for command in transcripts
            .iter()
            .flat_map(|transcript| &transcript.finally)
        {
            machine.run(&script(command)).unwrap();
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n\n"));
    if Kernel::expected() == Kernel::SmcD {
        assert!(
            replayed >= 10,
            "README.md has {replayed} commands to replay"
        );
    }
}

/// The files that links and pictures in the document lead to.
fn links(document: &str) -> BTreeSet<&str> {
    let ends = [("](", ')'), ("src=\"", '"')];
    let targets = ends.into_iter().flat_map(|(begin, end)| {
        let links = document.split(begin).skip(1);
        links.filter_map(move |rest| rest.split_once(end))
    });
    let files = targets.map(|(target, _)| target.split('#').next().unwrap_or_default());
    files
        .filter(|file| !file.is_empty() && !file.contains("://"))
        .collect()
}

#[test]
fn links_lead_somewhere() {
    for (document, at_least) in [
        ("README.md", 6),
        ("docs/compare.md", 10),
        ("docs/performance.md", 2),
        ("docs/architecture.md", 1),
        ("docs/lab.md", 1),
        ("docs/differences.md", 1),
        ("docs/kernel-reports/README.md", 5),
    ] {
        let path = checkout().join(document);
        let text = std::fs::read_to_string(&path).unwrap();
        let links = links(&text);
        assert!(links.len() >= at_least, "{document}: {links:?}");
        for link in links {
            let target = path.parent().unwrap().join(link);
            assert!(target.exists(), "{document}: {link} does not exist");
        }
    }
}
