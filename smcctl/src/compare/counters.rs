// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the kernel has counted of connections in this network namespace: those that
//! became SMC, and those that fell back, by reason.

use crate::kernel::counts::Counts;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Of one side's connections.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counted {
    /// So many are SMC-D.
    pub smc_d: u64,
    /// So many are SMC-R.
    pub smc_r: u64,
    /// So many fell back.
    pub fallbacks: u64,
    /// How often for which of the kernel's reasons.
    pub reasons: BTreeMap<u32, u16>,
}

/// Of both.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counters {
    /// Connections that were made.
    pub client: Counted,
    /// Connections that were accepted.
    pub server: Counted,
}

impl From<&Counts> for Counters {
    fn from(counts: &Counts) -> Self {
        let (d, r) = (&counts.smc_d, &counts.smc_r);
        let reasons = |is_server| {
            let reasons = counts.reasons.iter();
            let reasons = reasons.filter(move |reason| reason.is_server == is_server);
            reasons.map(|reason| (reason.code, reason.count)).collect()
        };
        Self {
            client: Counted {
                smc_d: d.made(),
                smc_r: r.made(),
                fallbacks: counts.fallbacks.client,
                reasons: reasons(false),
            },
            server: Counted {
                smc_d: d.accepted(),
                smc_r: r.accepted(),
                fallbacks: counts.fallbacks.server,
                reasons: reasons(true),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::counts::Reason;

    #[test]
    fn what_was_counted_since_then() {
        let mut counts = Counts::default();
        counts.smc_d.client_v1 = 1;
        counts.smc_d.client_v2 = 4;
        counts.smc_r.server_v2 = 6;
        counts.fallbacks.server = 70_000;
        counts.reasons = vec![Reason {
            is_server: true,
            code: 0x0303_0008,
            count: 65_535,
        }];
        let before = counts.clone();
        let of_before = Counters::from(&before);
        assert_eq!((of_before.client.smc_d, of_before.server.smc_r), (5, 6));
        counts.smc_d.client_v2 += 2;
        counts.fallbacks.server += 3;
        counts.reasons[0].count = 2;
        let since = Counters::from(&counts.since(&before).unwrap());
        assert_eq!((since.client.smc_d, since.client.fallbacks), (2, 0));
        assert_eq!((since.server.smc_r, since.server.fallbacks), (0, 3));
        assert_eq!(since.server.reasons, BTreeMap::from([(0x0303_0008, 3)]));
    }
}
