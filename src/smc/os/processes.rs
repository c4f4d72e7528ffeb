// SPDX-License-Identifier: MIT OR Apache-2.0
//! This process and others: numbers, memory, threads, signals.

use super::{number, raw, Errno, Word};
use std::ffi::{c_int, c_long, c_void};
use std::mem::MaybeUninit;

/// The parent's process id.
pub fn parent_id() -> c_int {
    kernel!(libc::SYS_getppid, 0).map_or(0, number)
}

/// Takes all capabilities from the calling thread alone (capset(2)).
pub fn drop_capabilities() {
    const LINUX_CAPABILITY_VERSION_3: u32 = 0x2008_0522;
    let header = [LINUX_CAPABILITY_VERSION_3, 0];
    let none = [0_u32; 6];
    let _ = kernel!(libc::SYS_capset, header.as_ptr(), none.as_ptr());
}

/// Fresh zero pages.
pub fn map(length: usize) -> Option<*mut u8> {
    let access = libc::PROT_READ | libc::PROT_WRITE;
    let kind = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
    let nowhere = std::ptr::null_mut();
    // By way of the C library: s390x has a convention of its own.
    let before = Errno::current();
    // SAFETY: asks for fresh pages anywhere.
    let pages = unsafe { libc::mmap(nowhere, length, access, kind, -1, 0) };
    before.set();
    (pages != libc::MAP_FAILED).then_some(pages.cast())
}

/// Children of a fork do not get these pages (madvise(2)).
pub fn keep_from_children(pages: *mut u8, length: usize) {
    let _ = kernel!(libc::SYS_madvise, pages, length, libc::MADV_DONTFORK);
}

/// Whether `thread` was one of `process` and has ended.
pub fn has_ended(process: u32, thread: c_int) -> bool {
    kernel!(libc::SYS_tgkill, process, thread, 0) == Err(Errno(libc::ESRCH))
}

/// Whether a filter decides which system calls the calling thread may make, and what
/// becomes of it otherwise (seccomp(2)).
pub fn is_filtered() -> bool {
    const SECCOMP_MODE_FILTER: c_long = 2;
    kernel!(libc::SYS_prctl, libc::PR_GET_SECCOMP) == Ok(SECCOMP_MODE_FILTER)
}

/// Gives pages back.
pub fn unmap(pages: *mut u8, length: usize) {
    let _ = kernel!(libc::SYS_munmap, pages, length);
}

/// A signal mask as the kernel has it: one bit for each of 64 signals.
const MASK: usize = 8;

/// Blocks all signals for the calling thread; the mask that it had.
pub fn block_signals() -> u64 {
    let (all, mut before) = (u64::MAX, 0);
    let _ = kernel!(
        libc::SYS_rt_sigprocmask,
        libc::SIG_BLOCK,
        &raw const all,
        &raw mut before,
        MASK
    );
    before
}

/// Gives the calling thread a mask back.
pub fn restore_signals(mask: u64) {
    let nowhere = std::ptr::null_mut::<u64>();
    let _ = kernel!(
        libc::SYS_rt_sigprocmask,
        libc::SIG_SETMASK,
        &raw const mask,
        nowhere,
        MASK
    );
}

/// Sends the calling thread a signal.
pub fn raise(signal: c_int) {
    let _ = kernel!(libc::SYS_tgkill, process_id(), thread_id(), signal);
}

/// Whether the kernel would go on with a call that any signal's handler interrupts
/// (`SA_RESTART`): what it does by itself, but for poll(2).
pub fn restarts_after_signals() -> bool {
    let before = Errno::current();
    let restarts = (1..=libc::SIGRTMAX()).all(|signal| {
        let mut action = MaybeUninit::<libc::sigaction>::zeroed();
        let nothing = std::ptr::null();
        // SAFETY: room for the answer.
        let known = unsafe { libc::sigaction(signal, nothing, action.as_mut_ptr()) } == 0;
        // SAFETY: zeroed bytes are a valid struct sigaction.
        let action = unsafe { action.assume_init() };
        let is_handled = !matches!(action.sa_sigaction, libc::SIG_DFL | libc::SIG_IGN);
        !known || !is_handled || action.sa_flags & libc::SA_RESTART != 0
    });
    before.set();
    restarts
}

extern "C" {
    /// glibc's own clone(2). By its other name ThreadSanitizer has a hook, which takes every
    /// thread that is made so for the child of a fork.
    fn __clone(
        begin: extern "C" fn(*mut c_void) -> c_int,
        top: *mut c_void,
        flags: c_int,
        argument: *mut c_void,
        ...
    ) -> c_int;
}

/// clone(2), by way of the C library, which knows each processor's stack.
///
/// # Safety
/// `top` must be the end of a stack that is the new thread's alone, and `begin`
/// must be content with what `flags` leave it.
pub unsafe fn clone(
    begin: extern "C" fn(*mut c_void) -> c_int,
    top: *mut c_void,
    flags: c_int,
    argument: *mut c_void,
) -> Result<c_int, Errno> {
    let before = Errno::current();
    // SAFETY: as the caller promises.
    let thread = unsafe { __clone(begin, top, flags, argument) };
    let after = Errno::current();
    before.set();
    if thread == -1 {
        Err(after)
    } else {
        Ok(thread)
    }
}

/// The calling thread, asked anew.
pub fn thread_id() -> c_int {
    kernel!(libc::SYS_gettid, 0).map_or(0, number)
}

/// The process id, asked anew: a child after fork has its own.
pub fn process_id() -> c_int {
    kernel!(libc::SYS_getpid, 0).map_or(0, number)
}
