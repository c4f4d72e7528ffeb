// SPDX-License-Identifier: MIT OR Apache-2.0
//! What reaches the command: arguments, environment, descriptors, its own exit.

use crate::sandbox::{command, library, run, script, smc_run, Scratch, AWKWARD};
use std::fs;
use std::process::Stdio;

/// `LD_PRELOAD` that the command gets, started with `value` in it.
fn preload(options: &[&str], value: &str) -> String {
    let arguments = options.iter().copied().chain(["printenv", "LD_PRELOAD"]);
    run(smc_run(arguments).env("LD_PRELOAD", value))
        .quietly(0)
        .trim_end()
        .to_owned()
}

#[test]
fn the_library_is_in_the_command() {
    let maps = run(&mut smc_run(["cat", "/proc/self/maps"]))
        .quietly(0)
        .to_owned();
    let library = library().canonicalize().unwrap(); // as the kernel shows it
    assert!(maps.contains(library.to_str().unwrap()), "{maps}");
    let without = run(command("cat").arg("/proc/self/maps"));
    assert!(
        !without.quietly(0).contains("libsmc_shim.so"),
        "the control has it, too"
    );
}

#[test]
fn every_quoting_survives() {
    let outcome = run(&mut smc_run(["printf", "%s\\0"].iter().chain(&AWKWARD)));
    let words: Vec<_> = outcome.quietly(0).split_terminator('\0').collect();
    assert_eq!(words, AWKWARD);
}

#[test]
fn an_existing_preload_is_kept_behind_ours() {
    let ours = library().to_str().unwrap().to_owned();
    assert_eq!(preload(&[], ""), ours);
    assert_eq!(preload(&[], "libm.so.6"), format!("{ours}:libm.so.6"));
    assert_eq!(
        preload(&[], "libm.so.6 libdl.so.2"),
        format!("{ours}:libm.so.6:libdl.so.2")
    );
}

#[test]
fn ours_is_preloaded_once() {
    let ours = library().to_str().unwrap().to_owned();
    assert_eq!(
        preload(&[], &format!("libm.so.6:{ours}")),
        format!("{ours}:libm.so.6")
    );
    let again = script();
    assert_eq!(
        preload(&[again.to_str().unwrap()], "libm.so.6"),
        format!("{ours}:libm.so.6")
    );
    let installed = Scratch::new();
    let inner = installed.install("lib/libsmc_shim.so");
    let inside = installed.path().join("lib/libsmc_shim.so");
    assert_eq!(
        preload(&[inner.to_str().unwrap()], ""),
        inside.to_str().unwrap()
    );
}

#[test]
fn the_environment_is_otherwise_untouched() {
    let mut user = vec![
        ("PATH", std::env::var("PATH").unwrap()),
        ("PWD", "/".into()),
    ];
    for name in [
        "dir", "file", "name", "library", "status", "value", "line", "IFS_", "HOME",
    ] {
        user.push((name, format!("{name} 'is' the\nuser's")));
    }
    let mut direct = command("env");
    let mut wrapped = smc_run(["env", "-0"]);
    if let Some(target) = std::env::var_os("CARGO_TARGET_DIR") {
        user.push(("CARGO_TARGET_DIR", target.into_string().unwrap()));
    }
    let direct = run(direct
        .arg("-0")
        .env_clear()
        .envs(user.iter().cloned())
        .current_dir("/"));
    let wrapped = run(wrapped
        .env_clear()
        .envs(user.iter().cloned())
        .current_dir("/"));
    let sorted = |text: &str| {
        let mut all: Vec<_> = text.split_terminator('\0').map(str::to_owned).collect();
        all.retain(|one| !one.starts_with("LD_PRELOAD=") && !one.starts_with("SHLVL="));
        all.sort();
        all
    };
    assert_eq!(sorted(wrapped.quietly(0)), sorted(direct.quietly(0)));
}

#[test]
fn the_command_replaces_the_script() {
    let outcome = run(&mut smc_run(["sh", "-c", "echo $$"]));
    assert_eq!(outcome.quietly(0), format!("{}\n", outcome.pid));
}

#[test]
fn exit_status_and_signal_are_the_commands() {
    for code in [0, 1, 2, 3, 42, 126, 255] {
        run(&mut smc_run(["sh", "-c", &format!("exit {code}")])).quietly(code);
    }
    for signal in [1, 9, 13, 15] {
        let outcome = run(&mut smc_run(["sh", "-c", &format!("kill -{signal} $$")]));
        assert_eq!(
            (outcome.signal(), outcome.code()),
            (Some(signal), None),
            "{outcome:?}"
        );
    }
}

#[test]
fn what_cannot_be_started_ends_as_in_a_shell() {
    let scratch = Scratch::new();
    let text = scratch.write("not-executable", "text");
    let text = text.to_str().unwrap();
    let path = format!("{}:/usr/bin:/bin", scratch.path().display());
    let cases = [
        ("no-such-program", 127),
        ("./no/such/program", 127),
        ("", 127),
        ("not-executable", 126),
        (text, 126),
        ("/usr", 126),
    ];
    for (program, code) in cases {
        let outcome = run(smc_run([program, "argument"]).env("PATH", &path));
        let line = outcome.refused(code);
        assert!(line.starts_with(&format!("smc_run: {program}: ")), "{line}");
        let mut shell = command("/bin/sh");
        shell
            .args(["-c", "exec \"$@\"", "sh", program, "argument"])
            .env("PATH", &path);
        let shell = run(&mut shell);
        // A shell may take '' for a folder; nothing else is left to taste.
        assert!(
            shell.code() == Some(code) || program.is_empty(),
            "{shell:?}"
        );
    }
}

#[test]
fn the_program_that_is_judged_is_the_one_that_is_started() {
    let scratch = Scratch::new();
    fs::create_dir_all(scratch.path().join("folder/program")).unwrap();
    scratch.write("text/program", "not executable");
    fs::create_dir(scratch.path().join("right")).unwrap();
    scratch.compile("right/program", &["-static"], "");
    scratch.program("late/program", "#!/bin/sh\n");
    let folders = ["folder", "text", "right", "late"].map(|name| scratch.path().join(name));
    let system = ["/usr/bin", "/bin"].map(std::path::PathBuf::from);
    let path = std::env::join_paths(folders.iter().chain(&system)).unwrap();
    let outcome = run(smc_run(["program"]).env("PATH", path));
    assert!(
        outcome.one_line(7).contains("program is statically linked"),
        "{outcome:?}"
    );
}

#[test]
fn standard_input_is_the_commands_alone() {
    let scratch = Scratch::new();
    let input = scratch.write("input", "first\nsecond\n");
    let mut command = smc_run(["cat"]);
    command.stdin(Stdio::from(fs::File::open(input).unwrap()));
    assert_eq!(run(&mut command).quietly(0), "first\nsecond\n");
}

#[test]
fn closed_descriptors_stay_closed_and_open_none() {
    let scratch = Scratch::new();
    let report = scratch.path().join("report");
    // Collected first: the descriptor of the report itself must not be seen.
    let look = "all=; for fd in 0 1 2 3 4 5; do [ ! -e /proc/$$/fd/$fd ] || all=$all$fd; done";
    for (closed, open) in [
        ("<&-", "12"),
        (">&-", "02"),
        ("2>&-", "01"),
        ("<&- >&- 2>&-", ""),
        ("", "012"),
    ] {
        let outer = format!("exec \"$0\" sh -c '{look}; echo \"$all\" >\"$0\"' \"$1\" {closed}");
        let mut shell = command("/bin/sh");
        shell.args(["-c", &outer]).arg(script()).arg(&report);
        run(&mut shell).quietly(0);
        assert_eq!(
            fs::read_to_string(&report).unwrap(),
            format!("{open}\n"),
            "{closed}"
        );
    }
}

#[test]
fn disabled_means_nothing_but_the_command() {
    let scratch = Scratch::new();
    let alone = scratch.install_programs("bin", "bin"); // no library at all
    let mut disabled = command(&alone);
    disabled
        .args(["sh", "-c", "echo \"${LD_PRELOAD-none}\""])
        .env("SMC_DISABLE", "1");
    assert_eq!(run(&mut disabled).quietly(0), "none\n");
    let outcome = run(smc_run(["--require", "echo", "started"]).env("SMC_DISABLE", "1"));
    assert!(outcome
        .refused(2)
        .contains("--require: conflicts with SMC_DISABLE=1"));
    let outcome = run(smc_run(["printenv", "LD_PRELOAD"]).env("SMC_DISABLE", "0"));
    assert_eq!(outcome.quietly(0).trim_end(), library().to_str().unwrap());
}

#[test]
fn no_setting_of_the_host_is_touched() {
    let scratch = Scratch::new();
    let marker = scratch.path().join("called");
    for tool in ["sudo", "sysctl", "modprobe", "su", "pkexec"] {
        scratch.program(
            tool,
            format!("#!/bin/sh\necho {tool} >>'{}'\n", marker.display()),
        );
    }
    let path = format!(
        "{}:{}",
        scratch.path().display(),
        std::env::var("PATH").unwrap()
    );
    let options = [
        "-r",
        "16m",
        "-t",
        "16m",
        "-d",
        "--require",
        "echo",
        "started",
    ];
    assert_eq!(run(smc_run(options).env("PATH", &path)).stdout, "started\n");
    assert!(!marker.exists(), "{:?}", fs::read_to_string(&marker));
    run(command("sysctl").env("PATH", &path)).quietly(0);
    assert!(marker.exists(), "the control was not noticed");
}
