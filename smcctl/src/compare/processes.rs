// SPDX-License-Identifier: MIT OR Apache-2.0
//! The processes of a runner: the program that it has started and all that comes of
//! it, however far it goes. Whoever loses its parent becomes the runner's child
//! (prctl(2), `PR_SET_CHILD_SUBREAPER`), so all are found, waited for, and ended.

use super::side::Prepared;
use crate::run::signals;
use crate::system::process::Process;
use rustix::process::Signal;
use std::collections::BTreeSet;
use std::ffi::c_int;
use std::fs;
use std::io;
use std::mem::MaybeUninit;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

/// From now on nobody below this process gets lost.
pub fn become_subreaper() {
    // SAFETY: no memory is involved.
    unsafe { libc::prctl(libc::PR_SET_CHILD_SUBREAPER, 1) };
}

/// The signals that ask a process to end.
const ENDING: [c_int; 3] = [libc::SIGINT, libc::SIGTERM, libc::SIGHUP];

/// From now on those wait, in this thread and in those that it makes, and `handler` is
/// called with each. To be called before any other thread is made.
pub fn on_ending_signals(handler: impl Fn(c_int) + Send + 'static) {
    let mut set = MaybeUninit::<libc::sigset_t>::zeroed();
    // SAFETY: a local set; the handler of SIGCHLD is the default one: ignored,
    // children would be gone before they are asked what they have used.
    let set = unsafe {
        libc::sigemptyset(set.as_mut_ptr());
        for signal in ENDING {
            libc::sigaddset(set.as_mut_ptr(), signal);
        }
        libc::pthread_sigmask(libc::SIG_BLOCK, set.as_ptr(), std::ptr::null_mut());
        libc::signal(libc::SIGCHLD, libc::SIG_DFL);
        set.assume_init()
    };
    thread::spawn(move || loop {
        // SAFETY: a local set.
        let signal = unsafe { libc::sigwaitinfo(&raw const set, std::ptr::null_mut()) };
        if signal > 0 {
            handler(signal);
        }
    });
}

/// What is executed as `command` has no signal blocked, and is no part of what the
/// terminal interrupts: its parent sees to its end.
pub fn stands_alone(command: &mut Command) {
    signals::inherit(command);
    command.process_group(0);
    // SAFETY: system calls only, on a local set.
    unsafe {
        command.pre_exec(|| {
            let mut none = MaybeUninit::<libc::sigset_t>::zeroed();
            libc::sigemptyset(none.as_mut_ptr());
            libc::pthread_sigmask(libc::SIG_SETMASK, none.as_ptr(), std::ptr::null_mut());
            Ok(())
        });
    }
}

/// Starts it with this input; what it prints can be read.
///
/// # Errors
/// When it cannot be executed.
pub fn start(prepared: &Prepared, input: Stdio) -> io::Result<Child> {
    let (name, arguments) = prepared
        .words
        .split_first()
        .ok_or(io::ErrorKind::InvalidInput)?;
    let mut command = Command::new(name);
    command.args(arguments);
    for (variable, value) in &prepared.variables {
        match value {
            Some(value) => command.env(variable, value),
            None => command.env_remove(variable),
        };
    }
    stands_alone(&mut command);
    command
        .stdin(input)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command.spawn()
}

/// A child that has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ending {
    /// Which.
    pub pid: u32,
    /// With exit status 0.
    pub is_success: bool,
    /// How, in words.
    pub how: String,
    /// What it and those that it has waited for have used.
    pub cpu: Duration,
}

/// Waits for the next child that ends; `None` when there is none left.
#[must_use]
pub fn next_ending() -> Option<Ending> {
    loop {
        let mut status = 0;
        let mut used = MaybeUninit::<libc::rusage>::zeroed();
        // SAFETY: places for the answers.
        let pid = unsafe { libc::wait4(-1, &raw mut status, 0, used.as_mut_ptr()) };
        if pid < 0 {
            if io::Error::last_os_error().kind() == io::ErrorKind::Interrupted {
                continue;
            }
            return None;
        }
        // SAFETY: zeroed, or written by the kernel.
        let used = unsafe { used.assume_init() };
        let how = if libc::WIFSIGNALED(status) {
            format!("was ended by signal {}", libc::WTERMSIG(status))
        } else {
            format!("ended with exit status {}", libc::WEXITSTATUS(status))
        };
        return Some(Ending {
            pid: pid.try_into().unwrap_or(0),
            is_success: status == 0,
            how,
            cpu: duration(used.ru_utime) + duration(used.ru_stime),
        });
    }
}

fn duration(time: libc::timeval) -> Duration {
    let seconds = time.tv_sec.try_into().unwrap_or(0);
    Duration::from_secs(seconds) + Duration::from_micros(time.tv_usec.try_into().unwrap_or(0))
}

/// All processes below this one.
#[must_use]
pub fn descendants() -> BTreeSet<u32> {
    let mut found = BTreeSet::new();
    let mut parents = vec![std::process::id()];
    while let Some(parent) = parents.pop() {
        let threads = fs::read_dir(format!("/proc/{parent}/task"));
        for thread in threads.into_iter().flatten().flatten() {
            let children = fs::read_to_string(thread.path().join("children"));
            for child in children.unwrap_or_default().split_whitespace() {
                let child = child.parse().unwrap_or(0);
                if child != 0 && found.insert(child) {
                    parents.push(child);
                }
            }
        }
    }
    found
}

/// Sends a signal to one process below this one.
pub fn signal(pid: u32, signal: Signal) {
    let process = Process::of(pid);
    // Asked after it is held: it may have ended, and its number be a stranger's.
    if let Some(process) = process.filter(|_| descendants().contains(&pid)) {
        process.signal(signal);
    }
}

/// Sends a signal to all processes below this one.
pub fn signal_all(which: Signal) {
    for pid in descendants() {
        signal(pid, which);
    }
}

/// What all processes below this one have used up to now, to a hundredth of a second.
#[must_use]
pub fn cpu_now() -> Duration {
    // SAFETY: no memory is involved.
    let ticks = unsafe { libc::sysconf(libc::_SC_CLK_TCK) };
    let ticks = u32::try_from(ticks).unwrap_or(100).max(1);
    let used = descendants().into_iter().filter_map(|pid| {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        let (_, fields) = stat.rsplit_once(')')?;
        // utime, stime, cutime and cstime are the fields 14 to 17 of proc(5).
        let fields = fields.split_whitespace().skip(11).take(4);
        Some(
            fields
                .filter_map(|field| field.parse::<u64>().ok())
                .sum::<u64>(),
        )
    });
    Duration::from_millis(used.sum::<u64>() * 1000 / u64::from(ticks))
}
