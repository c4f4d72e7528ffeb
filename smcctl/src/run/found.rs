// SPDX-License-Identifier: MIT OR Apache-2.0
//! What comes of a connection, given what is written down and what the kernel's
//! list says.

use super::diag::{Mode, Seen, State};
use super::reason::FORCED;
use smc_core::report::table::{Entry, Kind, Phase};
use std::path::Path;
use std::time::{Duration, Instant};

/// A socket that is not in the kernel's list is looked for so often: one that comes
/// while the list is made up may be missing in it.
const LOOKS: u32 = 4;
/// No connect takes so long. What has come of this one nobody will ever say: its
/// process was killed, or is content with the connection.
const FORGOTTEN: Duration = Duration::from_secs(3600);

/// A connection that something is to be found out about.
#[derive(Clone, Copy, Debug)]
pub struct Watched {
    since: Instant,
    /// So many lists did not have it.
    missed: u32,
    /// One had it.
    seen: bool,
}

impl Default for Watched {
    fn default() -> Self {
        Self {
            since: Instant::now(),
            missed: 0,
            seen: false,
        }
    }
}

impl Watched {
    /// Whether a list ever had it.
    #[must_use]
    pub fn is_seen(&self) -> bool {
        self.seen
    }

    /// One more list was looked at.
    pub fn was_looked_for(&mut self, is_there: bool) {
        if is_there {
            self.seen = true;
            self.missed = 0;
        } else {
            self.missed = self.missed.saturating_add(1);
        }
    }

    fn is_forgotten(&self) -> bool {
        self.missed > 0 && self.since.elapsed() > FORGOTTEN
    }
}

/// What comes of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// SMC over RDMA.
    SmcR,
    /// SMC over shared memory.
    SmcD,
    /// The one or the other.
    Smc,
    /// With the reasons that the kernel's list has, if it was ever in there.
    Tcp(Option<(u32, u32)>),
    /// Not one, in the end.
    CountsNot,
    /// It is to be looked for again.
    NotYet,
}

/// What a connection is, given what is written down and what the kernel says.
#[must_use]
pub fn found(phase: Phase, entry: &Entry, seen: Option<&Seen>, watched: Watched) -> Found {
    let is_made = phase == Phase::Made;
    if phase == Phase::Connecting && watched.is_forgotten() {
        return if !Path::new(&format!("/proc/{}", entry.process)).exists() {
            Found::CountsNot
        } else if entry.facts.is_known_to_smc() {
            without_the_kernel(entry)
        } else {
            Found::Tcp(None)
        };
    }
    if !entry.facts.is_known_to_smc() {
        return if is_made {
            Found::Tcp(None)
        } else {
            Found::NotYet
        };
    }
    let is_gone = watched.missed >= LOOKS;
    match (seen.map(|seen| (seen.mode, seen.state)), phase) {
        // What was made TCP before need not be connected.
        (Some((Mode::Tcp(own, peer), _)), _) if is_made || own != FORCED => {
            Found::Tcp(Some((own, peer)))
        }
        (Some((Mode::SmcR, State::Connected)), _) => Found::SmcR,
        (Some((Mode::SmcD, State::Connected)), _) => Found::SmcD,
        // It was one, and the kernel does not tell any more which.
        (Some(_), Phase::Made) => without_the_kernel(entry),
        (None, Phase::Made) if is_gone => without_the_kernel(entry),
        (Some((_, State::Closed)), _) | (Some(_), Phase::GivenUp) => Found::CountsNot,
        (None, _) if is_gone && (watched.seen || phase == Phase::GivenUp) => Found::CountsNot,
        _ => Found::NotYet,
    }
}

fn without_the_kernel(entry: &Entry) -> Found {
    match entry.facts.is {
        Kind::Smc => Found::Smc,
        Kind::Tcp => Found::Tcp(Some((0, 0))),
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

    fn watched(missed: u32, seen: bool, age: Duration) -> Watched {
        let since = Instant::now().checked_sub(age).unwrap();
        Watched {
            since,
            missed,
            seen,
        }
    }

    fn seen(state: State, mode: Mode) -> Seen {
        Seen { state, mode }
    }

    #[test]
    fn the_kernel_decides_as_long_as_it_knows() {
        let (smc, new) = (entry(Kind::Smc, 1), Watched::default());
        let of = |phase, seen: Seen| found(phase, &smc, Some(&seen), new);
        let connected = seen(State::Connected, Mode::SmcD);
        for phase in [Phase::Made, Phase::Connecting, Phase::GivenUp] {
            assert_eq!(of(phase, connected), Found::SmcD);
        }
        let declined = seen(State::Connected, Mode::Tcp(0x0500_0000, 3));
        let because = Found::Tcp(Some((0x0500_0000, 3)));
        assert_eq!(of(Phase::Connecting, declined), because);
        // Demoted before it was connected: whether it is only the program knows.
        let forced = seen(State::Beginning, Mode::Tcp(FORCED, 0));
        assert_eq!(of(Phase::Connecting, forced), Found::NotYet);
        assert_eq!(of(Phase::Made, forced), Found::Tcp(Some((FORCED, 0))));
        let begins = seen(State::Beginning, Mode::SmcR);
        assert_eq!(of(Phase::Connecting, begins), Found::NotYet);
        assert_eq!(of(Phase::GivenUp, begins), Found::CountsNot);
        let ended = seen(State::Closed, Mode::SmcR);
        assert_eq!(of(Phase::Connecting, ended), Found::CountsNot);
        assert_eq!(of(Phase::Made, ended), Found::Smc);
    }

    #[test]
    fn what_is_in_no_list_is_looked_for_some_times() {
        let smc = entry(Kind::Smc, 1);
        let of =
            |phase, missed, was| found(phase, &smc, None, watched(missed, was, Duration::ZERO));
        assert_eq!(of(Phase::Made, LOOKS - 1, false), Found::NotYet);
        assert_eq!(of(Phase::Made, LOOKS, false), Found::Smc);
        assert_eq!(of(Phase::GivenUp, LOOKS, false), Found::CountsNot);
        assert_eq!(of(Phase::Connecting, LOOKS, true), Found::CountsNot);
        assert_eq!(of(Phase::Connecting, LOOKS, false), Found::NotYet);
    }

    /// However many processes are killed while they connect, there is room again.
    #[test]
    fn no_connect_is_waited_for_for_ever() {
        let old = FORGOTTEN + Duration::from_secs(1);
        let (gone, here) = (u32::MAX, std::process::id());
        for (made, at_last) in [(Kind::Tcp, Found::Tcp(None)), (Kind::Smc, Found::Smc)] {
            let of = |process, age| {
                let watched = watched(LOOKS, false, age);
                found(Phase::Connecting, &entry(made, process), None, watched)
            };
            assert_eq!(of(gone, Duration::from_secs(60)), Found::NotYet);
            assert_eq!(of(here, Duration::from_secs(60)), Found::NotYet);
            assert_eq!(of(gone, old), Found::CountsNot);
            assert_eq!(of(here, old), at_last);
        }
        // What the kernel still lists is not forgotten.
        let mut listed = watched(LOOKS, true, old);
        listed.was_looked_for(true);
        let begins = seen(State::Beginning, Mode::SmcR);
        let smc = entry(Kind::Smc, gone);
        let found = found(Phase::Connecting, &smc, Some(&begins), listed);
        assert_eq!(found, Found::NotYet);
    }
}
