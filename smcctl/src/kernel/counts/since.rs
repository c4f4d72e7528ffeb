// SPDX-License-Identifier: MIT OR Apache-2.0
//! The difference between two readings.

use super::{Counts, Reason};

impl Counts {
    /// Returns the increase since `before`; `None` when a counter has decreased, because
    /// the module was reloaded or the network namespace is another one. What is not a
    /// counter has its current value.
    #[must_use]
    pub fn since(&self, before: &Self) -> Option<Self> {
        let (mut since, mut then) = (self.clone(), before.clone());
        for (count, then) in since.counters().zip(then.counters()) {
            *count = count.checked_sub(*then)?;
        }
        since.reasons = self
            .reasons
            .iter()
            .map(|reason| Reason {
                // The counter wraps.
                count: reason.count.wrapping_sub(before.count_of(*reason)),
                ..*reason
            })
            .filter(|reason| reason.count > 0)
            .collect();
        Some(since)
    }

    fn count_of(&self, wanted: Reason) -> u16 {
        let same = |one: &&Reason| (one.code, one.is_server) == (wanted.code, wanted.is_server);
        self.reasons.iter().find(same).map_or(0, |one| one.count)
    }
}
