// SPDX-License-Identifier: MIT OR Apache-2.0
//! A machine without SMC, and users without privilege: everything answers in words.

use super::run;
use kit::machine::Machine;
use kit::Kernel;

const COMMANDS: &[&str] = &[
    "check",
    "check --json",
    "check --program /bin/true",
    "check --peer 127.0.0.1",
    "check --listen",
    "load",
    "ueid",
    "seid",
    "pnetid",
    "limit-handshakes",
    "devices",
    "linkgroups",
    "links",
    "stats",
    "connections",
];

#[test]
fn every_command_says_what_it_can() {
    if kit::skips(
        Kernel::expected() != Kernel::Without,
        "needs a kernel without SMC",
    ) {
        return;
    }
    let here = Machine::here().unwrap();
    // nobody may not see the checkout, so gets a copy.
    let script = |user: &str, command: &str| {
        format!(
            "copy=$(mktemp -d) && trap 'rm -rf $copy' EXIT && chmod 755 $copy &&
             cp $(command -v smcctl) $copy && cd / && {user} $copy/smcctl {command}"
        )
    };
    for user in ["", "setpriv --reuid=65534 --regid=65534 --clear-groups"] {
        for command in COMMANDS {
            let said = run(&here, &script(user, command));
            let text = format!("{}{}", said.out, said.err);
            assert_eq!(said.status, 1, "{user} {command}: {said:?}");
            assert!(text.contains("SMC"), "{user} {command}: {said:?}");
            for raw in ["os error", "panicked", "RUST_BACKTRACE", "errno"] {
                assert!(!text.contains(raw), "{user} {command}: {said:?}");
            }
        }
        let said = run(&here, &script(user, "explain NOSMCDEV"));
        assert_eq!(said.status, 0, "{said:?}");
        assert!(said.out.contains("0x03030000"), "{said:?}");
    }
    for wrong in [
        "check --peer",
        "check --listen 0",
        "check --nosuch",
        "explain a b",
    ] {
        let said = run(&here, &format!("smcctl {wrong}"));
        assert_eq!(said.status, 2, "{wrong}: {said:?}");
    }
}

#[test]
fn a_program_that_cannot_be_preloaded_is_named() {
    let here = Machine::here().unwrap();
    // smc_run is beside smcctl, unless CARGO_TARGET_DIR is elsewhere.
    let run = |machine, script: &str| run(machine, &format!("PATH=$PATH:$PWD; {script}"));
    let said = run(&here, "smcctl check --program /nosuch/program");
    assert_eq!(said.status, 1, "{said:?}");
    assert!(said.out.contains("/nosuch/program"), "{said:?}");
    let said = run(
        &here,
        "d=$(mktemp -d) && trap 'rm -rf $d' EXIT && echo 'int main(void){return 0;}' > $d/x.c &&
         cc -static -o $d/still $d/x.c && smcctl check --program $d/still",
    );
    assert_eq!(said.status, 1, "{said:?}");
    let words: Vec<_> = said.out.split_whitespace().collect();
    assert!(words.join(" ").contains("statically linked"), "{said:?}");
    let said = run(&here, "smcctl check --program /bin/true");
    assert!(said.out.contains("/bin/true can be preloaded"), "{said:?}");
}

/// The keys that smcctl(8) documents, on whatever kernel this is.
#[test]
fn json_is_as_documented() {
    let here = Machine::here().unwrap();
    let said = run(&here, "smcctl check --json");
    let json: serde_json::Value = serde_json::from_str(&said.out).unwrap();
    let keys = |value: &serde_json::Value| -> Vec<String> {
        value.as_object().unwrap().keys().cloned().collect()
    };
    assert_eq!(keys(&json), ["findings", "ready", "verdicts"]);
    assert_eq!(json["ready"].as_bool().unwrap(), said.status == 0);
    let findings = json["findings"].as_array().unwrap();
    assert!(!findings.is_empty());
    for finding in findings {
        assert_eq!(keys(finding), ["fix", "level", "subject", "what", "why"]);
        let level = finding["level"].as_str().unwrap();
        assert!(
            ["ok", "note", "warning", "problem"].contains(&level),
            "{level}"
        );
        assert!(finding["fix"].is_array());
    }
    let verdicts = json["verdicts"].as_array().unwrap();
    let variants: Vec<_> = verdicts.iter().map(|one| &one["variant"]).collect();
    assert_eq!(variants, ["SMC-R v1", "SMC-R v2", "SMC-D"]);
    for verdict in verdicts {
        assert_eq!(keys(verdict), ["note", "possible", "through", "variant"]);
    }
}

/// What users of SMC must know and nobody tells them: named on every kernel, and
/// explained with the numbers and names that they need to look for.
#[test]
fn what_nobody_tells_is_told() {
    let here = Machine::here().unwrap();
    let checked = run(&here, "smcctl check").out;
    for (topic, brief, needed) in [
        ("ipv6", "IPv6", ["::ffff:", "Java", "preferIPv4Stack"]),
        ("debian", "6.18", ["CONFIG_DIBS", "Debian 13", "6.12"]),
        (
            "ueid",
            "user EID",
            ["Soft-RoCE", "loopback-ism", "smcctl ueid add"],
        ),
        ("security", "Landlock", ["-m owner", "skuid", "smc_socket"]),
        (
            "broken-path",
            "5 s",
            ["TIMEOUT_CL", "4791", "SMC_RETRY_AFTER"],
        ),
    ] {
        let line = checked.lines().find(|line| {
            let mut words = line.split_whitespace();
            words.next() == Some(topic) && line.contains(brief)
        });
        assert!(line.is_some(), "{topic}: {checked}");
        let said = run(&here, &format!("smcctl explain {topic}"));
        assert_eq!(said.status, 0, "{said:?}");
        let text: Vec<_> = said.out.split_whitespace().collect();
        let text = text.join(" ");
        for word in needed {
            assert!(text.contains(word), "{topic}, {word}: {said:?}");
        }
    }
}
