// SPDX-License-Identifier: MIT OR Apache-2.0
//! `SMC_PROCESSES`: names, paths, scripts, links, and what is not a glob.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use smc_policy::Program;

use crate::{lists, problem, said};

fn judge(list: &str, executable: &[u8], invoked_as: &[u8]) -> String {
    let lists = lists(&[("SMC_PROCESSES", list)]);
    let program = Program {
        executable: Path::new(OsStr::from_bytes(executable)),
        invoked_as: Path::new(OsStr::from_bytes(invoked_as)),
    };
    said(lists.judge_program(&program))
}

/// The same path both ways.
fn takes_part(list: &str, path: &str) -> bool {
    judge(list, path.as_bytes(), path.as_bytes()) == "SMC"
}

#[test]
fn names_and_paths() {
    for (list, path, smc) in [
        ("", "/usr/bin/curl", true),
        ("*", "/usr/bin/curl", true),
        ("**", "/usr/bin/curl", true),
        ("curl", "/usr/bin/curl", true),
        ("curl", "curl", true),
        ("curl", "/usr/bin/curl7", false),
        ("curl", "/usr/bin/xcurl", false),
        ("curl", "/usr/bin/Curl", false),
        ("curl", "/curl/wget", false),
        ("cur?", "/usr/bin/curl", true),
        ("cur?", "/usr/bin/cur", false),
        ("cur*", "/usr/bin/cur", true),
        ("python3*", "/usr/bin/python3.11", true),
        ("*.py", "/srv/.hidden.py", true),
        ("[cw]*", "/usr/bin/wget", true),
        ("[!cw]*", "/usr/bin/wget", false),
        ("redis-[a-z]*", "/usr/bin/redis-server", true),
        ("[*]", "/usr/bin/*", true),
        ("[*]", "/usr/bin/x", false),
        (" redis server , curl ", "/usr/bin/redis server", true),
        // Full paths.
        ("/usr/bin/curl", "/usr/bin/curl", true),
        ("/usr/bin/curl", "/usr/local/bin/curl", false),
        ("/usr/bin/*", "/usr/bin/curl", true),
        ("/usr/bin/*", "/usr/bin/x/curl", false),
        ("/usr/*/curl", "/usr/local/bin/curl", false),
        ("/usr/?bin/curl", "/usr/sbin/curl", true),
        ("/usr/bin?curl", "/usr/bin/curl", false),
        ("/usr/bin[/]curl", "/usr/bin/curl", false),
        ("/usr/bin[!x]curl", "/usr/bin/curl", false),
        ("/opt/*/bin/app", "/opt/db/bin/app", true),
        ("/opt/*/bin/app", "/opt/db/v1/bin/app", false),
        ("/opt/**/bin/app", "/opt/db/v1/bin/app", true),
        ("/opt/**/bin/app", "/opt/bin/app", true),
        ("/opt/**/bin/app", "/optional/bin/app", false),
        ("/opt/**", "/opt/db/v1/bin/app", true),
        ("/opt/**", "/optional/app", false),
        ("/**", "/usr/bin/curl", true),
        ("**/bin/curl", "/usr/bin/curl", true),
        ("**/bin/curl", "/usr/sbin/curl", false),
        ("**/curl", "curl", true),
        ("/usr/bin/.*", "/usr/bin/.hidden", true),
        // Negative items.
        ("!curl", "/usr/bin/curl", false),
        ("!curl", "/usr/bin/wget", true),
        ("! curl", "/usr/bin/curl", false),
        ("*,!curl", "/usr/bin/curl", false),
        ("!curl,*", "/usr/bin/wget", true),
        ("/usr/bin/*,!curl,!w*", "/usr/bin/wget", false),
        ("/usr/bin/*,!curl,!w*", "/usr/bin/redis-cli", true),
        ("/usr/bin/*,!/usr/bin/curl", "/usr/bin/curl", false),
    ] {
        assert_eq!(takes_part(list, path), smc, "SMC_PROCESSES={list}: {path}");
    }
}

#[test]
fn either_path_counts() {
    let script = |list| judge(list, b"/usr/bin/python3.11", b"./app.py");
    assert_eq!(script("app.py"), "SMC");
    assert_eq!(script("python3*"), "SMC");
    assert_eq!(script("**/app.py"), "SMC");
    assert_eq!(
        script("!app.py"),
        r#"program app.py excluded by "!app.py" in SMC_PROCESSES"#
    );
    assert_eq!(
        script("*,!python3*"),
        r#"program python3.11 excluded by "!python3*" in SMC_PROCESSES"#
    );
    assert_eq!(
        script("app.py,!/usr/bin/python*"),
        r#"program python3.11 excluded by "!/usr/bin/python*" in SMC_PROCESSES"#
    );
    assert_eq!(script("!curl"), "SMC");
    assert_eq!(
        script("curl"),
        "program python3.11 (run as app.py) not in SMC_PROCESSES"
    );

    let link = |list| judge(list, b"/usr/bin/vim.basic", b"/usr/bin/vi");
    assert_eq!(link("vi"), "SMC");
    assert_eq!(link("/usr/bin/vim.basic"), "SMC");
    assert_eq!(
        link("vim"),
        "program vim.basic (run as vi) not in SMC_PROCESSES"
    );
}

#[test]
fn the_same_name_is_said_once() {
    assert_eq!(
        judge("wget", b"/usr/bin/curl", b"curl"),
        "program curl not in SMC_PROCESSES"
    );
    assert_eq!(
        judge("!curl", b"/usr/bin/curl", b"curl"),
        r#"program curl excluded by "!curl" in SMC_PROCESSES"#
    );
}

#[test]
fn a_replaced_executable_keeps_its_name() {
    assert_eq!(
        judge("nginx", b"/usr/sbin/nginx (deleted)", b"/proc/self/exe"),
        "SMC"
    );
    assert_eq!(
        judge("/usr/sbin/nginx", b"/usr/sbin/nginx (deleted)", b"x"),
        "SMC"
    );
    assert_eq!(
        judge("curl", b"/usr/sbin/nginx (deleted)", b"nginx"),
        "program nginx not in SMC_PROCESSES"
    );
    // Linux adds it to nothing but the link.
    assert_eq!(
        judge("nginx", b"/x", b"/usr/sbin/nginx (deleted)"),
        "program x (run as nginx (deleted)) not in SMC_PROCESSES"
    );
}

#[test]
fn an_unknown_path_matches_nothing() {
    for list in ["*", "**", "/**"] {
        assert_eq!(
            judge(list, b"", b""),
            "program of unknown name not in SMC_PROCESSES",
            "{list}"
        );
    }
    assert_eq!(judge("!*", b"", b""), "SMC");
    assert_eq!(judge("curl", b"", b"/bin/curl"), "SMC");
    assert_eq!(judge("curl", b"/bin/curl", b""), "SMC");
    assert_eq!(
        judge("wget", b"", b"/bin/curl"),
        "program curl not in SMC_PROCESSES"
    );
    assert_eq!(
        judge("wget", b"/bin/curl", b""),
        "program curl not in SMC_PROCESSES"
    );
    // A directory has no file name, but a path.
    assert_eq!(
        judge("*", b"/opt/", b""),
        "program of unknown name not in SMC_PROCESSES"
    );
    assert_eq!(judge("/opt/**", b"/opt/", b""), "SMC");
}

#[test]
fn names_that_are_not_utf_8() {
    let path = b"/srv/caf\xe9";
    assert_eq!(judge("caf?", path, path), "SMC");
    assert_eq!(judge("caf*", path, path), "SMC");
    assert_eq!(judge("caf\u{fffd}", path, path), "SMC");
    assert_eq!(
        judge("caf\u{e9}", path, path),
        r"program caf\xe9 not in SMC_PROCESSES"
    );
    assert_eq!(
        judge("!caf?", path, path),
        r#"program caf\xe9 excluded by "!caf?" in SMC_PROCESSES"#
    );
    assert_eq!(judge("caf\u{e9}", "/srv/caf\u{e9}".as_bytes(), b""), "SMC");
}

#[test]
fn names_are_shown_on_one_line_and_cut() {
    assert_eq!(
        judge("x", b"/a\nb\x1b[31m", b""),
        r"program a\nb\u{00001b}[31m not in SMC_PROCESSES"
    );
    let shown = judge("x", &[b'n'; 300], b"");
    assert_eq!(
        shown,
        format!("program {}… not in SMC_PROCESSES", "n".repeat(96))
    );
    assert_eq!(
        judge(&format!("!{}*", "n".repeat(200)), &[b'n'; 255], b""),
        format!(
            "program {0}… excluded by \"!{0}…\" in SMC_PROCESSES",
            "n".repeat(96)
        )
    );
}

#[test]
fn the_question_is_spared_without_a_list() {
    assert!(!lists(&[]).has_processes());
    assert!(!lists(&[("SMC_PROCESSES", " ")]).has_processes());
    assert!(lists(&[("SMC_PROCESSES", "*")]).has_processes());
    assert!(lists(&[("SMC_PROCESSES", "!curl")]).has_processes());
}

#[test]
fn invalid_globs() {
    let seventeen = "*?".repeat(17);
    for (item, what) in [
        ("a**b", "invalid glob"),
        ("/opt/**b", "invalid glob"),
        ("/opt/a**", "invalid glob"),
        ("***", "invalid glob"),
        ("[", "invalid glob"),
        ("[abc", "invalid glob"),
        ("[]", "invalid glob"),
        ("[!]", "invalid glob"),
        ("bin/curl", "relative path"),
        ("./curl", "relative path"),
        ("*/curl", "relative path"),
        ("~/bin/curl", "relative path"),
        ("/", "directory path"),
        ("/opt/", "directory path"),
        ("/opt/**/", "directory path"),
        (seventeen.as_str(), "too many * in"),
        ("!", "missing item after"),
        ("! ", "missing item after"),
        ("!!curl", "repeated ! in"),
        ("! !curl", "repeated ! in"),
    ] {
        let line = problem("SMC_PROCESSES", &format!("curl,{item},wget"));
        let item = item.trim_end();
        assert!(
            line.starts_with(&format!("SMC_PROCESSES: {what} \"{item}\": expected ")),
            "{line}"
        );
    }
    assert!(takes_part(&"*?".repeat(16), "/abcdefghijklmnop"));
}
