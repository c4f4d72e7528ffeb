// SPDX-License-Identifier: MIT OR Apache-2.0
//! Units that cannot be put on SMC, each with the reason; and some that only look so.

use super::booted::Booted;

const UNITS: &str = "/etc/systemd/system";

/// A unit, further options of `smcctl enable`, and words of the reason; none: it can be.
const CASES: [(&str, &str, Option<&str>); 15] = [
    (
        "ExecStart=/bin/busybox sleep 9",
        "",
        Some("statically linked"),
    ),
    ("ExecStart=/usr/bin/caddy run", "", Some("is a Go program")),
    (
        "User=nobody\nExecStart=/usr/bin/newgrp",
        "",
        Some("set-user-ID"),
    ),
    // Then the kernel does not look at that bit, and the loader preloads.
    (
        "User=nobody\nNoNewPrivileges=yes\nExecStart=/usr/bin/newgrp",
        "",
        None,
    ),
    ("ExecStart=/usr/bin/newgrp", "", None),
    (
        "RestrictAddressFamilies=AF_INET\nExecStart=/bin/sleep 9",
        "--socket af_smc",
        Some("RestrictAddressFamilies="),
    ),
    // IPPROTO_SMC sockets are of AF_INET.
    (
        "RestrictAddressFamilies=AF_INET\nExecStart=/bin/sleep 9",
        "",
        None,
    ),
    (
        "SystemCallFilter=~close_range tgkill\nExecStart=/bin/sleep 9",
        "",
        Some("does not allow close_range, tgkill,"),
    ),
    (
        "SystemCallFilter=@system-service\nSystemCallFilter=~@privileged @resources\n\
         ExecStart=/bin/sleep 9",
        "",
        None,
    ),
    (
        "NoExecPaths=/usr/lib\nExecPaths=/usr/lib/systemd\nExecStart=/bin/sleep 9",
        "",
        Some("NoExecPaths="),
    ),
    (
        "RootDirectory=/opt\nExecStart=/bin/sleep 9",
        "",
        Some("command not found"),
    ),
    (
        "EnvironmentFile=/tmp/own-environment\nExecStart=/bin/sleep 9",
        "",
        Some("/tmp/own-environment"),
    ),
    (
        "UnsetEnvironment=LD_PRELOAD\nExecStart=/bin/sleep 9",
        "",
        Some("UnsetEnvironment="),
    ),
    (
        "User=nosuchuser\nExecStart=/bin/sleep 9",
        "",
        Some("unknown user"),
    ),
    (
        "ExecStart=/bin/sleep 9",
        "--ports 80,8o",
        Some("--ports: invalid port \"8o\": expected "),
    ),
];

pub fn units_that_cannot_be_preloaded(booted: &Booted) {
    booted.said("echo LD_PRELOAD=/x.so >/tmp/own-environment");
    for (number, (unit, ..)) in CASES.iter().enumerate() {
        let path = format!("{UNITS}/case{number}.service");
        std::fs::write(path, format!("[Service]\n{unit}\n")).unwrap();
    }
    booted.said("systemctl daemon-reload");
    for (number, (unit, options, reason)) in CASES.iter().enumerate() {
        let output = booted.run(&format!("smcctl enable case{number} {options}"));
        let is_there = booted
            .run(&format!(
                "test -e {UNITS}/case{number}.service.d/50-smc-shim.conf"
            ))
            .status;
        match reason {
            None => assert_eq!((output.status, is_there), (0, 0), "{unit}: {output:?}"),
            Some(reason) => {
                assert_eq!((output.status, is_there), (1, 1), "{unit}: {output:?}");
                assert!(output.err.contains(reason), "{unit}: {output:?}");
                let first = output.err.lines().next().unwrap();
                let head = format!("smcctl: cannot enable case{number}.service: ");
                assert!(first.starts_with(&head), "{output:?}");
                assert!(output.out.is_empty(), "{output:?}");
            }
        }
    }
    // The printed commands put it right.
    for (number, options) in [(5, "--socket af_smc"), (7, "")] {
        let enable = format!("smcctl enable case{number} {options}");
        let said = booted.run(&enable).err;
        let fix = said
            .lines()
            .find_map(|line| line.strip_prefix("  fix: sudo "));
        booted.said(fix.unwrap());
        booted.said(&enable);
    }
    others_are_left_alone(booted);
}

fn others_are_left_alone(booted: &Booted) {
    let theirs = format!("{UNITS}/case4.service.d/50-smc-shim.conf");
    booted.said(&format!("printf '[Service]\\nNice=1\\n' >{theirs}"));
    for command in ["enable", "disable"] {
        let output = booted.run(&format!("smcctl {command} case4"));
        assert_eq!(output.status, 1, "{output:?}");
        assert!(
            output.err.contains("was not written by smcctl enable"),
            "{output:?}"
        );
    }
    assert_eq!(booted.said(&format!("cat {theirs}")), "[Service]\nNice=1\n");
    // One that counts more: what was written is taken back.
    booted.said(&format!(
        "mkdir -p {UNITS}/case14.service.d
         printf '[Service]\\nEnvironment=LD_PRELOAD=/z.so\\n' >{UNITS}/case14.service.d/90-z.conf
         systemctl daemon-reload"
    ));
    let output = booted.run("smcctl enable case14");
    assert_eq!(output.status, 1, "{output:?}");
    assert!(
        output.err.contains("a later drop-in sets LD_PRELOAD"),
        "{output:?}"
    );
    let left = booted.said(&format!("ls {UNITS}/case14.service.d"));
    assert_eq!(left, "90-z.conf\n");
    for (name, words) in [
        ("nosuch", "cannot find service nosuch.service"),
        (
            "dbus.socket",
            "invalid unit dbus.socket: expected a service",
        ),
        ("getty@", "expected an instance of the template"),
        ("../x", "invalid unit \"../x\": expected a name"),
    ] {
        let output = booted.run(&format!("smcctl enable {name}"));
        assert_eq!(output.status, 1, "{output:?}");
        assert!(output.err.contains(words), "{name}: {output:?}");
    }
    booted.said(&format!(
        "rm -r {UNITS}/case*.service*; systemctl daemon-reload"
    ));
}
