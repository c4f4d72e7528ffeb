// SPDX-License-Identifier: MIT OR Apache-2.0
//! Calls that wait, in threads of their own.

use std::ffi::c_long;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::thread::JoinHandle;
use std::time::Duration;

/// How long one who may rightly sleep on is watched; on TCP others wake at once.
pub const SHORT: Duration = Duration::from_secs(3);

/// How long one may take to wake who must: on a busy machine a packet is lost at
/// times, and sent again after some seconds.
pub const LONG: Duration = Duration::from_secs(7);

/// The calls in which the cases wait.
const WAITING: &[c_long] = &[
    libc::SYS_poll,
    libc::SYS_ppoll,
    libc::SYS_select,
    libc::SYS_pselect6,
    libc::SYS_epoll_wait,
    libc::SYS_epoll_pwait,
    libc::SYS_rt_sigtimedwait,
    libc::SYS_accept,
    libc::SYS_accept4,
    libc::SYS_connect,
    libc::SYS_sendto,
    libc::SYS_recvfrom,
    libc::SYS_splice,
];

/// Runs `work` in another thread, and returns once that thread sleeps in a call
/// that waits.
pub fn elsewhere<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> JoinHandle<T> {
    let (tell, thread_id) = std::sync::mpsc::channel();
    let thread = std::thread::spawn(move || {
        // SAFETY: takes nothing.
        let _ = tell.send(unsafe { libc::gettid() });
        work()
    });
    // The number of the call in which the thread is, or "running".
    let file = format!("/proc/self/task/{}/syscall", thread_id.recv().unwrap());
    let sleeps = |text: String| {
        let number = text.split(' ').next().and_then(|word| word.parse().ok());
        number.is_some_and(|number| WAITING.contains(&number))
    };
    while !thread.is_finished() && !std::fs::read_to_string(&file).is_ok_and(sleeps) {
        std::thread::yield_now();
    }
    thread
}

/// What a thread that waits will say when it is woken.
pub struct Waiting(Receiver<String>);

impl Waiting {
    /// Runs `work` in another thread, which sleeps when this returns, or is done.
    pub fn in_thread(work: impl FnOnce() -> String + Send + 'static) -> Self {
        let (say, said) = std::sync::mpsc::channel();
        elsewhere(move || {
            // Nobody listens any more when the case is over.
            let _ = say.send(work());
        });
        Self(said)
    }

    /// What woke it, if that comes within `limit`.
    pub fn woken(&self, limit: Duration) -> Option<String> {
        match self.0.recv_timeout(limit) {
            Ok(text) => Some(text),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => Some("broken".to_owned()),
        }
    }
}
