// SPDX-License-Identifier: MIT OR Apache-2.0
//! Classifies a connection from its record and the kernel's list of SMC sockets.

use super::reason::FORCED;
use super::smc_sockets::{Mode, Observed, State};
use smc_core::report::table::{Entry, Kind, Phase};
use std::path::Path;
use std::time::{Duration, Instant};

/// How often a socket may be missing in the kernel's list: a socket that is created
/// during a dump may be missing.
const MAX_MISSES: u32 = 4;
/// A limit that no connect reaches. After it the outcome will not be recorded any more:
/// the process was killed, or does not ask for it.
const MAX_CONNECT: Duration = Duration::from_secs(3600);

/// The search for a connection in the lists.
#[derive(Clone, Copy, Debug)]
pub struct Tracked {
    since: Instant,
    /// The number of consecutive lists without it.
    missed: u32,
    /// A list contained it.
    listed: bool,
}

impl Default for Tracked {
    fn default() -> Self {
        Self {
            since: Instant::now(),
            missed: 0,
            listed: false,
        }
    }
}

impl Tracked {
    /// Whether a list contained it.
    #[must_use]
    pub fn was_listed(&self) -> bool {
        self.listed
    }

    /// Records whether one more list contains it.
    pub fn record(&mut self, is_listed: bool) {
        if is_listed {
            self.listed = true;
            self.missed = 0;
        } else {
            self.missed = self.missed.saturating_add(1);
        }
    }

    fn is_abandoned(&self) -> bool {
        self.missed > 0 && self.since.elapsed() > MAX_CONNECT
    }
}

/// The class of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// SMC over RDMA.
    SmcR,
    /// SMC over shared memory.
    SmcD,
    /// SMC-R or SMC-D.
    Smc,
    /// TCP, with the reasons in the kernel's list if it was ever in it.
    Tcp(Option<(u32, u32)>),
    /// Not a connection after all.
    NotCounted,
    /// Not known yet.
    Pending,
}

/// Classifies a connection. `seen` is its socket in the latest list.
#[must_use]
pub fn classify(phase: Phase, entry: &Entry, seen: Option<&Observed>, tracked: Tracked) -> Class {
    let is_made = phase == Phase::Made;
    if phase == Phase::Connecting && tracked.is_abandoned() {
        return if !Path::new(&format!("/proc/{}", entry.process)).exists() {
            Class::NotCounted
        } else if entry.facts.is_known_to_smc() {
            by_last_known_kind(entry)
        } else {
            Class::Tcp(None)
        };
    }
    if !entry.facts.is_known_to_smc() {
        return if is_made {
            Class::Tcp(None)
        } else {
            Class::Pending
        };
    }
    let is_missing = tracked.missed >= MAX_MISSES;
    match (seen.map(|seen| (seen.mode, seen.state)), phase) {
        // A socket that was demoted before the connect need not be connected.
        (Some((Mode::Tcp(own, peer), _)), _) if is_made || own != FORCED => {
            Class::Tcp(Some((own, peer)))
        }
        (Some((Mode::SmcR, State::Connected)), _) => Class::SmcR,
        (Some((Mode::SmcD, State::Connected)), _) => Class::SmcD,
        // It was connected, and the kernel no longer knows the kind.
        (Some(_), Phase::Made) => by_last_known_kind(entry),
        (None, Phase::Made) if is_missing => by_last_known_kind(entry),
        (Some((_, State::Closed)), _) | (Some(_), Phase::GivenUp) => Class::NotCounted,
        (None, _) if is_missing && (tracked.listed || phase == Phase::GivenUp) => Class::NotCounted,
        _ => Class::Pending,
    }
}

fn by_last_known_kind(entry: &Entry) -> Class {
    match entry.facts.is {
        Kind::Smc => Class::Smc,
        Kind::Tcp => Class::Tcp(Some((0, 0))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use smc_core::report::table::{Facts, Role};

    fn entry(made: Kind, process: u32) -> Entry {
        Entry {
            facts: Facts {
                role: Role::Connecting,
                port: 80,
                before: made,
                made,
                is: made,
                has_copies: false,
            },
            process,
            inode: 7,
            address: 0,
        }
    }

    fn tracked(missed: u32, listed: bool, age: Duration) -> Tracked {
        let since = Instant::now().checked_sub(age).unwrap();
        Tracked {
            since,
            missed,
            listed,
        }
    }

    fn seen(state: State, mode: Mode) -> Observed {
        Observed { state, mode }
    }

    #[test]
    fn the_list_of_the_kernel_decides() {
        let (smc, new) = (entry(Kind::Smc, 1), Tracked::default());
        let of = |phase, seen: Observed| classify(phase, &smc, Some(&seen), new);
        let connected = seen(State::Connected, Mode::SmcD);
        for phase in [Phase::Made, Phase::Connecting, Phase::GivenUp] {
            assert_eq!(of(phase, connected), Class::SmcD);
        }
        let declined = seen(State::Connected, Mode::Tcp(0x0500_0000, 3));
        let because = Class::Tcp(Some((0x0500_0000, 3)));
        assert_eq!(of(Phase::Connecting, declined), because);
        // Demoted before the connect: only the program knows whether it is connected.
        let forced = seen(State::Connecting, Mode::Tcp(FORCED, 0));
        assert_eq!(of(Phase::Connecting, forced), Class::Pending);
        assert_eq!(of(Phase::Made, forced), Class::Tcp(Some((FORCED, 0))));
        let begins = seen(State::Connecting, Mode::SmcR);
        assert_eq!(of(Phase::Connecting, begins), Class::Pending);
        assert_eq!(of(Phase::GivenUp, begins), Class::NotCounted);
        let ended = seen(State::Closed, Mode::SmcR);
        assert_eq!(of(Phase::Connecting, ended), Class::NotCounted);
        assert_eq!(of(Phase::Made, ended), Class::Smc);
    }

    #[test]
    fn a_missing_socket_is_looked_up_several_times() {
        let smc = entry(Kind::Smc, 1);
        let of =
            |phase, missed, was| classify(phase, &smc, None, tracked(missed, was, Duration::ZERO));
        assert_eq!(of(Phase::Made, MAX_MISSES - 1, false), Class::Pending);
        assert_eq!(of(Phase::Made, MAX_MISSES, false), Class::Smc);
        assert_eq!(of(Phase::GivenUp, MAX_MISSES, false), Class::NotCounted);
        assert_eq!(of(Phase::Connecting, MAX_MISSES, true), Class::NotCounted);
        assert_eq!(of(Phase::Connecting, MAX_MISSES, false), Class::Pending);
    }

    /// The records of processes that are killed during a connect are freed.
    #[test]
    fn an_abandoned_connect_ends() {
        let old = MAX_CONNECT + Duration::from_secs(1);
        let (gone, here) = (u32::MAX, std::process::id());
        for (made, at_last) in [(Kind::Tcp, Class::Tcp(None)), (Kind::Smc, Class::Smc)] {
            let of = |process, age| {
                let tracked = tracked(MAX_MISSES, false, age);
                classify(Phase::Connecting, &entry(made, process), None, tracked)
            };
            assert_eq!(of(gone, Duration::from_secs(60)), Class::Pending);
            assert_eq!(of(here, Duration::from_secs(60)), Class::Pending);
            assert_eq!(of(gone, old), Class::NotCounted);
            assert_eq!(of(here, old), at_last);
        }
        // A socket that is still listed is not abandoned.
        let mut listed = tracked(MAX_MISSES, true, old);
        listed.record(true);
        let begins = seen(State::Connecting, Mode::SmcR);
        let smc = entry(Kind::Smc, gone);
        let found = classify(Phase::Connecting, &smc, Some(&begins), listed);
        assert_eq!(found, Class::Pending);
    }
}
