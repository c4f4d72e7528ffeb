// SPDX-License-Identifier: MIT OR Apache-2.0
//! Reads what the program's processes write down, asks the kernel about it while
//! the sockets are there, and adds it up.

use super::classify::{classify, Class, Tracked};
use super::reason::{Explainer, TcpReason};
use super::shared_memory::{self, lock_reader, unlock_reader};
use super::smc_sockets::{self, Observed};
use super::tally::{Tally, Transport};
use crate::failure::{words, Failure};
use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::mpsc::channel;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};
use table::{Entry, Kind, Phase, Role, Table, Ticket};

/// Connections that are being made are looked at again after this time at first,
/// and after twice the time each time, up to the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// Nobody who closes a connection waits longer because of the others.
const LONGEST_REST: Duration = Duration::from_millis(100);

/// The thread that reads.
#[derive(Debug)]
pub struct Reader {
    table: &'static Table,
    ends: Arc<AtomicBool>,
    thread: JoinHandle<Tally>,
}

impl Reader {
    /// Begins; when this returns, the program may be started.
    ///
    /// # Errors
    /// When there may be no more threads.
    pub fn begin(table: &'static Table, judge: Explainer) -> Result<Self, Failure> {
        let ends = Arc::new(AtomicBool::new(false));
        let (begun, has_begun) = channel();
        let reads = {
            let ends = Arc::clone(&ends);
            move || {
                lock_reader(table);
                let _ = begun.send(());
                let tally = Reading::new(table, judge).until(&ends);
                unlock_reader(table);
                tally
            }
        };
        let thread = thread::Builder::new().spawn(reads).map_err(|error| {
            Failure::new(format!("no thread for the report: {}", words(&error)))
        })?;
        let _ = has_begun.recv();
        Ok(Self {
            table,
            ends,
            thread,
        })
    }

    /// Ends; what has been added up.
    #[must_use]
    pub fn end(self) -> Tally {
        self.ends.store(true, Relaxed);
        if self.table.ring() {
            shared_memory::wake(self.table.bell());
        }
        self.thread.join().unwrap_or_default()
    }
}

struct Reading {
    table: &'static Table,
    judge: Explainer,
    watched: BTreeMap<u64, Tracked>,
    tally: Tally,
    pause: Duration,
    next_look: Instant,
    /// How long the last list has taken.
    rest: Duration,
}

impl Reading {
    fn new(table: &'static Table, judge: Explainer) -> Self {
        Self {
            table,
            judge,
            watched: BTreeMap::new(),
            tally: Tally::default(),
            pause: FIRST_PAUSE,
            next_look: Instant::now(),
            rest: Duration::ZERO,
        }
    }

    fn until(mut self, ends: &AtomicBool) -> Tally {
        loop {
            let bell = self.table.bell_value();
            let is_end = ends.load(Relaxed);
            let mut is_news = self.take_news();
            if is_end {
                is_news |= self.take_all();
            }
            let limit = self.look(is_news || is_end);
            if is_end && limit != Some(Duration::ZERO) {
                break;
            }
            if limit != Some(Duration::ZERO) {
                self.table.sleeps(true);
                shared_memory::sleep(self.table.bell(), bell, limit);
                self.table.sleeps(false);
            }
        }
        for role in [Role::Accepting, Role::Connecting] {
            for kind in [Kind::Tcp, Kind::Smc] {
                let what = match kind {
                    Kind::Tcp => Transport::Tcp(TcpReason::TooMany),
                    Kind::Smc => Transport::Smc,
                };
                let count = self.table.overflow(role, kind);
                self.tally.add(role.into(), None, what, count);
            }
        }
        self.tally
    }

    fn take_news(&mut self) -> bool {
        let mut is_news = false;
        self.table.take_dirty(|ticket| {
            is_news = true;
            self.watched.insert(ticket.number(), Tracked::default());
        });
        is_news
    }

    /// Whoever was killed between writing and ringing has not rung.
    fn take_all(&mut self) -> bool {
        let known = self.watched.len();
        self.table.all(|ticket| {
            self.watched.entry(ticket.number()).or_default();
        });
        self.watched.len() > known
    }

    /// Looks at all that is watched; when it should next be looked at.
    fn look(&mut self, is_news: bool) -> Option<Duration> {
        let now = Instant::now();
        if is_news {
            self.pause = FIRST_PAUSE;
        } else if now < self.next_look {
            return Some(self.next_look - now);
        }
        let table = self.table;
        let mut current: Vec<(Ticket, Phase, Entry)> = Vec::new();
        self.watched.retain(|number, _| {
            let Some(ticket) = Ticket::from_number(*number) else {
                return false;
            };
            let phase = table.phase(ticket);
            let is_watched = matches!(phase, Phase::Made | Phase::Connecting | Phase::GivenUp);
            if let (true, Some(slot)) = (is_watched, table.slot(ticket)) {
                current.push((ticket, phase, slot.entry()));
            }
            is_watched
        });
        let list = self.list(&current);
        let mut looks_again = false;
        for (ticket, phase, entry) in current {
            looks_again |= self.decide(ticket, phase, &entry, &list);
        }
        if looks_again {
            return Some(Duration::ZERO);
        }
        if self.watched.is_empty() {
            return None;
        }
        let pause = self.pause;
        self.pause = LONGEST_PAUSE.min(pause * 2);
        self.next_look = now + pause;
        Some(pause)
    }

    /// The kernel's list, where one of these connections may be in it.
    fn list(&mut self, current: &[(Ticket, Phase, Entry)]) -> HashMap<u64, Observed> {
        if !current
            .iter()
            .any(|(.., entry)| entry.facts.is_known_to_smc())
        {
            return HashMap::new();
        }
        // Where there are very many sockets, half of a processor is enough.
        thread::sleep(self.rest.min(LONGEST_REST));
        let begun = Instant::now();
        // Without a list nothing is in it.
        let mut list = smc_sockets::list().unwrap_or_default();
        // Who is missing may be in another network.
        let mut elsewhere: Vec<u32> = current
            .iter()
            .filter(|(ticket, _, entry)| {
                entry.facts.is_known_to_smc()
                    && !list.contains_key(&entry.inode)
                    && (self.watched.get(&ticket.number()))
                        .is_some_and(|watched| !watched.was_listed())
            })
            .map(|(.., entry)| entry.process)
            .collect();
        elsewhere.sort_unstable();
        elsewhere.dedup();
        for process in elsewhere {
            if !current
                .iter()
                .all(|(.., entry)| list.contains_key(&entry.inode))
            {
                list.extend(smc_sockets::list_in_namespace_of(process));
            }
        }
        self.rest = begun.elapsed();
        list
    }

    /// True: it is to be looked for at once again.
    fn decide(
        &mut self,
        ticket: Ticket,
        phase: Phase,
        entry: &Entry,
        list: &HashMap<u64, Observed>,
    ) -> bool {
        let seen = list.get(&entry.inode);
        let Some(watched) = self.watched.get_mut(&ticket.number()) else {
            return false;
        };
        watched.record(seen.is_some());
        let found = classify(phase, entry, seen, *watched);
        if found == Class::Pending {
            return phase != Phase::Connecting;
        }
        // The program may have done something to it meanwhile: then it comes again.
        if let Some(is_waited_for) = self.table.free(ticket, phase) {
            if let (true, Some(slot)) = (is_waited_for, self.table.slot(ticket)) {
                shared_memory::wake(slot.futex());
            }
            let what = match found {
                Class::SmcR => Some(Transport::SmcR),
                Class::SmcD => Some(Transport::SmcD),
                Class::Smc => Some(Transport::Smc),
                Class::Tcp(listed) => Some(Transport::Tcp(self.judge.why(entry, listed))),
                Class::NotCounted | Class::Pending => None,
            };
            if let Some(what) = what {
                let (role, port) = (entry.facts.role.into(), entry.facts.port);
                self.tally.add(role, Some(port), what, 1);
            }
        }
        self.watched.remove(&ticket.number());
        false
    }
}
