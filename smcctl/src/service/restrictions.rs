// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a unit forbids its programs that SMC needs: address families and system calls.

use super::unit::Unit;
use crate::failure::Failure;
use crate::kernel::smc_socket::Supported;

/// What the shim calls besides what a TCP program does, and what it calls to send the rest
/// of what a program has written when that closes a connection, or ends. (docs/differences.md)
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

/// Why the unit's programs get no SMC socket, and what puts it right. `kind` is the value of
/// SMC_SOCKET, if there is one.
#[must_use]
pub fn families(unit: &Unit, kernel: Supported, kind: Option<&str>) -> Option<Failure> {
    let (forbids, listed) = list(unit, "RestrictAddressFamilies")?;
    let needs_af_smc = match kind {
        Some("af_smc") => true,
        Some("ipproto_smc") => false,
        // The filter looks at the family, which is that of TCP in the other kind.
        _ => !kernel.ipproto_smc && kernel.any(),
    };
    let names_smc = listed.contains(&"AF_SMC");
    if !needs_af_smc || names_smc != forbids {
        return None;
    }
    let for_whom = match kind {
        Some(kind) => format!("SMC_SOCKET={kind} needs"),
        None => "this kernel needs for SMC (it has no IPPROTO_SMC)".to_owned(),
    };
    let why = format!("RestrictAddressFamilies= does not allow AF_SMC, which {for_whom}");
    let allowed = allowing(unit, "RestrictAddressFamilies=AF_SMC");
    Some(Failure::new(why).fixed_by(allowed))
}

/// The names in a list of the unit, and whether these are forbidden: all others are then
/// allowed (systemd.exec(5)).
fn list<'unit>(unit: &'unit Unit, setting: &str) -> Option<(bool, Vec<&'unit str>)> {
    let list = unit.get(setting)?;
    let (forbids, names) = match list.strip_prefix('~') {
        Some(names) => (true, names),
        None => (false, list),
    };
    Some((forbids, names.split_whitespace().collect()))
}

/// The command that allows more, in a drop-in of its own; in units that list what they
/// forbid, the same line takes it from that list.
fn allowing(unit: &Unit, line: &str) -> String {
    let folder = format!("/etc/systemd/system/{}.d", unit.name());
    format!(
        "sudo sh -c 'mkdir -p {folder} && printf \"[Service]\\n{line}\\n\" \
         >{folder}/40-allow-smc.conf && systemctl daemon-reload'"
    )
}

/// Why the unit's programs would lose data, and what puts it right.
#[must_use]
pub fn system_calls(unit: &Unit) -> Option<Failure> {
    let missing = missing_calls(unit);
    let line = format!("SystemCallFilter={}", missing.join(" "));
    let why = format!(
        "SystemCallFilter= does not allow {}, which the library needs to close connections \
         so that all arrives",
        missing.join(", ")
    );
    (!missing.is_empty()).then(|| Failure::new(why).fixed_by(allowing(unit, &line)))
}

fn missing_calls(unit: &Unit) -> Vec<&'static str> {
    let Some((forbids, listed)) = list(unit, "SystemCallFilter") else {
        return Vec::new();
    };
    let listed: Vec<_> = listed
        .into_iter()
        // A call may have the error with which it fails behind it.
        .map(|call| call.split(':').next().unwrap_or_default())
        .collect();
    let mut calls = CALLS.to_vec();
    calls.retain(|call| listed.contains(call) == forbids);
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
    fn the_family_matters_only_where_it_is_used() {
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
    fn calls_that_are_not_allowed_are_named() {
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
