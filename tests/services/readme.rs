// SPDX-License-Identifier: MIT OR Apache-2.0
//! The transcripts of README.md that need a running systemd are what happens.

use super::booted::Booted;
use kit::{checkout, transcript};

pub fn transcripts_are_what_happens(booted: &Booted) {
    let text = std::fs::read_to_string(checkout().join("README.md")).unwrap();
    let all = transcript::read(&text).unwrap();
    let ours: Vec<_> = all.iter().filter(|transcript| transcript.systemd).collect();
    assert!(!ours.is_empty(), "README.md shows no service of systemd");
    let mut problems = Vec::new();
    for transcript in &ours {
        let machine = booted.scene.client;
        let script = |command: &str| booted.script(command);
        problems.extend(transcript::replay(
            "README.md",
            transcript,
            machine,
            &script,
        ));
    }
    for command in ours.iter().flat_map(|transcript| &transcript.finally) {
        booted.said(command);
    }
    assert!(problems.is_empty(), "{}", problems.join("\n\n"));
}
