// SPDX-License-Identifier: MIT OR Apache-2.0
//! Findings about fixture kernels.

use super::super::finding::{Finding, Level};
use super::super::Privilege;
use super::*;
use crate::system::fixtures::Tree;

fn findings(tree: &Tree) -> Vec<Finding> {
    read(&tree.root()).findings(Privilege::Root)
}

#[test]
fn an_unloaded_module_has_a_fix() {
    let tree = Tree::debian_612();
    let found = findings(&tree);
    assert_eq!(found[0].level, Level::Problem);
    assert_eq!(found[0].fix, ["smcctl load"]);
    tree.write("sys/module/smc/initstate", "live\n");
    tree.write("sys/module/smc_diag/initstate", "live\n");
    assert!(findings(&tree)
        .iter()
        .all(|finding| finding.level <= Level::Note));
}

#[test]
fn a_kernel_without_smc_differs_from_one_without_the_module() {
    let tree = Tree::new();
    tree.write("proc/sys/kernel/osrelease", "7.3.4-amd64\n");
    tree.write("etc/os-release", "ID=debian\n");
    assert!(findings(&tree)[0]
        .what
        .contains("no module smc is installed"));
    tree.write(
        "boot/config-7.3.4-amd64",
        "# CONFIG_SMC is not set\nCONFIG_SMC_LO=n\n",
    );
    let found = findings(&tree);
    assert_eq!(found.len(), 1);
    assert!(found[0].what.contains("built without SMC"), "{found:?}");
    assert!(found[0].why.contains("smcctl explain debian"), "{found:?}");
    tree.write("etc/os-release", "ID=pop\nID_LIKE=\"ubuntu debian\"\n");
    tree.write("boot/config-7.3.4-amd64", "CONFIG_SMC=m\n");
    assert_eq!(
        findings(&tree)[0].fix,
        ["apt-get install linux-modules-extra-7.3.4-amd64"]
    );
}

#[test]
fn the_configuration_of_the_running_kernel_comes_first() {
    let tree = Tree::debian_612();
    tree.write_gz("proc/config.gz", "CONFIG_SMC=y\nCONFIG_SMC_LO=y\n");
    let kernel = read(&tree.root());
    assert_eq!(kernel.configured("SMC_LO"), Some(true));
    assert_eq!(kernel.configured("SMC_DIAG"), Some(false));
    assert_eq!(kernel.built_with_loopback(), Some(true));
}

#[test]
fn a_custom_kernel_needs_no_lists_of_modules() {
    let tree = Tree::new();
    tree.write("proc/sys/kernel/osrelease", "6.12.0\n");
    tree.write("proc/sys/net/smc/rmem", "65536\n");
    assert!(read(&tree.root()).has_smc());
    let tree = Tree::new();
    tree.write_gz("proc/config.gz", "CONFIG_SMC=y\nCONFIG_SMC_DIAG=y\n");
    assert!(findings(&tree)
        .iter()
        .all(|finding| finding.level <= Level::Note));
}

#[test]
fn the_file_that_blocks_a_module_is_named() {
    let tree = Tree::debian_612();
    tree.write("etc/modprobe.d/harden.conf", "install smc /bin/false\n");
    let found = findings(&tree);
    assert!(found[0].what.contains("/etc/modprobe.d/harden.conf"));
    assert_eq!(found[0].fix.len(), 2);
    tree.write("etc/modprobe.d/harden.conf", "blacklist smc\n");
    assert_eq!(findings(&tree)[0].fix, ["smcctl load"]);
}
