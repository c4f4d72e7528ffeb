// SPDX-License-Identifier: MIT OR Apache-2.0
//! How the tests of `stress.rs` run programs: without `smc_run`, then under it,
//! and with which sockets in mind.

use kit::{checkout, Kernel};
use std::fs;
use std::net::TcpListener;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, Output};

const STRESS: &str = env!("CARGO_BIN_EXE_stress");
const BARE: &str = env!("CARGO_BIN_EXE_bare");

/// What the kernel should say of IPv4 sockets made by a program.
pub struct Kinds {
    /// Not connected, or listening.
    listener: &'static str,
    client: &'static str,
    accepted: &'static str,
}

pub const TCP: Kinds = Kinds {
    listener: "2/6",
    client: "2/6",
    accepted: "2/6",
};

/// The best that this kernel can do.
pub fn best() -> Kinds {
    match Kernel::expected() {
        Kernel::Without => TCP,
        // The listener stays SMC; connections fall back for want of a device.
        Kernel::AfSmc => Kinds {
            listener: "43/0",
            ..TCP
        },
        Kernel::IpprotoSmc => Kinds {
            listener: "2/256",
            ..TCP
        },
        Kernel::SmcD | Kernel::SmcR => Kinds {
            listener: "2/256",
            client: "2/256",
            accepted: "43/256",
        },
    }
}

impl Kinds {
    /// The text with `{listener}`, `{client}` and `{accepted}` filled in.
    pub fn fill(&self, text: &str) -> String {
        text.replace("{listener}", self.listener)
            .replace("{client}", self.client)
            .replace("{accepted}", self.accepted)
    }
}

/// Runs a shell script in which `$RUN` is `smc_run` with these options, or
/// nothing; ended after five minutes.
pub fn shell(script: &str, options: Option<&str>) -> Output {
    let run = options.map_or(String::new(), |options| {
        format!("{}/smc_run {options}", checkout().display())
    });
    Command::new("timeout")
        .args(["300", "sh", "-c", script])
        .env("RUN", run)
        .env("STRESS", STRESS)
        .env("BARE", BARE)
        .process_group(0)
        .output()
        .unwrap()
}

/// What a script prints, which must succeed and complain of nothing.
pub fn said(script: &str, options: Option<&str>) -> String {
    let output = shell(script, options);
    let complaints = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && complaints.is_empty(),
        "{script} with {options:?}: {}: {complaints}",
        output.status
    );
    String::from_utf8(output.stdout).unwrap()
}

/// The script says this on TCP, and under `smc_run` the same of other sockets.
pub fn assert_says(script: &str, options: &str, expected: &str) {
    assert_eq!(said(script, None), TCP.fill(expected), "without smc_run");
    assert_eq!(
        said(script, Some(options)),
        best().fill(expected),
        "under smc_run {options}"
    );
}

/// A folder of this test's own; gone with the value.
pub struct Scratch(PathBuf);

impl Scratch {
    pub fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("stress-{name}-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    /// Path of something in it.
    pub fn path(&self, name: &str) -> String {
        self.0.join(name).display().to_string()
    }

    /// Compiles C to something in it.
    pub fn compile(&self, source: &str, arguments: &[&str], name: &str) -> String {
        let result = self.path(name);
        let source = checkout().join("tests/stress").join(source);
        let status = Command::new("cc")
            .args(["-Wall", "-Werror", "-O1", "-pthread", "-o", &result])
            .arg(source)
            .args(arguments)
            .status()
            .unwrap();
        assert!(status.success());
        result
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Two ports that are free and that the kernel gives to nobody of itself.
pub fn two_ports() -> (u16, u16) {
    let first = 10_000 + u16::try_from(std::process::id() % 20_000).unwrap();
    let mut free =
        (first..first + 500).filter(|port| TcpListener::bind(("0.0.0.0", *port)).is_ok());
    (free.next().unwrap(), free.next().unwrap())
}
