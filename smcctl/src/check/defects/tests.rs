// SPDX-License-Identifier: MIT OR Apache-2.0
//! Findings about fixture kernels.

use super::super::finding::Level;
use super::super::kernel::read;
use super::*;
use crate::system::fixtures::Tree;

/// A host that can load SMC, with its `uname -r` and `-v`.
fn host(release: &str, build: &str) -> Tree {
    let tree = Tree::new();
    tree.write("etc/os-release", "ID=debian\n");
    tree.write("proc/sys/kernel/osrelease", &format!("{release}\n"));
    tree.write("proc/sys/kernel/version", &format!("{build}\n"));
    let modules = format!("lib/modules/{release}/modules.dep");
    tree.write(&modules, "kernel/net/smc/smc.ko.xz:\n");
    tree
}

fn found_on(tree: &Tree) -> Vec<Finding> {
    findings(&read(&tree.root()), Privilege::User)
}

fn levels(found: &[Finding]) -> Vec<Level> {
    found.iter().map(|one| one.level).collect()
}

fn debian(release: &str, package: &str) -> Vec<Finding> {
    found_on(&host(
        release,
        &format!("#1 SMP PREEMPT_DYNAMIC Debian {package} (2026-10-01)"),
    ))
}

#[test]
fn an_old_debian_kernel_has_a_warning_with_a_fix() {
    let found = debian("6.12.107+deb13-cloud-amd64", "6.12.107-1");
    assert_eq!(levels(&found), [Level::Warning, Level::Note]);
    assert_eq!(
        found[0].what,
        "6.12.107 has vulnerabilities in SMC: CVE-2026-46330, CVE-2026-80982, CVE-2026-80980; \
         fixed in 6.12.114"
    );
    assert_eq!(
        found[0].fix,
        [
            "sudo apt-get update",
            "sudo apt-get install linux-image-cloud-amd64",
            "sudo reboot"
        ]
    );
    let found = debian("6.1.0-20-amd64", "6.1.64-1");
    assert_eq!(
        levels(&found),
        [Level::Warning, Level::Warning, Level::Note]
    );
    for name in VULNERABILITIES.iter().map(|one| one.name) {
        assert!(found[0].what.contains(name), "{found:?}");
    }
    assert!(found[0].what.ends_with("fixed in 6.1.191"), "{found:?}");
    assert_eq!(
        found[1].what,
        "6.1.64 has bugs in SMC: wrong data after recv with MSG_PEEK, wrong data after a \
         declined handshake, poll that never wakes a sender; fixed in 6.1.129"
    );
    // In a container of another distribution the commands would not help.
    let tree = host("6.12.107+deb13-amd64", "#1 SMP Debian 6.12.107-1");
    tree.write("etc/os-release", "ID=fedora\n");
    let found = found_on(&tree);
    assert_eq!((found[0].level, found[0].fix.len()), (Level::Warning, 0));
}

#[test]
fn each_vulnerability_ends_with_its_fix() {
    for (package, level) in [
        ("6.12.113-1", Level::Warning),
        ("6.12.114-1", Level::Ok),
        ("6.12.118-1", Level::Ok),
        ("6.1.190-1", Level::Warning),
        ("6.1.191-1", Level::Ok),
        ("6.19.3-1", Level::Warning),
        ("7.2.3-1", Level::Warning),
        ("7.2.4-1", Level::Ok),
        ("7.3.0-1", Level::Ok),
        ("8.0.1-1", Level::Ok),
    ] {
        let found = debian("6.12.1+deb13-amd64", package);
        assert_eq!(found[0].level, level, "{package}: {found:?}");
        assert_eq!(found.len(), 2, "{package}: {found:?}");
    }
    for one in VULNERABILITIES.iter().chain(BUGS) {
        assert!(one.stable.is_sorted(), "{}", one.name);
        let last = one.stable.iter().map(|(series, _)| *series).max();
        assert!(last < Some(one.mainline), "{}", one.name);
    }
}

#[test]
fn an_ambiguous_release_has_no_warning() {
    let plain = "#1 SMP PREEMPT_DYNAMIC Mon Nov 30 10:52:58 UTC 2026";
    for release in [
        "6.8.0-45-generic",
        "5.14.0-503.15.1.el9_5.s390x",
        "6.4.0-150600.23.25-default",
        "6.12.52-1-lts",
        "6.12.0-rc4",
        "7.3.0-rc2",
        "nonsense",
    ] {
        let found = found_on(&host(release, plain));
        assert_eq!(levels(&found), [Level::Note, Level::Note], "{release}");
        let expected = format!("unknown whether {release} has the fixes");
        assert!(found[0].what.starts_with(&expected), "{found:?}");
        assert!(found[0].why.contains("CVE-2026-"), "{found:?}");
        assert!(found.iter().all(|one| one.fix.is_empty()), "{found:?}");
    }
    // A distributor's kernel that is new enough has the fixes; in a series without data
    // they are unknown, or only known to be missing.
    for (release, level, word) in [
        ("6.12.114-1-lts", Level::Ok, "6.12.114 has the fixes"),
        ("6.18.52", Level::Note, "unknown whether 6.18.52"),
        ("6.18.49", Level::Warning, "fixed in 6.18.50"),
        ("6.12.118", Level::Ok, "6.12.118 has the fixes"),
        ("6.12.12", Level::Warning, "fixed in 6.12.114"),
    ] {
        let found = found_on(&host(release, plain));
        assert_eq!(found[0].level, level, "{release}: {found:?}");
        assert!(found[0].what.contains(word), "{release}: {found:?}");
    }
    let found = found_on(&host("6.12.12", plain));
    assert!(found[1].what.contains("MSG_PEEK"), "{found:?}");
    assert_eq!(found[0].fix.len() + found[1].fix.len(), 0);
}

#[test]
fn every_kernel_has_a_note_about_splice() {
    let note = |release: &str| {
        let found = found_on(&host(release, "#1 SMP"));
        found.last().unwrap().what.clone()
    };
    assert!(note("6.12.118").contains("in this kernel"));
    assert!(note("7.3.4").contains("in this kernel"));
    assert!(note("7.3.5").contains("in all kernels up to 7.3.4"));
    assert!(note("6.8.0-45-generic").contains("in this kernel"));
    assert!(note("7.4.0-rc1").contains("in all kernels up to 7.3.4"));
}

#[test]
fn a_kernel_without_smc_has_no_findings() {
    let tree = host("6.12.107+deb13-amd64", "#1 SMP Debian 6.12.107-1");
    tree.write("lib/modules/6.12.107+deb13-amd64/modules.dep", "");
    assert!(found_on(&tree).is_empty());
    let tree = host("6.12.107+deb13-amd64", "#1 SMP Debian 6.12.107-1");
    tree.write("etc/modprobe.d/no-smc.conf", "install smc /bin/false\n");
    assert!(found_on(&tree).is_empty());
}
