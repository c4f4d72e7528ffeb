// SPDX-License-Identifier: MIT OR Apache-2.0
//! What was counted between two times.

use super::{Counts, Reason};

impl Counts {
    /// What has been counted since `before`; `None` when the kernel began anew: its
    /// module was loaded again, or the network namespace is another. What is no count
    /// is as it is now.
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
                // It may have begun again at 0 meanwhile.
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
