// SPDX-License-Identifier: MIT OR Apache-2.0
//! The program's processes: all of them are waited for, signals are handed on, and
//! the exit status of the first is handed back.
//!
//! A program that goes on in the background leaves its processes to this one
//! (prctl(2), `PR_SET_CHILD_SUBREAPER`), which therefore knows when the last has
//! ended. It keeps no file of the program open meanwhile but standard error.

use std::ffi::{c_int, OsString};
use std::fs::{self, File};
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::AsRawFd;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// What to do with SIGPIPE and SIGCHLD when this process was executed: the program
/// is to have it so. (Rust's runtime changes the first before `main`.)
static INHERITED: [AtomicUsize; 2] = [
    AtomicUsize::new(libc::SIG_DFL),
    AtomicUsize::new(libc::SIG_DFL),
];
const SIGNALS: [c_int; 2] = [libc::SIGPIPE, libc::SIGCHLD];

/// To be called before Rust's runtime begins.
pub extern "C" fn remember_signals() {
    for (place, signal) in INHERITED.iter().zip(SIGNALS) {
        let mut action = MaybeUninit::<libc::sigaction>::zeroed();
        // SAFETY: asks, and changes nothing.
        unsafe {
            if libc::sigaction(signal, std::ptr::null(), action.as_mut_ptr()) == 0 {
                place.store(action.assume_init().sa_sigaction, Relaxed);
            }
        }
    }
}

/// What is executed as `command` ignores the signals that this process was to ignore.
pub fn inherits_signals(command: &mut Command) {
    let inherited = INHERITED.each_ref().map(|action| action.load(Relaxed));
    // SAFETY: system calls only, on copies.
    unsafe {
        command.pre_exec(move || {
            for (signal, action) in SIGNALS.into_iter().zip(inherited) {
                libc::signal(signal, action);
            }
            Ok(())
        });
    }
}

/// How a program has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// With an exit status.
    Status(u8),
    /// By a signal.
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
                // SAFETY: this process alone; its memory is of no interest any more.
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

/// The signals that this process waits for; to be made before any other thread is.
#[derive(Debug)]
pub struct Signals {
    waited_for: libc::sigset_t,
    before: libc::sigset_t,
}

impl Signals {
    /// From now on they wait.
    #[must_use]
    pub fn block() -> Self {
        // What this process itself does wrong, and what stops it with the program.
        const OTHERS: [c_int; 10] = [
            libc::SIGSEGV,
            libc::SIGBUS,
            libc::SIGFPE,
            libc::SIGILL,
            libc::SIGTRAP,
            libc::SIGSYS,
            libc::SIGABRT,
            libc::SIGTSTP,
            libc::SIGTTIN,
            libc::SIGTTOU,
        ];
        let mut waited_for = MaybeUninit::<libc::sigset_t>::zeroed();
        let mut before = MaybeUninit::<libc::sigset_t>::zeroed();
        // SAFETY: local sets; the handler is the default one.
        unsafe {
            libc::sigfillset(waited_for.as_mut_ptr());
            for signal in OTHERS {
                libc::sigdelset(waited_for.as_mut_ptr(), signal);
            }
            // Ignored, children would be gone before they are asked how they ended.
            libc::signal(libc::SIGCHLD, libc::SIG_DFL);
            libc::pthread_sigmask(libc::SIG_BLOCK, waited_for.as_ptr(), before.as_mut_ptr());
            Self {
                waited_for: waited_for.assume_init(),
                before: before.assume_init(),
            }
        }
    }

    /// Waits for the next: its number, and whether another process sent it.
    fn next(&self) -> (c_int, bool) {
        let mut about = MaybeUninit::<libc::siginfo_t>::zeroed();
        // SAFETY: a local set and a place for the answer.
        let signal = unsafe { libc::sigwaitinfo(&raw const self.waited_for, about.as_mut_ptr()) };
        // SAFETY: zeroed, or written by the kernel.
        let code = unsafe { about.assume_init() }.si_code;
        // A terminal sends to the program, too.
        (signal, code <= 0)
    }
}

/// A program that was started.
#[derive(Debug)]
pub struct Running {
    first: libc::pid_t,
    /// Children that this process had before: of a shell that it replaced.
    strangers: Vec<libc::pid_t>,
}

impl Running {
    /// Starts it with these variables; `inherited` is what was open before anything
    /// was opened here.
    ///
    /// # Errors
    /// When it cannot be executed.
    pub fn start(
        command: &[OsString],
        variables: &[(&str, Option<OsString>)],
        signals: &Signals,
        inherited: &[c_int],
    ) -> io::Result<Self> {
        let (name, arguments) = command.split_first().ok_or(io::ErrorKind::InvalidInput)?;
        let strangers = children();
        // SAFETY: no memory is involved.
        unsafe { libc::prctl(libc::PR_SET_CHILD_SUBREAPER, 1) };
        let mut program = Command::new(name);
        program.args(arguments);
        for (variable, value) in variables {
            match value {
                Some(value) => program.env(variable, value),
                None => program.env_remove(variable),
            };
        }
        let before = signals.before;
        inherits_signals(&mut program);
        // SAFETY: a system call only, on a copy.
        unsafe {
            program.pre_exec(move || {
                libc::pthread_sigmask(libc::SIG_SETMASK, &raw const before, std::ptr::null_mut());
                Ok(())
            });
        }
        let first = program.spawn()?.id();
        let running = Self {
            first: libc::pid_t::try_from(first).unwrap_or(0),
            strangers,
        };
        hold_nothing_open(inherited);
        Ok(running)
    }

    /// Waits until all its processes have ended, or it is signalled when the first
    /// has; `goes_on` is called when that has ended before others.
    /// How the first has ended, and whether others go on.
    pub fn wait(self, signals: &Signals, goes_on: impl FnOnce()) -> (End, bool) {
        let mut goes_on = Some(goes_on);
        let mut end = None;
        loop {
            let (signal, is_sent) = signals.next();
            match end {
                _ if signal == libc::SIGCHLD => {
                    end = self.reap().or(end);
                    let Some(end) = end else { continue };
                    if !children()
                        .iter()
                        .any(|child| !self.strangers.contains(child))
                    {
                        return (end, false);
                    }
                    if let Some(goes_on) = goes_on.take() {
                        goes_on();
                    }
                }
                None if is_sent => {
                    // SAFETY: a child that was not waited for: the number is its own.
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

    /// Takes note of all children that have ended; how the first has, if it did now.
    fn reap(&self) -> Option<End> {
        let mut end = None;
        loop {
            let mut status = 0;
            // SAFETY: a place for the answer.
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

/// The children of all threads of this process.
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

/// The files that are open, but for input, output and errors.
#[must_use]
pub fn open_files() -> Vec<c_int> {
    let entries = fs::read_dir("/proc/self/fd")
        .into_iter()
        .flatten()
        .flatten();
    let mut files: Vec<c_int> = entries
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter(|&fd| fd > libc::STDERR_FILENO)
        .collect();
    // But for the folder that was read.
    // SAFETY: asks, and changes nothing.
    files.retain(|&fd| unsafe { libc::fcntl(fd, libc::F_GETFD) } >= 0);
    files
}

/// Whoever waits for the end of the program's output or input does not wait for
/// this process, no lock is held by it, and no file system is kept busy.
fn hold_nothing_open(inherited: &[c_int]) {
    if let Ok(nothing) = File::options().read(true).write(true).open("/dev/null") {
        for fd in [libc::STDIN_FILENO, libc::STDOUT_FILENO] {
            // SAFETY: nothing in this process uses them from here on.
            unsafe { libc::dup2(nothing.as_raw_fd(), fd) };
        }
    }
    for &fd in inherited {
        // SAFETY: nothing in this process has ever used it.
        unsafe { libc::close(fd) };
    }
    let _ = std::env::set_current_dir("/");
}
