// SPDX-License-Identifier: MIT OR Apache-2.0
//! Findings about limits: sysctls that affect SMC, and locked memory.

use super::finding::Finding;
use super::Privilege;
use crate::output::bytes;
use crate::system::files::Root;

/// The default of `net.smc.rmem` and `net.smc.wmem`.
const DEFAULT_BUFFER: u64 = 65536;

/// Checks the limits; `limits_handshakes` is `None` without SMC.
#[must_use]
pub fn findings(
    root: &Root,
    limits_handshakes: Option<bool>,
    privilege: Privilege,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    findings.extend(limits_handshakes.map(|limited| handshakes(limited, privilege)));
    findings.extend(program(root, privilege));
    findings.extend(cookies(root, privilege));
    findings.extend(buffers(root, privilege));
    findings.extend(maximum_buffers(root));
    findings.extend(locked_memory(root));
    findings
}

/// Reads a sysctl that is a number.
fn sysctl(root: &Root, name: &str) -> Option<u64> {
    let path = format!("/proc/sys/{}", name.replace('.', "/"));
    root.line(&path)?.parse().ok()
}

fn handshakes(limited: bool, privilege: Privilege) -> Finding {
    let why = "if it is enabled, a server under load uses TCP for new connections";
    if limited {
        Finding::warning("limits", "the handshake limit is enabled", why)
            .fixed_by(privilege.command("smcctl limit-handshakes disable"))
    } else {
        Finding::ok("limits", "the handshake limit is disabled", why)
    }
}

/// From Linux 6.19 on a BPF program can suppress the offer of SMC in a handshake.
fn program(root: &Root, privilege: Privilege) -> Option<Finding> {
    let name = root.text("/proc/sys/net/smc/hs_ctrl")?;
    let why = "a BPF program can suppress the offer of SMC, so that a connection is TCP";
    Some(match name.trim() {
        "" => Finding::ok("limits", "no BPF program controls SMC handshakes", why),
        name => Finding::warning(
            "limits",
            format!("the BPF program {name} controls SMC handshakes (net.smc.hs_ctrl)"),
            why,
        )
        .fixed_by(privilege.command("sysctl net.smc.hs_ctrl=")),
    })
}

fn cookies(root: &Root, privilege: Privilege) -> Option<Finding> {
    let value = sysctl(root, "net.ipv4.tcp_syncookies")?;
    let why = "a SYN-ACK with a SYN cookie cannot carry the offer of SMC";
    Some(if value == 2 {
        Finding::warning(
            "limits",
            "net.ipv4.tcp_syncookies is 2: always use cookies",
            why,
        )
        .fixed_by(privilege.command("sysctl net.ipv4.tcp_syncookies=1"))
    } else {
        Finding::ok("limits", format!("net.ipv4.tcp_syncookies is {value}"), why)
    })
}

fn buffers(root: &Root, privilege: Privilege) -> Option<Finding> {
    let receive = sysctl(root, "net.smc.rmem")?;
    let send = sysctl(root, "net.smc.wmem")?;
    let what = format!(
        "net.smc.rmem {}, net.smc.wmem {}",
        bytes(receive),
        bytes(send)
    );
    Some(if receive.min(send) < DEFAULT_BUFFER {
        Finding::warning(
            "limits",
            what,
            "buffers below the default of 64K reduce throughput",
        )
        .fixed_by(privilege.command(&format!(
            "sysctl net.smc.rmem={DEFAULT_BUFFER} net.smc.wmem={DEFAULT_BUFFER}"
        )))
    } else {
        Finding::ok(
            "limits",
            what,
            "buffers per connection; bulk transfers need more: smc_run -r 1m -t 1m",
        )
    })
}

fn maximum_buffers(root: &Root) -> Option<Finding> {
    let receive = sysctl(root, "net.core.rmem_max")?;
    let send = sysctl(root, "net.core.wmem_max")?;
    Some(Finding::ok(
        "limits",
        format!(
            "net.core.rmem_max {}, net.core.wmem_max {}",
            bytes(receive),
            bytes(send)
        ),
        "the maximum for SO_RCVBUF and SO_SNDBUF, and for smc_run -r and -t",
    ))
}

/// Reads the line `Max locked memory   8388608   8388608   bytes`.
fn locked_memory(root: &Root) -> Option<Finding> {
    let limits = root.text("/proc/self/limits")?;
    let line = limits
        .lines()
        .find_map(|line| line.strip_prefix("Max locked memory"))?;
    let limit = line.split_whitespace().next()?;
    let limit = limit.parse().map_or_else(|_| limit.to_owned(), bytes);
    Some(Finding::ok(
        "limits",
        format!("locked memory {limit}"),
        "does not apply to SMC, whose buffers are in the kernel; only to RDMA programs",
    ))
}

#[cfg(test)]
mod tests {
    use super::super::finding::Level;
    use super::*;
    use crate::system::fixtures::Tree;

    #[test]
    fn a_setting_that_prevents_smc_is_a_warning_with_a_fix() {
        let tree = Tree::new();
        tree.write("proc/sys/net/ipv4/tcp_syncookies", "2\n");
        tree.write("proc/sys/net/smc/rmem", "16384\n");
        tree.write("proc/sys/net/smc/wmem", "65536\n");
        let found = findings(&tree.root(), Some(true), Privilege::User);
        assert_eq!(found.len(), 3);
        assert!(found.iter().all(|one| one.level == Level::Warning));
        assert_eq!(found[0].fix, ["sudo smcctl limit-handshakes disable"]);
        assert_eq!(found[1].fix, ["sudo sysctl net.ipv4.tcp_syncookies=1"]);
        tree.write("proc/sys/net/ipv4/tcp_syncookies", "1\n");
        tree.write("proc/sys/net/smc/rmem", "65536\n");
        tree.write(
            "proc/self/limits",
            "Limit Soft Hard Units\nMax locked memory 8388608 8388608 bytes\n",
        );
        let found = findings(&tree.root(), Some(false), Privilege::User);
        assert_eq!(found.len(), 4);
        assert!(found.iter().all(|one| one.level == Level::Ok));
        assert_eq!(found[3].what, "locked memory 8M");
    }

    #[test]
    fn a_bpf_program_is_named() {
        let tree = Tree::new();
        tree.write("proc/sys/net/smc/hs_ctrl", "\n");
        let found = findings(&tree.root(), None, Privilege::Root);
        assert_eq!(found[0].what, "no BPF program controls SMC handshakes");
        assert_eq!(found[0].level, Level::Ok);
        tree.write("proc/sys/net/smc/hs_ctrl", "linkcheck\n");
        let found = findings(&tree.root(), None, Privilege::Root);
        let what = "the BPF program linkcheck controls SMC handshakes (net.smc.hs_ctrl)";
        assert_eq!(
            (found[0].level, found[0].what.as_str()),
            (Level::Warning, what)
        );
        assert_eq!(found[0].fix, ["sysctl net.smc.hs_ctrl="]);
    }

    #[test]
    fn missing_files_have_no_findings() {
        assert!(findings(&Tree::new().root(), None, Privilege::Root).is_empty());
    }
}
