// SPDX-License-Identifier: MIT OR Apache-2.0
//! Debian's own programs of the kinds that cannot be preloaded, not made up ones.

use crate::programs::{is_preloaded, is_refused, runs_on_tcp};
use crate::sandbox::{command, run, smc_run, Scratch};
use std::path::Path;
use std::process::Command;

#[test]
fn caddy_is_a_go_program_though_dynamic() {
    let caddy = Path::new("/usr/bin/caddy");
    let headers = run(command("readelf").arg("-lW").arg(caddy));
    assert!(
        headers
            .quietly(0)
            .contains("Requesting program interpreter"),
        "not what this test is about: a static caddy"
    );
    let why = "is a Go program, which makes system calls without the C library";
    let alone = run(command(caddy).arg("version"));
    let outcome = run(smc_run([caddy]).arg("version"));
    assert_eq!(outcome.stdout, alone.quietly(0));
    assert_eq!(
        outcome.one_line(0),
        format!("smc_run: /usr/bin/caddy {why}; it runs on TCP")
    );
    is_refused(caddy, why);
}

#[test]
fn programs_of_musl_gcc_run_on_tcp() {
    let scratch = Scratch::new();
    let source = scratch.write("program.c", "int main(void) { return 7; }\n");
    let compile = |name: &str, options: &[&str]| {
        let program = scratch.path().join(name);
        let mut compiler = Command::new("musl-gcc");
        compiler.args(options).arg("-o").arg(&program).arg(&source);
        let done = compiler
            .output()
            .expect("musl-gcc (apt-get install musl-tools)");
        assert!(done.status.success(), "{done:?}");
        program
    };
    let program = compile("musl", &[]);
    let machine = run(command("uname").arg("-m")).stdout;
    let loader = format!("/lib/ld-musl-{}.so.1", machine.trim_end());
    runs_on_tcp(
        &program,
        &format!("is linked with musl ({loader}), libsmc_shim.so with another C library"),
    );
    assert!(!is_preloaded(&program));
    runs_on_tcp(
        &compile("static", &["-static"]),
        "is statically linked, so no library can be preloaded",
    );
}
