// SPDX-License-Identifier: MIT OR Apache-2.0
//! Programs with a sanitizer, whose runtime wants to be the first library: they run, and
//! what is checked in them and in what they start is what is checked without `smc_run`.

use crate::sandbox::{command, library, run, smc_run, Scratch};
use std::path::{Path, PathBuf};
use std::process::Command;

/// What a program does when its argument is the word: an error of each kind, or none.
const ERRORS: &str = r#"
#include <netinet/in.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
static int shared;
static void *counts(void *none) { for (int i = 0; i < 1000; i++) shared++; return none; }
__attribute__((constructor)) static void errs(int count, char **words) {
    const char *word = count > 1 ? words[1] : "";
    volatile char *memory = malloc(8);
    if (!strcmp(word, "freed")) { free((void *)memory); _exit(memory[1] == 42); }
    if (!strcmp(word, "lost")) { memory = 0; return; }
    if (!strcmp(word, "races")) {
        pthread_t threads[2];
        for (int i = 0; i < 2; i++) pthread_create(&threads[i], 0, counts, 0);
        for (int i = 0; i < 2; i++) pthread_join(threads[i], 0);
    }
    if (!strcmp(word, "starts")) _exit(system(words[2]) >> 8);
    if (!strcmp(word, "accepts")) { // a call of which the library has a hook
        struct sockaddr_in any = { .sin_family = AF_INET }; socklen_t size = sizeof any;
        int listener = socket(AF_INET, SOCK_STREAM, 0), fd = socket(AF_INET, SOCK_STREAM, 0);
        if (listen(listener, 1)) abort();
        getsockname(listener, (struct sockaddr *)&any, &size);
        if (connect(fd, (struct sockaddr *)&any, size)) abort();
        accept(listener, (struct sockaddr *)memory, &size);
    }
    free((void *)memory);
}
"#;

fn compile(scratch: &Scratch, name: &str, options: &[&str]) -> PathBuf {
    let options: Vec<&str> = ["-g", "-pthread"].iter().chain(options).copied().collect();
    scratch.compile(name, &options, ERRORS)
}

/// A runtime of gcc, as the loader finds it.
pub fn runtime(name: &str) -> String {
    let mut cc = Command::new("cc");
    let asked = cc.arg(format!("-print-file-name={name}")).output().unwrap();
    let path = PathBuf::from(String::from_utf8(asked.stdout).unwrap().trim_end());
    let path = path.canonicalize().expect("libgcc-dev");
    let headers = run(command("readelf").arg("-dW").arg(&path));
    let soname = headers.quietly(0).split("soname: [").nth(1).unwrap();
    soname.split(']').next().unwrap().to_owned()
}

/// What was found: the kind of each error.
fn found(said: &str) -> Vec<&str> {
    said.lines()
        .filter(|line| line.starts_with("SUMMARY: "))
        .collect()
}

/// That the program finds as much with the library as without.
#[track_caller]
fn finds(program: &Path, word: &str, kind: &str) {
    let alone = run(command(program).arg(word));
    let with = run(smc_run([program]).arg(word));
    assert_eq!(found(&alone.stderr).len(), 1, "{alone:?}");
    assert!(found(&alone.stderr)[0].contains(kind), "{alone:?}");
    assert_eq!(found(&with.stderr), found(&alone.stderr), "{with:?}");
    assert!(!with.stderr.contains("smc_run: "), "{with:?}");
    assert_eq!(with.code(), alone.code(), "{with:?}");
}

#[test]
fn a_program_that_is_right_runs() {
    let scratch = Scratch::new();
    for sanitizer in ["address", "leak", "thread", "undefined"] {
        let option = format!("-fsanitize={sanitizer}");
        let program = compile(&scratch, sanitizer, &[&option]);
        run(smc_run(["--require"]).arg(&program)).quietly(7);
    }
    for runtime in ["-static-libasan", "-static-libtsan"] {
        let sanitizer = if runtime.contains("asan") {
            "-fsanitize=address"
        } else {
            "-fsanitize=thread"
        };
        let program = compile(&scratch, runtime, &[sanitizer, runtime]);
        run(smc_run(["--require"]).arg(&program)).quietly(7);
    }
}

#[test]
fn what_is_wrong_is_found_as_without() {
    let scratch = Scratch::new();
    for options in [
        &["-fsanitize=address"][..],
        &["-fsanitize=address", "-static-libasan"],
    ] {
        let program = compile(&scratch, "address", options);
        finds(&program, "freed", "heap-use-after-free");
        finds(&program, "accepts", "heap-buffer-overflow");
        finds(&program, "lost", "8 byte(s) leaked in 1 allocation(s)");
    }
    let program = compile(&scratch, "leak", &["-fsanitize=leak"]);
    finds(&program, "lost", "8 byte(s) leaked in 1 allocation(s)");
    for options in [
        &["-fsanitize=thread"][..],
        &["-fsanitize=thread", "-static-libtsan"],
    ] {
        let program = compile(&scratch, "thread", options);
        finds(&program, "races", "data race");
        finds(&program, "freed", "heap-use-after-free");
    }
}

/// The setting that the runtime needs is behind the user's own.
#[test]
fn its_own_options_stay() {
    let scratch = Scratch::new();
    let program = compile(&scratch, "address", &["-fsanitize=address"]);
    let mut with = smc_run(["--require"]);
    with.arg(&program)
        .args(["starts", "echo $ASAN_OPTIONS; exit 3"])
        .env("ASAN_OPTIONS", "exitcode=5:detect_leaks=0");
    let said = run(&mut with).quietly(3).to_owned();
    assert_eq!(said, "exitcode=5:detect_leaks=0:verify_asan_link_order=0\n");
    let mut with = smc_run([&program]);
    with.arg("freed").env("ASAN_OPTIONS", "exitcode=5");
    assert_eq!(run(&mut with).code(), Some(5));
    let mut with = smc_run([&program]);
    with.arg("lost").env("ASAN_OPTIONS", "detect_leaks=0");
    run(&mut with).quietly(7);
}

/// A program without a sanitizer is not checked because its parent is.
#[test]
fn what_it_starts_is_not_checked() {
    let scratch = Scratch::new();
    let ordinary = compile(&scratch, "ordinary", &[]);
    let program = compile(&scratch, "address", &["-fsanitize=address"]);
    let mut with = smc_run([&program]);
    with.args(["starts", "echo $LD_PRELOAD; exec \"$ORDINARY\" lost"])
        .env("ORDINARY", ordinary);
    let ours = library().into_os_string().into_string().unwrap();
    assert_eq!(run(&mut with).quietly(7), format!("{ours}\n"));
}

/// Others get nothing, unless the user's settings say that there are such programs.
#[test]
fn it_is_set_where_it_is_needed() {
    let scratch = Scratch::new();
    let set = |value: Option<&str>, preload: &str| {
        let mut with = smc_run(["sh", "-c", "echo ${ASAN_OPTIONS-unset}"]);
        with.env_remove("ASAN_OPTIONS").env("LD_PRELOAD", preload);
        with.envs(value.map(|value| ("ASAN_OPTIONS", value)));
        run(&mut with).quietly(0).trim_end().to_owned()
    };
    assert_eq!(set(None, ""), "unset");
    assert_eq!(set(Some("a=1"), ""), "a=1:verify_asan_link_order=0");
    let program = compile(&scratch, "address", &["-fsanitize=address"]);
    let mut test = smc_run(["sh", "-c", "\"$0\"; exit $?"]);
    test.arg(&program).env("ASAN_OPTIONS", "exitcode=5");
    run(&mut test).quietly(7);
    // A script that such a program reads.
    let script = scratch.program("script", format!("#!{}\n", program.display()));
    run(&mut smc_run([script])).quietly(7);
}

#[test]
fn a_runtime_that_is_preloaded_stays_in_front() {
    let ours = library().into_os_string().into_string().unwrap();
    for name in ["libasan.so", "liblsan.so"] {
        let runtime = runtime(name);
        let mut with = smc_run(["printenv", "LD_PRELOAD"]);
        with.env("LD_PRELOAD", format!("{runtime}:libm.so.6"))
            .env("ASAN_OPTIONS", "detect_leaks=0")
            .env("LSAN_OPTIONS", "detect_leaks=0");
        let said = run(&mut with);
        assert_eq!(
            said.stdout,
            format!("{runtime}:{ours}:libm.so.6\n"),
            "{said:?}"
        );
        assert_eq!(said.code(), Some(0), "{said:?}");
    }
}
