// SPDX-License-Identifier: MIT OR Apache-2.0
//! Reads the records of the program's processes, looks the connections up in the kernel
//! while their sockets exist, and counts them.

use super::classify::{classify, Class, Tracked};
use super::reason::{Explainer, TcpReason};
use super::shared_memory::{self, lock_reader, unlock_reader};
use super::smc_sockets::{self, Observed};
use super::tally::{Tally, Transport};
use crate::failure::{words, Failure};
use smc_core::report::table::{Entry, Kind, Phase, Role, Table, Ticket};
use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::mpsc::channel;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// The interval at which pending connections are looked up; it doubles each time.
const MIN_INTERVAL: Duration = Duration::from_millis(50);
const MAX_INTERVAL: Duration = Duration::from_secs(2);
/// The maximum delay between two lists, since a program that closes a connection waits.
const MAX_DELAY: Duration = Duration::from_millis(100);

/// The thread that reads the table.
#[derive(Debug)]
pub struct Reader {
    table: &'static Table,
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Tally>,
}

impl Reader {
    /// Starts the thread. When this returns, the program can be started.
    ///
    /// # Errors
    /// When no thread can be created.
    pub fn begin(table: &'static Table, explainer: Explainer) -> Result<Self, Failure> {
        let stop = Arc::new(AtomicBool::new(false));
        let (started, is_started) = channel();
        let read = {
            let stop = Arc::clone(&stop);
            move || {
                lock_reader(table);
                let _ = started.send(());
                let tally = State::new(table, explainer).run(&stop);
                unlock_reader(table);
                tally
            }
        };
        let thread = thread::Builder::new().spawn(read).map_err(|error| {
            Failure::new(format!(
                "cannot create a thread for the report: {}",
                words(&error)
            ))
        })?;
        let _ = is_started.recv();
        Ok(Self {
            table,
            stop,
            thread,
        })
    }

    /// Ends the thread and returns the counts.
    #[must_use]
    pub fn end(self) -> Tally {
        self.stop.store(true, Relaxed);
        if self.table.notify() {
            shared_memory::wake(self.table.changes());
        }
        self.thread.join().unwrap_or_default()
    }
}

struct State {
    table: &'static Table,
    explainer: Explainer,
    tracked: BTreeMap<u64, Tracked>,
    tally: Tally,
    interval: Duration,
    next_lookup: Instant,
    /// How long reading the last list took.
    delay: Duration,
}

impl State {
    fn new(table: &'static Table, explainer: Explainer) -> Self {
        Self {
            table,
            explainer,
            tracked: BTreeMap::new(),
            tally: Tally::default(),
            interval: MIN_INTERVAL,
            next_lookup: Instant::now(),
            delay: Duration::ZERO,
        }
    }

    fn run(mut self, stop: &AtomicBool) -> Tally {
        loop {
            let notified = self.table.changes_value();
            let is_end = stop.load(Relaxed);
            let mut has_changed = self.take_changed();
            if is_end {
                has_changed |= self.take_all();
            }
            let limit = self.look_up(has_changed || is_end);
            if is_end && limit != Some(Duration::ZERO) {
                break;
            }
            if limit != Some(Duration::ZERO) {
                self.table.sleeps(true);
                shared_memory::sleep(self.table.changes(), notified, limit);
                self.table.sleeps(false);
            }
        }
        for role in [Role::Accepting, Role::Connecting] {
            for kind in [Kind::Tcp, Kind::Smc] {
                let transport = match kind {
                    Kind::Tcp => Transport::Tcp(TcpReason::TooMany),
                    Kind::Smc => Transport::Smc,
                };
                let count = self.table.overflow(role, kind);
                self.tally.add(role.into(), None, transport, count);
            }
        }
        self.tally
    }

    fn take_changed(&mut self) -> bool {
        let mut has_changed = false;
        self.table.take_dirty(|ticket| {
            has_changed = true;
            self.tracked.insert(ticket.number(), Tracked::default());
        });
        has_changed
    }

    /// A process may have been killed between recording and notifying.
    fn take_all(&mut self) -> bool {
        let known = self.tracked.len();
        self.table.all(|ticket| {
            self.tracked.entry(ticket.number()).or_default();
        });
        self.tracked.len() > known
    }

    /// Looks up all tracked connections. Returns when to do so again.
    fn look_up(&mut self, has_changed: bool) -> Option<Duration> {
        let now = Instant::now();
        if has_changed {
            self.interval = MIN_INTERVAL;
        } else if now < self.next_lookup {
            return Some(self.next_lookup - now);
        }
        let table = self.table;
        let mut current: Vec<(Ticket, Phase, Entry)> = Vec::new();
        self.tracked.retain(|number, _| {
            let Some(ticket) = Ticket::from_number(*number) else {
                return false;
            };
            let phase = table.phase(ticket);
            let is_tracked = matches!(phase, Phase::Made | Phase::Connecting | Phase::GivenUp);
            if let (true, Some(slot)) = (is_tracked, table.slot(ticket)) {
                current.push((ticket, phase, slot.entry()));
            }
            is_tracked
        });
        let list = self.list(&current);
        let mut is_pending = false;
        for (ticket, phase, entry) in current {
            is_pending |= self.decide(ticket, phase, &entry, &list);
        }
        if is_pending {
            return Some(Duration::ZERO);
        }
        if self.tracked.is_empty() {
            return None;
        }
        let interval = self.interval;
        self.interval = MAX_INTERVAL.min(interval * 2);
        self.next_lookup = now + interval;
        Some(interval)
    }

    /// Reads the kernel's list, if one of these connections can be in it.
    fn list(&mut self, current: &[(Ticket, Phase, Entry)]) -> HashMap<u64, Observed> {
        if !current
            .iter()
            .any(|(.., entry)| entry.facts.is_known_to_smc())
        {
            return HashMap::new();
        }
        // With very many sockets this thread uses at most half of a processor.
        thread::sleep(self.delay.min(MAX_DELAY));
        let start = Instant::now();
        // A failure is an empty list.
        let mut list = smc_sockets::list().unwrap_or_default();
        // Missing sockets may be in another network namespace.
        let mut elsewhere: Vec<u32> = current
            .iter()
            .filter(|(ticket, _, entry)| {
                entry.facts.is_known_to_smc()
                    && !list.contains_key(&entry.inode)
                    && (self.tracked.get(&ticket.number()))
                        .is_some_and(|tracked| !tracked.was_listed())
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
        self.delay = start.elapsed();
        list
    }

    /// Classifies and counts a connection. Returns whether to look it up again at once.
    fn decide(
        &mut self,
        ticket: Ticket,
        phase: Phase,
        entry: &Entry,
        list: &HashMap<u64, Observed>,
    ) -> bool {
        let seen = list.get(&entry.inode);
        let Some(tracked) = self.tracked.get_mut(&ticket.number()) else {
            return false;
        };
        tracked.record(seen.is_some());
        let class = classify(phase, entry, seen, *tracked);
        if class == Class::Pending {
            return phase != Phase::Connecting;
        }
        // If the program has changed the record meanwhile, it is reported again.
        if let Some(is_waited_for) = self.table.free(ticket, phase) {
            if let (true, Some(slot)) = (is_waited_for, self.table.slot(ticket)) {
                shared_memory::wake(slot.futex());
            }
            let transport = match class {
                Class::SmcR => Some(Transport::SmcR),
                Class::SmcD => Some(Transport::SmcD),
                Class::Smc => Some(Transport::Smc),
                Class::Tcp(listed) => Some(Transport::Tcp(self.explainer.reason(entry, listed))),
                Class::NotCounted | Class::Pending => None,
            };
            if let Some(transport) = transport {
                let (role, port) = (entry.facts.role.into(), entry.facts.port);
                self.tally.add(role, Some(port), transport, 1);
            }
        }
        self.tracked.remove(&ticket.number());
        false
    }
}
