// SPDX-License-Identifier: MIT OR Apache-2.0
//! Configuration files, on whatever kernel this is.

use super::{run, said};
use kit::Kernel;

#[test]
fn nothing_is_applied_of_a_file_with_an_error() {
    let output = run(
        "printf 'ueid NEVER\\n# so\\nsied on\\nnet.smc.wmem = 256k\\nueid NEVER\\n' >$SCRATCH/conf
         smcctl apply $SCRATCH/conf; status=$?
         smcctl ueid 2>/dev/null | grep NEVER && exit 99
         sed 's/^/was: /' $SCRATCH/conf >&2; exit $status",
    );
    assert_eq!(output.status, 2, "{output:?}");
    assert_eq!(output.out, "", "{output:?}");
    let told: Vec<_> = output.err.lines().take(4).collect();
    for (line, words) in [
        (3, "unknown setting \"sied\": expected load, ueid"),
        (
            4,
            "invalid value of net.smc.wmem \"256k\": expected a decimal number",
        ),
        (
            5,
            "duplicate setting \"ueid NEVER\": line 1 sets it already",
        ),
    ] {
        let place = format!("/conf:{line}: {words}");
        assert!(told[line - 3].starts_with("smcctl: "), "{told:?}");
        assert!(told[line - 3].contains(&place), "{place}: {told:?}");
    }
    assert_eq!(told[3], "smcctl: nothing was changed");
}

#[test]
fn a_file_that_is_not_there_is_told_in_one_line() {
    let output = run("smcctl apply $SCRATCH/nosuch");
    assert_eq!(output.status, 1, "{output:?}");
    assert!(output.err.contains("cannot find "), "{output:?}");
    assert!(output.err.contains("fix: sudo smcctl save"), "{output:?}");
    let output = run("printf 'ueid \\377' | smcctl apply -");
    assert_eq!(output.status, 1, "{output:?}");
    assert!(
        output.err.contains("cannot read standard input: not UTF-8"),
        "{output:?}"
    );
    assert_eq!(said("smcctl apply /dev/null"), "/dev/null: no settings\n");
}

/// Where the kernel has no SMC each setting fails for that reason, which is told once.
#[test]
fn without_smc_nothing_can_be_set() {
    if kit::skips(
        Kernel::expected() != Kernel::Without,
        "needs a kernel without SMC",
    ) {
        return;
    }
    for option in ["", "--dry-run"] {
        let output = run(&format!(
            "printf 'load\\nueid A\\nnet.smc.wmem = 70000\\n' | smcctl apply - {option}"
        ));
        assert_eq!(output.status, 1, "{output:?}");
        assert_eq!(output.out.matches("failed").count(), 3, "{output:?}");
        assert!(output.err.contains("has no SMC"), "{output:?}");
        assert!(output.err.lines().count() <= 2, "{output:?}");
    }
    let output = run("smcctl save $SCRATCH/conf; status=$?; ls $SCRATCH; exit $status");
    assert_eq!((output.status, output.out.as_str()), (1, ""), "{output:?}");
}

/// The keys that smcctl(8) documents.
#[test]
fn json_is_as_documented() {
    let output = run("printf 'load\\npnetid A net nosuch0\\n' | smcctl apply - -n --json");
    let json: serde_json::Value = serde_json::from_str(&output.out).unwrap();
    let keys = |value: &serde_json::Value| -> Vec<String> {
        value.as_object().unwrap().keys().cloned().collect()
    };
    assert_eq!(keys(&json), ["dry_run", "file", "settings"]);
    let settings = json["settings"].as_array().unwrap();
    assert_eq!(settings.len(), 2);
    for setting in settings {
        let documented = ["fix", "line", "note", "outcome", "reason", "setting"];
        assert_eq!(keys(setting), documented);
        let outcome = setting["outcome"].as_str().unwrap();
        assert!(["already", "would-change", "failed"].contains(&outcome));
        assert_eq!(setting["reason"].is_null(), outcome != "failed");
    }
}
