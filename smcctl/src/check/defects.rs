// SPDX-License-Identifier: MIT OR Apache-2.0
//! Known defects of SMC by kernel release: vulnerabilities, bugs that affect programs, and
//! what no release has fixed yet.
//!
//! The releases are those of the kernel's CVE records (cve.org) and of Debian's
//! changelogs of 6.1.192-3 and 6.12.118-1. A series that neither names is not judged.

use super::finding::Finding;
use super::kernel::Kernel;
use super::Privilege;
use crate::kernel::version::{debian_package, Number, Origin, Version};

/// A defect that was fixed.
struct Defect {
    /// Its name.
    name: &'static str,
    /// The first series with it.
    since: (u32, u32),
    /// The first stable release with the fix, by series.
    stable: &'static [((u32, u32), u32)],
    /// The first series that had the fix from the start.
    mainline: (u32, u32),
}

/// Vulnerabilities, the most severe first.
const VULNERABILITIES: &[Defect] = &[
    // TCP_ULP turned any TCP socket into an SMC socket: use after free of its file.
    Defect {
        name: "CVE-2026-46330",
        since: (5, 17),
        stable: &[((6, 1), 191), ((6, 12), 114), ((6, 19), 4)],
        mainline: (7, 0),
    },
    // close during splice(2): use after free of the connection.
    Defect {
        name: "CVE-2026-80982",
        since: (4, 18),
        stable: &[((6, 1), 188), ((6, 12), 109), ((6, 18), 50), ((7, 2), 4)],
        mainline: (7, 3),
    },
    // Messages of the peer during the end of a connection: use after free.
    Defect {
        name: "CVE-2026-80980",
        since: (5, 8),
        stable: &[((6, 1), 191), ((6, 12), 112), ((6, 18), 50), ((7, 2), 4)],
        mainline: (7, 3),
    },
    // The end of a link group during close: use after free.
    Defect {
        name: "CVE-2026-74493",
        since: (5, 5),
        stable: &[
            ((6, 1), 183),
            ((6, 6), 151),
            ((6, 12), 103),
            ((6, 18), 44),
            ((7, 1), 8),
        ],
        mainline: (7, 2),
    },
    // A new connection during the close of the listener: use after free.
    Defect {
        name: "CVE-2026-23450",
        since: (5, 18),
        stable: &[
            ((6, 1), 167),
            ((6, 6), 130),
            ((6, 12), 78),
            ((6, 18), 20),
            ((6, 19), 10),
        ],
        mainline: (7, 0),
    },
];

/// Bugs that affect programs, the most severe first. Older series are affected or unknown.
const BUGS: &[Defect] = &[
    Defect {
        name: "wrong data after recv with MSG_PEEK",
        since: (4, 11),
        stable: &[((6, 1), 129), ((6, 12), 13)],
        mainline: (6, 14),
    },
    Defect {
        name: "wrong data after a declined handshake",
        since: (4, 11),
        stable: &[((6, 1), 65)],
        mainline: (6, 7),
    },
    Defect {
        name: "poll that never wakes a sender",
        since: (4, 11),
        stable: &[((6, 1), 122), ((6, 12), 7)],
        mainline: (6, 13),
    },
    Defect {
        name: "connections that stall before any data is sent",
        since: (4, 11),
        stable: &[((6, 1), 63)],
        mainline: (6, 7),
    },
];

/// The newest release in which splice(2) was seen to pass on the pages of the receive
/// buffer (`smc_rx_splice` in `net/smc/smc_rx.c`). No release is known to be fixed.
const LAST_BROKEN_SPLICE: Number = Number {
    series: (7, 3),
    patch: 4,
};

/// Whether a kernel is affected by a defect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Status {
    Affected,
    Fixed,
    Unknown,
}

impl Defect {
    fn status_in(&self, number: Number) -> Status {
        if number.series < self.since || number.series >= self.mainline {
            return Status::Fixed;
        }
        match self.fixed_in(number.series) {
            Some(patch) if number.patch < patch => Status::Affected,
            Some(_) => Status::Fixed,
            None => Status::Unknown,
        }
    }

    fn fixed_in(&self, series: (u32, u32)) -> Option<u32> {
        let all = self.stable.iter().find(|(other, _)| *other == series);
        all.map(|(_, patch)| *patch)
    }
}

/// Checks a kernel that has SMC or can load it.
#[must_use]
pub fn findings(kernel: &Kernel, privilege: Privilege) -> Vec<Finding> {
    if !kernel.can_have_smc() {
        return Vec::new();
    }
    let Version { number, origin } = kernel.version;
    let mut findings = vec![match number {
        Some(number) => vulnerabilities(kernel, number, origin, privilege),
        None => unknown_fixes(&kernel.release, &names(VULNERABILITIES.iter())),
    }];
    if let Some(number) = number.filter(|_| origin != Origin::Other) {
        let bugs: Vec<_> = with_status(BUGS, number, Status::Affected);
        if !bugs.is_empty() {
            let what = summary(number, "has bugs in SMC", &bugs);
            let why = "programs get wrong data or hang; install a newer kernel";
            findings.push(Finding::warning("kernel", what, why));
        }
    }
    findings.push(splice(number));
    findings
}

fn vulnerabilities(
    kernel: &Kernel,
    number: Number,
    origin: Origin,
    privilege: Privilege,
) -> Finding {
    let open = with_status(VULNERABILITIES, number, Status::Affected);
    let unknown = with_status(VULNERABILITIES, number, Status::Unknown);
    if open.is_empty() && unknown.is_empty() {
        return Finding::ok(
            "kernel",
            format!("{number} has the fixes of the known vulnerabilities in SMC"),
            format!(
                "{} and others of 2026; this smcctl does not know later ones",
                names(VULNERABILITIES.iter().take(3))
            ),
        );
    }
    if open.is_empty() {
        return unknown_fixes(&kernel.release, &names(unknown.iter().copied()));
    }
    // The distributor may have backported the fixes.
    if origin == Origin::Other {
        return unknown_fixes(&kernel.release, &names(open.iter().copied()));
    }
    let finding = Finding::warning(
        "kernel",
        summary(number, "has vulnerabilities in SMC", &open),
        "any user of this host, for some of them also a peer, can corrupt kernel memory; \
         install a newer kernel and boot it",
    );
    match debian_package(&kernel.release) {
        Some(package) if origin == Origin::Debian && kernel.is_like("debian") => finding
            .fixed_by(privilege.command("apt-get update"))
            .fixed_by(privilege.command(&format!("apt-get install {package}")))
            .fixed_by(privilege.command("reboot")),
        _ => finding,
    }
}

fn with_status(all: &'static [Defect], number: Number, status: Status) -> Vec<&'static Defect> {
    let defects = all.iter().filter(|one| one.status_in(number) == status);
    defects.collect()
}

/// `6.12.107 has vulnerabilities in SMC: A, B; fixed in 6.12.114`.
fn summary(number: Number, what: &str, defects: &[&Defect]) -> String {
    let series = number.series;
    let last = defects.iter().filter_map(|one| one.fixed_in(series)).max();
    let good = Number {
        series,
        patch: last.unwrap_or_default(),
    };
    format!(
        "{number} {what}: {}; fixed in {good}",
        names(defects.iter().copied())
    )
}

fn names<'a>(defects: impl Iterator<Item = &'a Defect>) -> String {
    let names: Vec<_> = defects.map(|one| one.name).collect();
    names.join(", ")
}

fn unknown_fixes(release: &str, names: &str) -> Finding {
    Finding::note(
        "kernel",
        format!("unknown whether {release} has the fixes of the known vulnerabilities in SMC"),
        format!("the release does not show it; see its changelog for {names}"),
    )
}

fn splice(number: Option<Number>) -> Finding {
    let what = if number.is_none_or(|number| number > LAST_BROKEN_SPLICE) {
        format!(
            "splice(2) from SMC sockets returned wrong data in all kernels up to {LAST_BROKEN_SPLICE}"
        )
    } else {
        "splice(2) from SMC sockets returns wrong data in this kernel".to_owned()
    };
    Finding::note(
        "kernel",
        what,
        "it passes on pages of the receive buffer, which are reused; smc_run copies instead, \
         but not for splice by io_uring or by direct system calls: exclude such programs",
    )
}

#[cfg(test)]
mod tests;
