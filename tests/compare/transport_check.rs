// SPDX-License-Identifier: MIT OR Apache-2.0
//! A ratio is given only where every run was SMC, and the kernel is who says so.

use super::{compare, Said};
use kit::counters::Counters;
use kit::Kernel;
use std::process::Command;

const CLIENT: [&str; 4] = ["perl", "tests/compare/workload.pl", "client", "16421"];
const SERVER: &str = "perl tests/compare/workload.pl server 16421";

fn compared(client: &[&str]) -> Said {
    let mut arguments = vec![
        "-n",
        "3",
        "--metric",
        "answer=took ([0-9.]+):ms",
        "--server",
        SERVER,
        "--",
    ];
    arguments.extend(client);
    compare(&arguments)
}

fn is_not_smc(said: &Said, why: &str) {
    assert_eq!(said.status, 3, "{said:?}");
    let json = said.json();
    assert_eq!(json["compared"].as_array().unwrap().len(), 0, "{said:?}");
    let verdict = json["verdict"].as_str().unwrap();
    assert!(verdict.starts_with("not SMC: "), "{verdict}");
    assert!(verdict.contains(why), "{verdict}");
}

#[test]
fn the_kernel_has_counted_what_is_compared() {
    let _alone = super::alone();
    let before = Counters::read().unwrap();
    let said = compared(&CLIENT);
    let since = Counters::read().unwrap().since(&before);
    if Kernel::expected() != Kernel::SmcD {
        is_not_smc(&said, "");
        assert_eq!(since.of("smc-d client"), 0, "{since}");
        return;
    }
    assert_eq!(said.status, 0, "{said:?}");
    assert_eq!(said.json()["names"][1], "SMC-D", "{said:?}");
    assert_eq!(since.of("fallback client"), 0, "{since}");
    // Three and a warm-up, each with one connection.
    assert_eq!(since.of("smc-d client"), 4, "{since}");
    assert!(said.row("answer")["ratio"].is_number(), "{said:?}");
}

#[test]
fn where_there_is_no_smc_the_answer_is_why() {
    let _alone = super::alone();
    let why = match Kernel::expected() {
        Kernel::Without => "this kernel has no SMC",
        Kernel::AfSmc | Kernel::IpprotoSmc | Kernel::SmcR => "(0x03",
        Kernel::SmcD => return lists(),
    };
    is_not_smc(&compared(&CLIENT), why);
}

/// What is left to TCP on purpose is not SMC, either.
fn lists() {
    let mut arguments = vec!["-n", "1", "--smc-run", "-p 7", "--server", SERVER, "--"];
    arguments.extend(CLIENT);
    is_not_smc(&compare(&arguments), "port 16421 not in SMC_PORTS");
}

/// One run in the middle falls back: there is no result, and the run is named.
#[test]
fn one_run_that_falls_back_is_enough() {
    let _alone = super::alone();
    if kit::skips(Kernel::expected() != Kernel::SmcD, "needs SMC-D") {
        return;
    }
    let smcctl = super::smcctl();
    let smcctl = smcctl.to_str().unwrap();
    let ueids = Command::new(smcctl)
        .args(["--json", "ueid"])
        .output()
        .unwrap();
    let ueids = String::from_utf8(ueids.stdout).unwrap();
    let known: serde_json::Value = serde_json::from_str(&ueids).unwrap();
    let ueid = known["ueids"][0].as_str().unwrap();
    let count = std::env::temp_dir().join(format!("runs-{}", std::process::id()));
    // After the two warm-ups come TCP, SMC, SMC, TCP.
    let client = format!(
        "echo x >>{0}; [ $(wc -l <{0}) -ne 4 ] || {smcctl} ueid flush; \
         [ $(wc -l <{0}) -ne 5 ] || {smcctl} ueid add {ueid}; exec {1}",
        count.display(),
        CLIENT.join(" ")
    );
    let said = compared(&["sh", "-c", &client]);
    let after = Command::new(smcctl)
        .args(["--json", "ueid"])
        .output()
        .unwrap();
    std::fs::remove_file(&count).unwrap();
    is_not_smc(&said, "the run of pair 1: ");
    is_not_smc(&said, "0x03030008");
    assert_eq!(String::from_utf8(after.stdout).unwrap(), ueids);
}
