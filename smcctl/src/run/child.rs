// SPDX-License-Identifier: MIT OR Apache-2.0
//! The program as a child of this process: waits for all of its processes, forwards
//! signals and reports the exit status of the first.
//!
//! Processes in the background are reparented to this one (prctl(2),
//! `PR_SET_CHILD_SUBREAPER`), which therefore sees when the last of them ends.

use super::descriptors;
use super::signals::{self, Signals};
use std::ffi::{c_int, OsString};
use std::fs;
use std::io;
use std::mem::MaybeUninit;
use std::process::Command;

/// How a program has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Exited with this status.
    Status(u8),
    /// Killed by this signal.
    Signal(c_int),
}

impl End {
    fn of(status: c_int) -> Self {
        if libc::WIFSIGNALED(status) {
            Self::Signal(libc::WTERMSIG(status))
        } else {
            Self::Status(u8::try_from(libc::WEXITSTATUS(status)).unwrap_or(u8::MAX))
        }
    }

    /// Ends this process in the same way.
    pub fn repeat(self) -> ! {
        match self {
            Self::Status(status) => std::process::exit(status.into()),
            Self::Signal(signal) => {
                let none = libc::rlimit {
                    rlim_cur: 0,
                    rlim_max: 0,
                };
                // SAFETY: valid pointers to local memory; the process ends here.
                unsafe {
                    libc::setrlimit(libc::RLIMIT_CORE, &raw const none);
                    libc::signal(signal, libc::SIG_DFL);
                    let mut set = MaybeUninit::<libc::sigset_t>::zeroed();
                    libc::sigemptyset(set.as_mut_ptr());
                    libc::sigaddset(set.as_mut_ptr(), signal);
                    libc::pthread_sigmask(libc::SIG_UNBLOCK, set.as_ptr(), std::ptr::null_mut());
                    libc::raise(signal);
                }
                std::process::exit(128 + signal)
            }
        }
    }
}

/// Sets or removes (`None`) these variables of `program`, and makes it inherit what this
/// process inherited.
pub fn inherit(program: &mut Command, variables: &[(&str, Option<OsString>)]) {
    for (variable, value) in variables {
        match value {
            Some(value) => program.env(variable, value),
            None => program.env_remove(variable),
        };
    }
    signals::inherit(program);
    descriptors::inherit(program);
}

/// A program that runs as a child of this process.
#[derive(Debug)]
pub struct Running {
    first: libc::pid_t,
    /// Children from before: those of a shell that was replaced by this process.
    inherited_children: Vec<libc::pid_t>,
}

impl Running {
    /// Starts the program with these variables. `inherited` are the descriptors that this
    /// process had at its start.
    ///
    /// # Errors
    /// When the program cannot be executed.
    pub fn start(
        command: &[OsString],
        variables: &[(&str, Option<OsString>)],
        signals: &Signals,
        inherited: &[c_int],
    ) -> io::Result<Self> {
        let (name, arguments) = command.split_first().ok_or(io::ErrorKind::InvalidInput)?;
        let inherited_children = children();
        // SAFETY: PR_SET_CHILD_SUBREAPER takes a number.
        unsafe { libc::prctl(libc::PR_SET_CHILD_SUBREAPER, 1) };
        let mut program = Command::new(name);
        program.args(arguments);
        inherit(&mut program, variables);
        signals.restore_in(&mut program);
        let first = program.spawn()?.id();
        let running = Self {
            first: libc::pid_t::try_from(first).unwrap_or(0),
            inherited_children,
        };
        descriptors::release(inherited);
        Ok(running)
    }

    /// Waits until all processes of the program have ended or, after the first has, until a
    /// signal. Calls `on_background` if the first ends before the others. Returns how the
    /// first ended, and whether others are still running.
    pub fn wait(self, signals: &Signals, on_background: impl FnOnce()) -> (End, bool) {
        let mut on_background = Some(on_background);
        let mut end = None;
        loop {
            let (signal, is_sent) = signals.next();
            match end {
                _ if signal == libc::SIGCHLD => {
                    end = self.reap().or(end);
                    let Some(end) = end else { continue };
                    if !children()
                        .iter()
                        .any(|child| !self.inherited_children.contains(child))
                    {
                        return (end, false);
                    }
                    if let Some(on_background) = on_background.take() {
                        on_background();
                    }
                }
                None if is_sent => {
                    // SAFETY: the child has not been reaped, so the number is still its own.
                    unsafe { libc::kill(self.first, signal) };
                }
                Some(end)
                    if matches!(
                        signal,
                        libc::SIGINT | libc::SIGTERM | libc::SIGHUP | libc::SIGQUIT
                    ) =>
                {
                    return (end, true);
                }
                _ => {}
            }
        }
    }

    /// Reaps all children that have ended. Returns how the first ended, if it did now.
    fn reap(&self) -> Option<End> {
        let mut end = None;
        loop {
            let mut status = 0;
            // SAFETY: local memory for the result.
            let child = unsafe { libc::waitpid(-1, &raw mut status, libc::WNOHANG) };
            if child <= 0 {
                return end;
            }
            if child == self.first {
                end = Some(End::of(status));
            }
        }
    }
}

/// Returns the children of all threads of this process.
fn children() -> Vec<libc::pid_t> {
    let lists = fs::read_dir("/proc/self/task")
        .into_iter()
        .flatten()
        .flatten();
    lists
        .filter_map(|task| fs::read_to_string(task.path().join("children")).ok())
        .flat_map(|list| list.split_whitespace().map(str::parse).collect::<Vec<_>>())
        .flatten()
        .collect()
}
