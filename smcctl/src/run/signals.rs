// SPDX-License-Identifier: MIT OR Apache-2.0
//! Signals: those that the program inherits, and those that this process receives.

use std::ffi::c_int;
use std::mem::MaybeUninit;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// The actions for SIGPIPE and SIGCHLD that this process inherited and the program is to
/// inherit. (Rust's runtime changes the first before `main`.)
static INHERITED: [AtomicUsize; 2] = [
    AtomicUsize::new(libc::SIG_DFL),
    AtomicUsize::new(libc::SIG_DFL),
];
const SIGNALS: [c_int; 2] = [libc::SIGPIPE, libc::SIGCHLD];

/// Saves the inherited actions. Called by the loader, before Rust's runtime starts.
pub fn save_inherited() {
    for (place, signal) in INHERITED.iter().zip(SIGNALS) {
        let mut action = MaybeUninit::<libc::sigaction>::zeroed();
        // SAFETY: a null pointer for the new action: sigaction only writes the old one.
        unsafe {
            if libc::sigaction(signal, std::ptr::null(), action.as_mut_ptr()) == 0 {
                place.store(action.assume_init().sa_sigaction, Relaxed);
            }
        }
    }
}

/// Makes `command` inherit the actions that this process inherited.
pub fn inherit(command: &mut Command) {
    let inherited = INHERITED.each_ref().map(|action| action.load(Relaxed));
    // SAFETY: the closure only makes system calls, on copies of the actions.
    unsafe {
        command.pre_exec(move || {
            for (signal, action) in SIGNALS.into_iter().zip(inherited) {
                libc::signal(signal, action);
            }
            Ok(())
        });
    }
}

/// The signals that this process receives synchronously. Create it before any thread.
#[derive(Debug)]
pub struct Signals {
    received: libc::sigset_t,
    /// The mask before, for the program.
    original: libc::sigset_t,
}

impl Signals {
    /// Blocks the signals.
    #[must_use]
    pub fn block() -> Self {
        // Faults of this process, and signals that stop it together with the program.
        const EXCEPT: [c_int; 10] = [
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
        let mut received = MaybeUninit::<libc::sigset_t>::zeroed();
        let mut original = MaybeUninit::<libc::sigset_t>::zeroed();
        // SAFETY: the sets are local and initialised by sigfillset and pthread_sigmask.
        unsafe {
            libc::sigfillset(received.as_mut_ptr());
            for signal in EXCEPT {
                libc::sigdelset(received.as_mut_ptr(), signal);
            }
            // If it were ignored, the exit status of children would be lost.
            libc::signal(libc::SIGCHLD, libc::SIG_DFL);
            libc::pthread_sigmask(libc::SIG_BLOCK, received.as_ptr(), original.as_mut_ptr());
            Self {
                received: received.assume_init(),
                original: original.assume_init(),
            }
        }
    }

    /// Waits for the next signal. Returns its number and whether another process sent it.
    pub(super) fn next(&self) -> (c_int, bool) {
        let mut info = MaybeUninit::<libc::siginfo_t>::zeroed();
        // SAFETY: an initialised set and local memory for the result.
        let signal = unsafe { libc::sigwaitinfo(&raw const self.received, info.as_mut_ptr()) };
        // SAFETY: zeroed, or written by the kernel.
        let code = unsafe { info.assume_init() }.si_code;
        // The kernel sends those of a terminal to the program, too.
        (signal, code <= 0)
    }

    /// Makes `command` start with the mask that this process had.
    pub(super) fn restore_in(&self, command: &mut Command) {
        let original = self.original;
        // SAFETY: the closure only makes a system call, on a copy of the mask.
        unsafe {
            command.pre_exec(move || {
                libc::pthread_sigmask(libc::SIG_SETMASK, &raw const original, std::ptr::null_mut());
                Ok(())
            });
        }
    }
}
