// SPDX-License-Identifier: MIT OR Apache-2.0
//! Threads, their privileges and their signals.

use super::{call, number, process_id, Errno, Word};
use std::ffi::{c_int, c_long, c_void};
use std::mem::MaybeUninit;

/// Takes all capabilities from the calling thread alone (capset(2)).
pub fn drop_capabilities() {
    const LINUX_CAPABILITY_VERSION_3: u32 = 0x2008_0522;
    let header = [LINUX_CAPABILITY_VERSION_3, 0];
    let none = [0_u32; 6];
    let _ = kernel!(libc::SYS_capset, header.as_ptr(), none.as_ptr());
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

/// Whether Valgrind executes this program, which ends when a thread is made by clone(2).
/// Its client request: `VG_USERREQ__RUNNING_ON_VALGRIND`, a sequence that does nothing on a
/// processor (`valgrind/valgrind.h`).
#[cfg(target_arch = "x86_64")]
pub fn is_under_valgrind() -> bool {
    const RUNNING_ON_VALGRIND: u64 = 0x1001;
    let request = [RUNNING_ON_VALGRIND, 0, 0, 0, 0, 0];
    let mut depth: u64 = 0;
    // SAFETY: four rotations by 128 bits in all and an exchange of a register with itself.
    unsafe {
        core::arch::asm!(
            "rol rdi, 3",
            "rol rdi, 13",
            "rol rdi, 61",
            "rol rdi, 51",
            "xchg rbx, rbx",
            in("rax") request.as_ptr(),
            inout("rdx") depth,
            options(nostack),
        );
    }
    depth > 0
}

/// The same; of other processors it is not known.
#[cfg(not(target_arch = "x86_64"))]
pub fn is_under_valgrind() -> bool {
    false
}

/// The calling thread as the C library knows it: the owner of a mutex.
pub fn thread_known_to_libc() -> c_int {
    /// `struct __pthread_mutex_s`: `__lock`, `__count`, `__owner`.
    const OWNER: usize = 2;
    let mut mutex: libc::pthread_mutex_t = libc::PTHREAD_ERRORCHECK_MUTEX_INITIALIZER_NP;
    let mutex = &raw mut mutex;
    // SAFETY: a mutex on this stack, which nobody else locks.
    if unsafe { libc::pthread_mutex_lock(mutex) } != 0 {
        return 0;
    }
    // SAFETY: the third word of a larger structure on this stack.
    let owner = unsafe { mutex.cast::<c_int>().add(OWNER).read_volatile() };
    // SAFETY: locked above.
    unsafe { libc::pthread_mutex_unlock(mutex) };
    owner
}

/// Has `act` called before each fork(2) (pthread_atfork(3)).
pub fn before_each_fork(act: extern "C" fn()) {
    // SAFETY: a function that is there as long as the library.
    unsafe { libc::pthread_atfork(Some(act), None, None) };
}
