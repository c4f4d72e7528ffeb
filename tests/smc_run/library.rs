// SPDX-License-Identifier: MIT OR Apache-2.0
//! Where the library is found, and what happens when it is not.

use crate::sandbox::{command, library, run, script, Scratch};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

/// `LD_PRELOAD` that a command started by this `smc_run` gets.
fn preload(smc_run: &Path) -> PathBuf {
    let mut command = command(smc_run);
    PathBuf::from(
        run(command.args(["printenv", "LD_PRELOAD"]))
            .quietly(0)
            .trim_end(),
    )
}

/// Tries to start something with this `smc_run`; it must refuse with status 1.
#[track_caller]
fn refusal(smc_run: &Path, folder: &Path) -> String {
    let mut command = command(smc_run);
    command
        .args(["echo", "started"])
        .current_dir(folder)
        .env_remove("CARGO_TARGET_DIR");
    run(&mut command).refused(1).to_owned()
}

#[test]
fn an_installation_finds_its_own() {
    for place in [
        "lib/libsmc_shim.so",
        "lib/x86_64-linux-gnu/libsmc_shim.so",
        "lib/smc-shim/libsmc_shim.so",
        "lib/x86_64-linux-gnu/smc-shim/libsmc_shim.so",
        "lib64/libsmc_shim.so",
        "lib64/smc-shim/libsmc_shim.so",
    ] {
        let prefix = Scratch::new();
        let installed = prefix.install(place);
        assert_eq!(preload(&installed), prefix.path().join(place));
    }
}

#[test]
fn the_script_is_found_through_symbolic_links() {
    let prefix = Scratch::new();
    prefix.install("lib/libsmc_shim.so");
    fs::create_dir_all(prefix.path().join("elsewhere/deep")).unwrap();
    let far = prefix.path().join("elsewhere/deep/far");
    symlink("../near", &far).unwrap();
    symlink("../bin/smc_run", prefix.path().join("elsewhere/near")).unwrap();
    assert_eq!(preload(&far), prefix.path().join("lib/libsmc_shim.so"));

    // Through PATH, by a name without a slash, from a folder of another.
    let mut by_name = command("/bin/sh");
    let path = format!(
        "{}:/usr/bin:/bin",
        prefix.path().join("elsewhere/deep").display()
    );
    by_name
        .args(["-c", "far printenv LD_PRELOAD"])
        .env("PATH", path)
        .current_dir("/");
    let found = run(&mut by_name).quietly(0).trim_end().to_owned();
    assert_eq!(
        PathBuf::from(found),
        prefix.path().join("lib/libsmc_shim.so")
    );
}

#[test]
fn a_checkout_finds_its_build() {
    let scratch = Scratch::new();
    scratch.write("Cargo.toml", "");
    let copy = fs::read(library()).unwrap();
    scratch.install_programs(".", "elsewhere/release");
    let script = scratch.install_programs(".", "target/release");
    let built = scratch.write("target/release/libsmc_shim.so", &copy);
    let moved = scratch.write("elsewhere/release/libsmc_shim.so", &copy);
    let preload_with = |target: &str| {
        let mut command = command(&script);
        command
            .args(["printenv", "LD_PRELOAD"])
            .env("CARGO_TARGET_DIR", target)
            .current_dir("/");
        PathBuf::from(run(&mut command).quietly(0).trim_end())
    };
    let absolute = scratch.path().join("elsewhere");
    assert_eq!(preload_with(absolute.to_str().unwrap()), moved);
    assert_eq!(preload_with("elsewhere"), moved);
    assert_eq!(preload_with(""), built);
    assert_eq!(preload_with("/no/such/folder"), built);
}

#[test]
fn an_installation_ignores_the_target_folder_of_whatever_is_built() {
    let (prefix, other) = (Scratch::new(), Scratch::new());
    let installed = prefix.install("lib/libsmc_shim.so");
    other.write("release/libsmc_shim.so", fs::read(library()).unwrap());
    let mut command = command(installed);
    command
        .args(["printenv", "LD_PRELOAD"])
        .env("CARGO_TARGET_DIR", other.path());
    let found = run(&mut command).quietly(0).trim_end().to_owned();
    assert_eq!(
        PathBuf::from(found),
        prefix.path().join("lib/libsmc_shim.so")
    );
}

#[test]
fn a_missing_library_is_refused_with_the_way_out() {
    let scratch = Scratch::new();
    let installed = scratch.install_programs("bin", "bin");
    // Neither the current folder nor one of the loader's is a place to look.
    let trap = Scratch::new();
    for place in [
        "libsmc_shim.so",
        "lib/libsmc_shim.so",
        "target/release/libsmc_shim.so",
    ] {
        trap.write(place, fs::read(library()).unwrap());
    }
    let prefix = scratch.path().display();
    let build = "build it: cargo build --release -p smc-shim";
    assert_eq!(
        refusal(&installed, trap.path()),
        format!("smc_run: cannot find libsmc_shim.so in {prefix}/lib, lib/* or lib64; {build}")
    );
    scratch.write("Cargo.toml", "");
    let checkout = scratch.install_programs(".", "target/release");
    assert_eq!(
        refusal(&checkout, trap.path()),
        format!("smc_run: cannot find libsmc_shim.so in {prefix}/target/release; {build}")
    );
}

#[test]
fn a_missing_smcctl_is_named_with_the_way_out() {
    let scratch = Scratch::new();
    let installed = scratch.program("bin/smc_run", fs::read(script()).unwrap());
    scratch.write("Cargo.toml", "");
    let checkout = scratch.program("smc_run", fs::read(script()).unwrap());
    for (smc_run, place) in [(&installed, "bin"), (&checkout, "target/release")] {
        let smcctl = scratch.path().join(place).join("smcctl");
        let build = "build it: cargo build --release -p smc-shim -p smcctl";
        assert_eq!(
            refusal(smc_run, Path::new("/")),
            format!("smc_run: cannot find {}; {build}", smcctl.display())
        );
    }
}

#[test]
fn a_path_that_ld_preload_cannot_hold_is_refused() {
    for name in ["my folder", "a:b", "$LIB"] {
        let scratch = Scratch::new();
        let bin = format!("{name}/bin");
        let installed = scratch.install_programs(&bin, &bin);
        scratch.write(
            &format!("{name}/lib/libsmc_shim.so"),
            fs::read(library()).unwrap(),
        );
        let line = refusal(&installed, Path::new("/"));
        assert!(
            line.contains(name) && line.contains("cannot contain a path with a space, colon or"),
            "{line}"
        );
    }
}

#[test]
fn a_library_that_does_not_load_is_refused() {
    let scratch = Scratch::new();
    let installed = scratch.install_programs("bin", "bin");
    let broken = scratch.write("lib/libsmc_shim.so", "no library at all");
    let line = refusal(&installed, Path::new("/"));
    assert!(
        line.starts_with(&format!("smc_run: {}: ", broken.display())),
        "{line}"
    );
    assert!(
        line.contains("file too short") || line.contains("invalid ELF header"),
        "{line}"
    );
    assert!(
        line.ends_with("build it for this machine: cargo build --release -p smc-shim"),
        "{line}"
    );
}

#[test]
fn a_library_of_another_machine_is_passed_over() {
    let scratch = Scratch::new();
    let installed = scratch.install("lib/x86_64-linux-gnu/libsmc_shim.so");
    let mut foreign = fs::read(library()).unwrap();
    foreign[4] = 1; // ELFCLASS32
    scratch.write("lib/i386-linux-gnu/libsmc_shim.so", foreign);
    let own = scratch.path().join("lib/x86_64-linux-gnu/libsmc_shim.so");
    assert_eq!(preload(&installed), own);
    fs::remove_file(own).unwrap();
    let line = refusal(&installed, Path::new("/"));
    assert!(
        line.contains("i386-linux-gnu/libsmc_shim.so: wrong ELF class"),
        "{line}"
    );
}
