// SPDX-License-Identifier: MIT OR Apache-2.0
//! Until when the end of a process waits.

use crate::{process, sys};
use std::time::Duration;

/// How long it waits for the threads to find out which shared sockets no child has any more.
/// A child can have left a socket to its parent, and not have ended yet.
const SHARED_LIMIT: Duration = Duration::from_millis(250);

/// Both begin when they are first asked for.
#[derive(Debug, Default)]
pub(super) struct Deadlines {
    counted: Option<Duration>,
    shared: Option<Duration>,
}

impl Deadlines {
    /// `SMC_DRAIN_TIMEOUT` from the first question on.
    pub fn of_counted(&mut self) -> Duration {
        *self
            .counted
            .get_or_insert_with(|| sys::now() + process::drain_timeout())
    }

    /// Of sockets that a child has, too.
    pub fn of_shared(&mut self) -> Duration {
        *self
            .shared
            .get_or_insert_with(|| sys::now() + SHARED_LIMIT.min(process::drain_timeout()))
    }
}
