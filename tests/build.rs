// SPDX-License-Identifier: MIT OR Apache-2.0
//! Compiles the lab's agent and supervisor, and the programs in C and C++ that an emulated
//! guest would compile for minutes.
//! Where they are is told in a variable for `env!`; where a compiler or a library is
//! missing there is a warning, and the test that needs the program says so.

use std::path::PathBuf;
use std::process::Command;

/// Variable, compiler, sources, and what they are linked with.
const PROGRAMS: [(&str, &str, &[&str], &[&str]); 5] = [
    ("LOOP_ASIO", "c++", &["event_loops/asio.cpp"], &["-pthread"]),
    ("LOOP_UV", "cc", &["event_loops/uv.c"], &["-luv"]),
    (
        "SPLICE_MOVER",
        "cc",
        &["splice/mover.c", "splice/moving.c", "splice/refusals.c"],
        &["-pthread"],
    ),
    ("LAB_AGENT", "cc", &["../scripts/lab.d/agent.c"], &[]),
    (
        "LAB_SUPERVISE",
        "cc",
        &["../scripts/lab.d/supervise.c", "../scripts/lab.d/guest.c"],
        &[],
    ),
];

/// What they include.
const HEADERS: [&str; 4] = [
    "kit/job.h",
    "splice/mover.h",
    "../scripts/lab.d/frames.h",
    "../scripts/lab.d/supervise.h",
];

fn main() {
    let folder = PathBuf::from(std::env::var_os("OUT_DIR").unwrap_or_default());
    println!("cargo:rerun-if-changed=build.rs");
    for header in HEADERS {
        println!("cargo:rerun-if-changed={header}");
    }
    for (variable, compiler, sources, libraries) in PROGRAMS {
        for source in sources {
            println!("cargo:rerun-if-changed={source}");
        }
        let program = folder.join(variable.to_lowercase());
        let _ = std::fs::remove_file(&program);
        let compiled = Command::new(compiler)
            .args(["-Wall", "-Wextra", "-Werror", "-O1", "-o"])
            .arg(&program)
            .args(sources)
            .args(libraries)
            .status();
        if !compiled.is_ok_and(|status| status.success()) {
            println!("cargo:warning=not compiled: {}", sources.join(", "));
        }
        println!("cargo:rustc-env={variable}={}", program.display());
    }
}
