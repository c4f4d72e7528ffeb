// SPDX-License-Identifier: MIT OR Apache-2.0
//! What comes of a connection, given what is written down and what the kernel's
//! list says.

use super::reason::FORCED;
use super::smc_sockets::{Mode, Observed, State};
use std::path::Path;
use std::time::{Duration, Instant};
use table::{Entry, Kind, Phase};

/// A socket that is not in the kernel's list is looked for so often: one that comes
/// while the list is made up may be missing in it.
const MAX_MISSES: u32 = 4;
/// No connect takes so long. What has come of this one nobody will ever say: its
/// process was killed, or is content with the connection.
const MAX_CONNECT: Duration = Duration::from_secs(3600);

/// A connection that something is to be found out about.
#[derive(Clone, Copy, Debug)]
pub struct Tracked {
    since: Instant,
    /// So many lists did not have it.
    missed: u32,
    /// One had it.
    seen: bool,
}

impl Default for Tracked {
    fn default() -> Self {
        Self {
            since: Instant::now(),
            missed: 0,
            seen: false,
        }
    }
}

impl Tracked {
    /// Whether a list ever had it.
    #[must_use]
    pub fn was_listed(&self) -> bool {
        self.seen
    }

    /// One more list was looked at.
    pub fn record(&mut self, is_there: bool) {
        if is_there {
            self.seen = true;
            self.missed = 0;
        } else {
            self.missed = self.missed.saturating_add(1);
        }
    }

    fn is_abandoned(&self) -> bool {
        self.missed > 0 && self.since.elapsed() > MAX_CONNECT
    }
}

/// What comes of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// SMC over RDMA.
    SmcR,
    /// SMC over shared memory.
    SmcD,
    /// The one or the other.
    Smc,
    /// With the reasons that the kernel's list has, if it was ever in there.
    Tcp(Option<(u32, u32)>),
    /// Not one, in the end.
    NotCounted,
    /// It is to be looked for again.
    Pending,
}

/// What a connection is, given what is written down and what the kernel says.
#[must_use]
pub fn classify(phase: Phase, entry: &Entry, seen: Option<&Observed>, watched: Tracked) -> Class {
    let is_made = phase == Phase::Made;
    if phase == Phase::Connecting && watched.is_abandoned() {
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
    let is_gone = watched.missed >= MAX_MISSES;
    match (seen.map(|seen| (seen.mode, seen.state)), phase) {
        // What was made TCP before need not be connected.
        (Some((Mode::Tcp(own, peer), _)), _) if is_made || own != FORCED => {
            Class::Tcp(Some((own, peer)))
        }
        (Some((Mode::SmcR, State::Connected)), _) => Class::SmcR,
        (Some((Mode::SmcD, State::Connected)), _) => Class::SmcD,
        // It was one, and the kernel does not tell any more which.
        (Some(_), Phase::Made) => by_last_known_kind(entry),
        (None, Phase::Made) if is_gone => by_last_known_kind(entry),
        (Some((_, State::Closed)), _) | (Some(_), Phase::GivenUp) => Class::NotCounted,
        (None, _) if is_gone && (watched.seen || phase == Phase::GivenUp) => Class::NotCounted,
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
    use table::{Facts, Role};

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

    fn watched(missed: u32, seen: bool, age: Duration) -> Tracked {
        let since = Instant::now().checked_sub(age).unwrap();
        Tracked {
            since,
            missed,
            seen,
        }
    }

    fn seen(state: State, mode: Mode) -> Observed {
        Observed { state, mode }
    }

    #[test]
    fn the_kernel_decides_as_long_as_it_knows() {
        let (smc, new) = (entry(Kind::Smc, 1), Tracked::default());
        let of = |phase, seen: Observed| classify(phase, &smc, Some(&seen), new);
        let connected = seen(State::Connected, Mode::SmcD);
        for phase in [Phase::Made, Phase::Connecting, Phase::GivenUp] {
            assert_eq!(of(phase, connected), Class::SmcD);
        }
        let declined = seen(State::Connected, Mode::Tcp(0x0500_0000, 3));
        let because = Class::Tcp(Some((0x0500_0000, 3)));
        assert_eq!(of(Phase::Connecting, declined), because);
        // Demoted before it was connected: whether it is only the program knows.
        let forced = seen(State::Beginning, Mode::Tcp(FORCED, 0));
        assert_eq!(of(Phase::Connecting, forced), Class::Pending);
        assert_eq!(of(Phase::Made, forced), Class::Tcp(Some((FORCED, 0))));
        let begins = seen(State::Beginning, Mode::SmcR);
        assert_eq!(of(Phase::Connecting, begins), Class::Pending);
        assert_eq!(of(Phase::GivenUp, begins), Class::NotCounted);
        let ended = seen(State::Closed, Mode::SmcR);
        assert_eq!(of(Phase::Connecting, ended), Class::NotCounted);
        assert_eq!(of(Phase::Made, ended), Class::Smc);
    }

    #[test]
    fn what_is_in_no_list_is_looked_for_some_times() {
        let smc = entry(Kind::Smc, 1);
        let of =
            |phase, missed, was| classify(phase, &smc, None, watched(missed, was, Duration::ZERO));
        assert_eq!(of(Phase::Made, MAX_MISSES - 1, false), Class::Pending);
        assert_eq!(of(Phase::Made, MAX_MISSES, false), Class::Smc);
        assert_eq!(of(Phase::GivenUp, MAX_MISSES, false), Class::NotCounted);
        assert_eq!(of(Phase::Connecting, MAX_MISSES, true), Class::NotCounted);
        assert_eq!(of(Phase::Connecting, MAX_MISSES, false), Class::Pending);
    }

    /// However many processes are killed while they connect, there is room again.
    #[test]
    fn no_connect_is_waited_for_for_ever() {
        let old = MAX_CONNECT + Duration::from_secs(1);
        let (gone, here) = (u32::MAX, std::process::id());
        for (made, at_last) in [(Kind::Tcp, Class::Tcp(None)), (Kind::Smc, Class::Smc)] {
            let of = |process, age| {
                let watched = watched(MAX_MISSES, false, age);
                classify(Phase::Connecting, &entry(made, process), None, watched)
            };
            assert_eq!(of(gone, Duration::from_secs(60)), Class::Pending);
            assert_eq!(of(here, Duration::from_secs(60)), Class::Pending);
            assert_eq!(of(gone, old), Class::NotCounted);
            assert_eq!(of(here, old), at_last);
        }
        // What the kernel still lists is not forgotten.
        let mut listed = watched(MAX_MISSES, true, old);
        listed.record(true);
        let begins = seen(State::Beginning, Mode::SmcR);
        let smc = entry(Kind::Smc, gone);
        let found = classify(Phase::Connecting, &smc, Some(&begins), listed);
        assert_eq!(found, Class::Pending);
    }
}
