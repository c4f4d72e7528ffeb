// SPDX-License-Identifier: MIT OR Apache-2.0
//! A process by its pidfd (pidfd_open(2)).

use rustix::event::{poll, PollFd, PollFlags, Timespec};
use rustix::io::retry_on_intr;
use rustix::process::{
    pidfd_getfd, pidfd_open, pidfd_send_signal, Pid, PidfdFlags, PidfdGetfdFlags, Signal,
};
use std::os::fd::OwnedFd;
use std::time::Duration;

/// A process, identified independently of reuse of its PID.
#[derive(Debug)]
pub struct Process(OwnedFd);

impl Process {
    /// Opens a process by its PID.
    #[must_use]
    pub fn of(pid: u32) -> Option<Self> {
        let pid = Pid::from_raw(i32::try_from(pid).ok()?)?;
        pidfd_open(pid, PidfdFlags::empty()).ok().map(Self)
    }

    /// Sends a signal, unless the process has ended.
    pub fn signal(&self, signal: Signal) {
        let _ = pidfd_send_signal(&self.0, signal);
    }

    /// Duplicates a descriptor of the process. `None` if there is none, or without
    /// permission.
    #[must_use]
    pub fn descriptor(&self, number: i32) -> Option<OwnedFd> {
        pidfd_getfd(&self.0, number, PidfdGetfdFlags::empty()).ok()
    }

    /// Waits at most `limit` for the end of the process. Returns whether it has ended.
    #[must_use]
    pub fn has_ended_within(&self, limit: Duration) -> bool {
        let limit = Timespec::try_from(limit).ok();
        let mut polled = [PollFd::new(&self.0, PollFlags::IN)];
        retry_on_intr(|| poll(&mut polled, limit.as_ref())).is_ok_and(|ready| ready > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::{Command, Stdio};

    #[test]
    fn waiting_ends_with_the_process_or_the_limit() {
        let mut child = Command::new("cat").stdin(Stdio::piped()).spawn().unwrap();
        let process = Process::of(child.id()).unwrap();
        assert!(!process.has_ended_within(Duration::from_millis(1)));
        process.signal(Signal::TERM);
        assert!(process.has_ended_within(Duration::from_secs(60)));
        assert!(!child.wait().unwrap().success());
    }

    #[test]
    fn invalid_pids_are_rejected() {
        assert!(Process::of(0).is_none());
        assert!(Process::of(u32::MAX).is_none());
    }
}
