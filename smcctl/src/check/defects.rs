// SPDX-License-Identifier: MIT OR Apache-2.0
//! What is known to be wrong with SMC in this kernel: holes that any user or peer can
//! use, faults that programs meet, and what no release has fixed yet.
//!
//! The releases are those of the kernel's CVE records (cve.org) and of Debian's
//! changelogs of 6.1.192-3 and 6.12.118-1. A series that neither names is not judged.

use super::finding::Finding;
use super::kernel::Kernel;
use super::Privilege;
use crate::kernel::version::{debian_package, Number, Origin, Version};

/// Something that was fixed.
struct Defect {
    /// What people can look for.
    name: &'static str,
    /// The first series that has it.
    since: (u32, u32),
    /// The first stable release without it, by series.
    stable: &'static [((u32, u32), u32)],
    /// The first series that never had it again.
    mainline: (u32, u32),
}

/// The worst first.
const VULNERABILITIES: &[Defect] = &[
    // Any TCP socket could be made an SMC socket (TCP_ULP): use after free of its file.
    Defect {
        name: "CVE-2026-46330",
        since: (5, 17),
        stable: &[((6, 1), 191), ((6, 12), 114), ((6, 19), 4)],
        mainline: (7, 0),
    },
    // splice(2), and close meanwhile: use after free of the connection.
    Defect {
        name: "CVE-2026-80982",
        since: (4, 18),
        stable: &[((6, 1), 188), ((6, 12), 109), ((6, 18), 50), ((7, 2), 4)],
        mainline: (7, 3),
    },
    // A peer's messages while a connection ends: use after free.
    Defect {
        name: "CVE-2026-80980",
        since: (5, 8),
        stable: &[((6, 1), 191), ((6, 12), 112), ((6, 18), 50), ((7, 2), 4)],
        mainline: (7, 3),
    },
    // A link group ends while a socket is closed: use after free.
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
    // A connection comes in while the listener is closed: use after free.
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

/// What programs meet, the worst first. Older series have them, too, or are not known.
const BUGS: &[Defect] = &[
    Defect {
        name: "wrong data after recv with MSG_PEEK",
        since: (4, 11),
        stable: &[((6, 1), 129), ((6, 12), 13)],
        mainline: (6, 14),
    },
    Defect {
        name: "wrong data after a handshake that was declined",
        since: (4, 11),
        stable: &[((6, 1), 65)],
        mainline: (6, 7),
    },
    Defect {
        name: "senders that poll never wakes",
        since: (4, 11),
        stable: &[((6, 1), 122), ((6, 12), 7)],
        mainline: (6, 13),
    },
    Defect {
        name: "connections that stand still before anything is sent",
        since: (4, 11),
        stable: &[((6, 1), 63)],
        mainline: (6, 7),
    },
];

/// The newest release in which splice(2) was seen to hand out the buffer's own pages
/// (`smc_rx_splice` in `net/smc/smc_rx.c`). No release is known that does not.
const LAST_BROKEN_SPLICE: Number = Number {
    series: (7, 3),
    patch: 4,
};

/// Whether a kernel has a defect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Status {
    Yes,
    No,
    Unknown,
}

impl Defect {
    fn status_in(&self, number: Number) -> Status {
        if number.series < self.since || number.series >= self.mainline {
            return Status::No;
        }
        match self.fixed_in(number.series) {
            Some(patch) if number.patch < patch => Status::Yes,
            Some(_) => Status::No,
            None => Status::Unknown,
        }
    }

    fn fixed_in(&self, series: (u32, u32)) -> Option<u32> {
        let all = self.stable.iter().find(|(other, _)| *other == series);
        all.map(|(_, patch)| *patch)
    }
}

/// What there is to say of a kernel that has SMC or can load it.
#[must_use]
pub fn findings(kernel: &Kernel, privilege: Privilege) -> Vec<Finding> {
    if !kernel.can_have_smc() {
        return Vec::new();
    }
    let Version { number, origin } = kernel.version;
    let mut findings = vec![match number {
        Some(number) => vulnerabilities(kernel, number, origin, privilege),
        None => cannot_tell(&kernel.release, &names(VULNERABILITIES.iter())),
    }];
    if let Some(number) = number.filter(|_| origin != Origin::Other) {
        let met: Vec<_> = with_status(BUGS, number, Status::Yes);
        if !met.is_empty() {
            let what = summary(number, "has faults in SMC", &met);
            let why = "programs get wrong data or wait for ever; install a newer kernel";
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
    let open = with_status(VULNERABILITIES, number, Status::Yes);
    let unknown = with_status(VULNERABILITIES, number, Status::Unknown);
    if open.is_empty() && unknown.is_empty() {
        return Finding::ok(
            "kernel",
            format!("{number} has the fixes of the known holes in SMC"),
            format!(
                "{} and others of 2026; of later ones this smcctl knows nothing",
                names(VULNERABILITIES.iter().take(3))
            ),
        );
    }
    if open.is_empty() {
        return cannot_tell(&kernel.release, &names(unknown.iter().copied()));
    }
    // Its distributor may have fixed them without another number.
    if origin == Origin::Other {
        return cannot_tell(&kernel.release, &names(open.iter().copied()));
    }
    let finding = Finding::warning(
        "kernel",
        summary(number, "has holes in SMC", &open),
        "SMC sockets need no privilege: any user of this host, by some of these a peer, can \
         damage the kernel's memory; install a newer kernel and boot it",
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
    let those = all.iter().filter(|one| one.status_in(number) == status);
    those.collect()
}

/// `6.12.107 has holes in SMC: A, B; fixed in 6.12.114`.
fn summary(number: Number, has: &str, those: &[&Defect]) -> String {
    let series = number.series;
    let last = those.iter().filter_map(|one| one.fixed_in(series)).max();
    let good = Number {
        series,
        patch: last.unwrap_or_default(),
    };
    format!(
        "{number} {has}: {}; fixed in {good}",
        names(those.iter().copied())
    )
}

fn names<'a>(those: impl Iterator<Item = &'a Defect>) -> String {
    let names: Vec<_> = those.map(|one| one.name).collect();
    names.join(", ")
}

fn cannot_tell(release: &str, names: &str) -> Finding {
    Finding::note(
        "kernel",
        format!("cannot tell whether {release} has the fixes of the known holes in SMC"),
        format!("its number does not say: look for these in its changelog: {names}"),
    )
}

fn splice(number: Option<Number>) -> Finding {
    let what = if number.is_none_or(|number| number > LAST_BROKEN_SPLICE) {
        format!(
            "splice(2) out of SMC sockets gave wrong data in every kernel up to {LAST_BROKEN_SPLICE}"
        )
    } else {
        "splice(2) out of SMC sockets gives wrong data in this kernel".to_owned()
    };
    Finding::note(
        "kernel",
        what,
        "it hands out the receive buffer's own pages, which are used again; smc_run copies \
         instead, but not for io_uring's splice, nor for programs that make the system call \
         themselves: leave these on TCP",
    )
}

#[cfg(test)]
mod tests;
