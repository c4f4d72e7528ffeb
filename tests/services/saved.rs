// SPDX-License-Identifier: MIT OR Apache-2.0
//! What is set is saved, and set again in a kernel where nothing is: the same is saved.

use super::{run, said, COUNT};
use kit::scene::Scene;
use serde_json::Value;

const PYTHON: &str = "/usr/bin/python3";

/// As after a boot: the modules are loaded anew where SMC is a module, else all is undone.
const FRESH: &str = "smcctl ueid flush >&2; smcctl pnetid flush >&2
    if rmmod smc_diag smc 2>/dev/null; then
        ! grep '^smc ' /proc/modules
    else
        sysctl -q -w net.smc.wmem=$wmem net.smc.smcr_testlink_time=$testlink
        smcctl limit-handshakes disable >&2
    fi;";

const SET: &str = "wmem=$(sysctl -n net.smc.wmem) testlink=$(sysctl -n net.smc.smcr_testlink_time)
    ip link show smcsaved >&2 || ip link add smcsaved type dummy
    smcctl load >&2; smcctl ueid flush >&2
    smcctl ueid add SAVED.1 >&2; smcctl ueid add SAVED-2 >&2
    smcctl pnetid add SAVED --net smcsaved >&2
    smcctl pnetid add SAVED --net later0 >&2
    smcctl pnetid add SAVED --ib later_0 --port 2 >&2
    smcctl limit-handshakes enable >&2
    sysctl -q -w net.smc.wmem=131072 net.smc.smcr_testlink_time=77;";

/// What the kernel says to a program that shares nothing with smcctl.
fn kernel(what: &str) -> Value {
    let text = said(&format!("{PYTHON} tests/devices/netlink.py {what}"));
    serde_json::from_str(&text).unwrap()
}

fn outcomes(said: &str) -> Vec<String> {
    let json: Value = serde_json::from_str(said).unwrap();
    let settings = json["settings"].as_array().unwrap();
    let outcome = |one: &Value| one["outcome"].as_str().unwrap().to_owned();
    settings.iter().map(outcome).collect()
}

#[test]
fn a_fresh_kernel_becomes_as_it_was_saved() {
    if kit::skips_without_smc() {
        return;
    }
    // It is the whole kernel that is changed.
    let _turn = Scene::new(COUNT);
    let file = "/tmp/smc-shim-saved.conf";
    let before = kernel("ueids");
    said(&format!(
        "rm -f {file}*; {SET} smcctl save {file} >&2; {FRESH}"
    ));
    assert_eq!(kernel("ueids"), serde_json::json!([]), "as after a boot");
    assert_eq!(kernel("pnetids"), serde_json::json!([]));

    let dry = run(&format!("smcctl apply {file} --dry-run --json"));
    assert_eq!(dry.status, 1, "it is not so: {dry:?}");
    assert!(
        !outcomes(&dry.out).contains(&"changed".to_owned()),
        "{dry:?}"
    );
    assert_eq!(
        kernel("ueids"),
        serde_json::json!([]),
        "nothing was changed"
    );

    let first = said(&format!("smcctl apply {file} --json"));
    let changed = outcomes(&first)
        .iter()
        .filter(|is| *is == "changed")
        .count();
    assert!(
        changed >= 7,
        "two sysctls, two EIDs, three pnetids: {first}"
    );
    assert!(first.contains("no such device yet"), "{first}");
    assert_eq!(kernel("ueids"), serde_json::json!(["SAVED.1", "SAVED-2"]));
    let pnetids = kernel("pnetids").to_string();
    for device in ["smcsaved", "later0", "later_0"] {
        assert!(pnetids.contains(device), "{device}: {pnetids}");
    }
    let numbers = said("sysctl -n net.smc.wmem net.smc.smcr_testlink_time");
    assert_eq!(numbers, "131072\n77\n");
    assert!(said("smcctl limit-handshakes").starts_with("enabled"));

    let again = said(&format!("smcctl apply {file} --json"));
    assert!(outcomes(&again).iter().all(|is| is == "already"), "{again}");
    said(&format!("smcctl save {file}.2 >&2; cmp {file} {file}.2"));
    assert!(said(&format!("smcctl save {file}")).contains("unchanged"));

    the_doctor_tells_differences(file);
    what_fails_does_not_keep_the_rest_from_being_set();
    // Back to what the other tests find here.
    said(&format!(
        "wmem=65536 testlink=30; {FRESH} smcctl load >&2; ip link del smcsaved; rm {file}*"
    ));
    for ueid in before.as_array().unwrap() {
        said(&format!("smcctl ueid add {}", ueid.as_str().unwrap()));
    }
    assert_eq!(kernel("ueids"), before);
}

fn the_doctor_tells_differences(file: &str) {
    let etc = "/etc/smc-shim.conf";
    let check = |script: &str| run(&format!("{script} smcctl check")).out;
    let flat = |text: String| text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(!check("").contains(" conf "), "there is no file");
    let same = flat(check(&format!("cp {file} {etc};")));
    assert!(
        same.contains("conf the kernel has all of /etc/smc-shim.conf"),
        "{same}"
    );
    let changed = flat(check(
        "sysctl -q -w net.smc.wmem=140000; smcctl ueid remove SAVED-2 >&2
         smcctl ueid add SAVED-3 >&2;",
    ));
    for words in [
        "not set in the kernel: net.smc.wmem = 131072",
        "not set in the kernel: ueid SAVED-2",
        "set in the kernel, not in /etc/smc-shim.conf: ueid SAVED-3",
        "fix: smcctl apply",
    ] {
        assert!(changed.contains(words), "{words}: {changed}");
    }
    // The default file, and the printed command.
    let applied = said("smcctl apply");
    assert_eq!(applied.matches("changed ").count(), 2, "{applied}");
    assert_eq!(said("sysctl -n net.smc.wmem"), "131072\n");
    let wrong = check(&format!("echo laod >>{etc};"));
    assert!(wrong.contains("unknown setting \"laod\""), "{wrong}");
    said(&format!("rm {etc}"));
}

fn what_fails_does_not_keep_the_rest_from_being_set() {
    let output = run(
        "printf 'net.smc.nosuch = 1\\nnet.smc.wmem = 1\\nueid LAST\\n\
                      pnetid OTHER net smcsaved\\nnet.smc.rmem = 65536\\n' | smcctl apply -",
    );
    assert_eq!(output.status, 1, "{output:?}");
    for words in [
        "standard input:1: this kernel has no net.smc.nosuch",
        "standard input:2: invalid value of net.smc.wmem \"1\": the kernel rejects it",
        "standard input:4: smcsaved already has pnetid SAVED",
        "fix: sudo smcctl pnetid remove SAVED",
    ] {
        assert!(output.err.contains(words), "{words}: {output:?}");
    }
    assert!(kernel("ueids").to_string().contains("LAST"), "{output:?}");
    said("smcctl ueid remove LAST >&2");
}
