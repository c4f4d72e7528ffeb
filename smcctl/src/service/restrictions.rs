// SPDX-License-Identifier: MIT OR Apache-2.0
//! Restrictions of a unit that prevent SMC: address families and system calls.

use super::unit::Unit;
use crate::failure::Failure;
use crate::kernel::smc_socket::Supported;

/// The system calls that the shim makes in addition to those of a TCP program, also to drain
/// connections at close and exit (docs/differences.md).
const CALLS: [&str; 18] = [
    "getsockopt",
    "setsockopt",
    "getsockname",
    "getpeername",
    "ioctl",
    "fcntl",
    "ppoll",
    "newfstatat",
    "dup3",
    "epoll_ctl",
    "prctl",
    "clone",
    "close_range",
    "futex",
    "madvise",
    "munmap",
    "rt_sigprocmask",
    "tgkill",
];

/// Why the unit cannot create SMC sockets, and the fix. `kind` is the value of SMC_SOCKET.
#[must_use]
pub fn families(unit: &Unit, kernel: Supported, kind: Option<&str>) -> Option<Failure> {
    let (is_deny_list, listed) = list(unit, "RestrictAddressFamilies")?;
    let needs_af_smc = match kind {
        Some("af_smc") => true,
        Some("ipproto_smc") => false,
        // IPPROTO_SMC sockets have the address family of TCP.
        _ => !kernel.ipproto_smc && kernel.any(),
    };
    let lists_smc = listed.contains(&"AF_SMC");
    if !needs_af_smc || lists_smc != is_deny_list {
        return None;
    }
    let user = match kind {
        Some(kind) => format!("SMC_SOCKET={kind}"),
        None => "this kernel (no IPPROTO_SMC)".to_owned(),
    };
    let why = format!("RestrictAddressFamilies= does not allow AF_SMC, needed by {user}");
    let fix = allow(unit, "RestrictAddressFamilies=AF_SMC");
    Some(Failure::new(why).fixed_by(fix))
}

/// Returns the names in a list, and whether it is a deny list (systemd.exec(5)).
fn list<'unit>(unit: &'unit Unit, setting: &str) -> Option<(bool, Vec<&'unit str>)> {
    let list = unit.get(setting)?;
    let (is_deny_list, names) = match list.strip_prefix('~') {
        Some(names) => (true, names),
        None => (false, list),
    };
    Some((is_deny_list, names.split_whitespace().collect()))
}

/// The command that allows more, by a drop-in. The same line removes a name from a deny
/// list.
fn allow(unit: &Unit, line: &str) -> String {
    let folder = format!("/etc/systemd/system/{}.d", unit.name());
    format!(
        "sudo sh -c 'mkdir -p {folder} && printf \"[Service]\\n{line}\\n\" \
         >{folder}/40-allow-smc.conf && systemctl daemon-reload'"
    )
}

/// Why the unit would lose data, and the fix.
#[must_use]
pub fn system_calls(unit: &Unit) -> Option<Failure> {
    let missing = missing_calls(unit);
    let line = format!("SystemCallFilter={}", missing.join(" "));
    let why = format!(
        "SystemCallFilter= does not allow {}, needed to close connections without data loss",
        missing.join(", ")
    );
    (!missing.is_empty()).then(|| Failure::new(why).fixed_by(allow(unit, &line)))
}

fn missing_calls(unit: &Unit) -> Vec<&'static str> {
    let Some((is_deny_list, listed)) = list(unit, "SystemCallFilter") else {
        return Vec::new();
    };
    let listed: Vec<_> = listed
        .into_iter()
        // A call may be followed by `:` and an error.
        .map(|call| call.split(':').next().unwrap_or_default())
        .collect();
    let mut calls = CALLS.to_vec();
    calls.retain(|call| listed.contains(call) == is_deny_list);
    calls
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOTH: Supported = Supported {
        af_smc: true,
        ipproto_smc: true,
    };
    const OLD: Supported = Supported {
        af_smc: true,
        ipproto_smc: false,
    };

    #[test]
    fn the_family_is_needed_only_for_af_smc() {
        let unit = |list: &str| Unit::parse(&format!("RestrictAddressFamilies={list}\n"));
        let inet = unit("AF_INET AF_INET6 AF_UNIX");
        assert_eq!(families(&inet, BOTH, None), None);
        assert_eq!(families(&inet, OLD, Some("ipproto_smc")), None);
        let why = families(&inet, OLD, None).unwrap();
        assert!(why.what().contains("no IPPROTO_SMC"), "{why}");
        let why = families(&inet, BOTH, Some("af_smc")).unwrap();
        assert!(why.what().contains("SMC_SOCKET=af_smc"), "{why}");
        assert_eq!(families(&unit("AF_INET AF_SMC"), OLD, None), None);
        assert_eq!(families(&unit("~AF_PACKET"), OLD, None), None);
        assert!(families(&unit("~AF_PACKET AF_SMC"), OLD, None).is_some());
        assert_eq!(families(&unit(""), OLD, None), None);
    }

    #[test]
    fn missing_calls_are_named() {
        let unit = |list: &str| Unit::parse(&format!("SystemCallFilter={list}\n"));
        assert!(missing_calls(&unit("")).is_empty());
        let all = CALLS.join(" ");
        assert!(missing_calls(&unit(&all)).is_empty());
        let without = all.replace("close_range", "").replace("tgkill", "");
        assert_eq!(missing_calls(&unit(&without)), ["close_range", "tgkill"]);
        assert!(missing_calls(&unit("~mount reboot")).is_empty());
        assert_eq!(missing_calls(&unit("~mount:EPERM ppoll:EPERM")), ["ppoll"]);
    }
}
