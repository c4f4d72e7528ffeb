// SPDX-License-Identifier: MIT OR Apache-2.0
//! `make install` and `make uninstall`.

use crate::sandbox::{checkout, command, run, smcctl, Scratch};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn make(target: &str, destination: &Path) -> Command {
    let mut make = command("make");
    make.args(["-s", target, "PREFIX=/opt/smc"])
        .arg(format!("DESTDIR={}", destination.display()))
        .arg(format!("RELEASE={}", smcctl().parent().unwrap().display()))
        .current_dir(checkout());
    make
}

/// All files below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found.sort();
    found
}

#[test]
fn what_is_installed_works_and_is_removed_again() {
    let scratch = Scratch::new();
    run(&mut make("install", scratch.path())).quietly(0);
    let prefix = scratch.path().join("opt/smc");
    let expected = [
        "bin/smc_run",
        "bin/smcctl",
        "lib/libsmc_shim.so",
        "share/bash-completion/completions/smcctl",
        "share/fish/vendor_completions.d/smcctl.fish",
        "share/man/man1/smc_run.1",
        "share/man/man8/smcctl.8",
        "share/zsh/site-functions/_smcctl",
    ];
    let expected = expected.map(|file| prefix.join(file));
    assert_eq!(files(scratch.path()), expected);
    assert!(expected
        .iter()
        .all(|file| file.metadata().unwrap().len() > 0));

    let mut started = command(prefix.join("bin/smc_run"));
    let preload = run(started.args(["printenv", "LD_PRELOAD"]))
        .quietly(0)
        .to_owned();
    let library = prefix.join("lib/libsmc_shim.so");
    assert_eq!(preload, format!("{}\n", library.display()));

    run(&mut make("uninstall", scratch.path())).quietly(0);
    assert!(files(scratch.path()).is_empty());
}

#[test]
fn without_a_build_it_says_what_is_missing() {
    let scratch = Scratch::new();
    let mut install = make("install", scratch.path());
    let outcome = run(install.arg("RELEASE=/no/such/folder"));
    let line = "make install: /no/such/folder/smcctl is missing: make\n";
    assert!(outcome.stderr.starts_with(line), "{outcome:?}");
    assert!(outcome.code() != Some(0) && files(scratch.path()).is_empty());
}
