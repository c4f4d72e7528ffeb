// SPDX-License-Identifier: MIT OR Apache-2.0
//! Programs that cannot be preloaded: recognised, said, run on TCP or refused.

use crate::sandbox::{as_nobody, command, is_root, library, run, script, smc_run, Scratch, NOBODY};
use std::fs;
use std::os::unix::fs::{chown, MetadataExt, PermissionsExt};
use std::path::Path;
use std::process::Command;

const GO_NOTE: &str = r#"__asm__(".pushsection .note.go.buildid,\"a\",@note\n"
    ".p2align 2\n .long 4, 4, 4\n .asciz \"Go\\0\"\n .ascii \"test\"\n .popsection");"#;
const GO_SECTION: &str = r#"__asm__(".pushsection .go.buildinfo,\"a\"\n .long 1\n .popsection");"#;

/// It is started all the same (ends with 7), one line says why it cannot be SMC,
/// and whoever insists on SMC gets a refusal with the same reason.
#[track_caller]
pub fn runs_on_tcp(program: &Path, why: &str) {
    let name = program.display();
    let outcome = run(&mut smc_run([program]));
    assert_eq!(
        outcome.one_line(7),
        format!("smc_run: {name} {why}; it runs on TCP")
    );
    is_refused(program, why);
}

/// Whoever insists on SMC gets a refusal with this reason.
#[track_caller]
pub fn is_refused(program: &Path, why: &str) {
    let name = program.display();
    let by_option = run(smc_run(["--require"]).arg(program));
    let line = format!("smc_run: {name} {why}; not started because of");
    assert_eq!(by_option.refused(3), format!("{line} --require"));
    let by_variable = run(smc_run([program]).env("SMC_REQUIRE", "1"));
    assert_eq!(by_variable.refused(3), format!("{line} SMC_REQUIRE"));
}

/// What the command would be started with, from `-n`: with our library or not.
pub fn is_preloaded(program: &Path) -> bool {
    run(smc_run(["-n"]).arg(program))
        .stdout
        .contains("libsmc_shim.so")
}

#[test]
fn an_ordinary_program_is_started_without_a_word() {
    let scratch = Scratch::new();
    for (name, options) in [("pie", &["-pie"][..]), ("not-pie", &["-no-pie"])] {
        let program = scratch.compile(name, options, "");
        run(&mut smc_run([&program])).quietly(7);
        run(smc_run(["--require"]).arg(&program)).quietly(7);
    }
}

#[test]
fn static_programs_are_recognised() {
    let scratch = Scratch::new();
    for option in ["-static", "-static-pie"] {
        let program = scratch.compile("it's a \"static\" $one", &[option], "");
        runs_on_tcp(
            &program,
            "is statically linked, so no library can be preloaded",
        );
        assert!(is_preloaded(&program), "what it starts may well use SMC");
    }
}

#[test]
fn the_loader_as_a_command_is_not_static() {
    let loader = [
        "/lib64/ld-linux-x86-64.so.2",
        "/lib/ld-linux-aarch64.so.1",
        "/lib/ld64.so.1",
    ];
    let loader = loader
        .into_iter()
        .find(|path| Path::new(path).exists())
        .expect("a loader");
    let cat = ["--require", loader, "/usr/bin/cat", "/proc/self/maps"];
    assert!(run(&mut smc_run(cat)).quietly(0).contains("libsmc_shim.so"));
}

#[test]
fn go_programs_are_recognised_though_dynamic() {
    let scratch = Scratch::new();
    let why = "is a Go program, which makes system calls without the C library";
    for (name, source) in [("note", GO_NOTE), ("section", GO_SECTION)] {
        let program = scratch.compile(name, &[], source);
        runs_on_tcp(&program, why);
        assert!(is_preloaded(&program), "what it starts may well use SMC");
    }
    let program = scratch.compile("static", &["-static"], GO_NOTE);
    runs_on_tcp(&program, why);
}

#[test]
fn a_program_that_only_mentions_go_is_not_go() {
    let scratch = Scratch::new();
    let other_owner = GO_NOTE
        .replace("Go\\\\0", "Gox")
        .replace(".note.go.buildid", ".note.gox");
    assert_ne!(other_owner, GO_NOTE);
    let text = "const char text[] = \"Go\\0.go.buildinfo\";";
    for (name, source) in [("owner", other_owner.as_str()), ("text", text)] {
        run(&mut smc_run([scratch.compile(name, &[], source)])).quietly(7);
    }
}

#[test]
fn musl_programs_are_recognised_and_get_no_library() {
    let scratch = Scratch::new();
    let machine = run(command("uname").arg("-m")).stdout;
    let loader = format!("/lib/ld-musl-{}.so.1", machine.trim_end());
    let option = format!("-Wl,--dynamic-linker={loader}");
    let program = scratch.compile("musl", &[&option], "");
    let why = format!("is linked with musl ({loader}), libsmc_shim.so with another C library");
    is_refused(&program, &why);
    let dry = run(smc_run(["-n"]).arg(&program).env("LD_PRELOAD", "libm.so.6"));
    assert_eq!(
        dry.one_line(0),
        format!("smc_run: {} {why}; it runs on TCP", program.display())
    );
    assert_eq!(
        dry.stdout,
        format!("LD_PRELOAD=libm.so.6 {}\n", program.display())
    );
    // Nor does the one stay that an outer smc_run has put there.
    let outer = library().into_os_string();
    let nested = run(smc_run(["-n"]).arg(&program).env("LD_PRELOAD", outer));
    assert_eq!(nested.stdout, format!("{}\n", program.display()));
}

#[test]
fn another_loader_is_recognised() {
    let scratch = Scratch::new();
    let program = scratch.compile("other", &["-Wl,--dynamic-linker=/lib/ld-other.so.9"], "");
    let line = run(smc_run(["--require"]).arg(&program))
        .refused(3)
        .to_owned();
    assert!(
        line.contains("needs the loader /lib/ld-other.so.9, libsmc_shim.so needs /lib"),
        "{line}"
    );
    assert!(!is_preloaded(&program));
}

/// A copy of an ordinary program with other rights, and whose it is.
fn privileged(scratch: &Scratch, name: &str, owner: u32, mode: u32) -> std::path::PathBuf {
    let program = scratch.compile(name, &[], "");
    chown(&program, Some(owner), Some(owner)).expect("chown");
    fs::set_permissions(&program, fs::Permissions::from_mode(mode)).expect("chmod");
    program
}

#[test]
fn set_user_id_programs_are_recognised() {
    let scratch = Scratch::new();
    let why = |kind: &str| format!("is {kind}, so the loader ignores LD_PRELOAD");
    if is_root() {
        runs_on_tcp(
            &privileged(&scratch, "suid", NOBODY, 0o4755),
            &why("set-user-ID"),
        );
        runs_on_tcp(
            &privileged(&scratch, "sgid", NOBODY, 0o2755),
            &why("set-group-ID"),
        );
        // With no_new_privs the kernel does not look at these bits, and the loader preloads:
        // it is the library that complains.
        for (name, mode) in [("suid-nnp", 0o4755), ("sgid-nnp", 0o2755)] {
            let program = privileged(&scratch, name, NOBODY, mode);
            let no_new_privs = || {
                let mut command = command("setpriv");
                command.args(["--nnp", "--"]);
                command
            };
            run(no_new_privs().arg(script()).arg("--require").arg(&program)).quietly(7);
            let exec = format!("exec env SMC_PORTS=x LD_PRELOAD={}", library().display());
            let exec = format!("{exec} \"$0\"");
            let preloaded = run(no_new_privs().args(["sh", "-c", &exec]).arg(&program));
            assert!(preloaded.stderr.contains("SMC_PORTS"), "{preloaded:?}");
        }
        // Already that user: the loader has nothing to protect.
        for (name, owner, mode) in [("own", 0, 0o6755), ("plain", NOBODY, 0o755)] {
            run(&mut smc_run([privileged(&scratch, name, owner, mode)])).quietly(7);
        }
    }
    // The system's own, started by somebody who is not root.
    scratch.install("lib/libsmc_shim.so");
    let system = [
        "/usr/bin/su",
        "/usr/bin/passwd",
        "/usr/bin/mount",
        "/bin/su",
    ];
    let is_suid =
        |path: &&str| fs::metadata(path).is_ok_and(|m| m.uid() == 0 && m.mode() & 0o4000 != 0);
    let system = system
        .into_iter()
        .find(is_suid)
        .expect("a set-user-ID program of the system");
    let mut refused = command(scratch.path().join("bin/smc_run"));
    refused
        .args(["--require", system, "--help"])
        .current_dir("/");
    let outcome = run(as_nobody(&mut refused));
    assert!(
        outcome
            .refused(3)
            .starts_with(&format!("smc_run: {system} {}", why("set-user-ID"))),
        "{outcome:?}"
    );
}

#[test]
fn file_capabilities_are_recognised() {
    let scratch = Scratch::new();
    scratch.install("lib/libsmc_shim.so");
    let program = scratch.compile("capable", &[], "");
    let path = format!("{}:/sbin:/usr/sbin", std::env::var("PATH").unwrap());
    let granted = Command::new("setcap")
        .env("PATH", path)
        .arg("cap_net_raw+ep")
        .arg(&program)
        .output();
    if !granted.is_ok_and(|done| done.status.success()) {
        println!(
            "skipped: setcap (libcap2-bin, root, a file system with attributes) cannot be used"
        );
        return;
    }
    let mut other = command(scratch.path().join("bin/smc_run"));
    other.arg("--require").arg(&program).current_dir("/");
    let outcome = run(as_nobody(&mut other));
    assert!(
        outcome
            .refused(3)
            .contains("has file capabilities, so the loader ignores"),
        "{outcome:?}"
    );
    run(smc_run(["--require"]).arg(&program)).quietly(7); // root gains nothing by them
}
