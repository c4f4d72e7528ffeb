// SPDX-License-Identifier: MIT OR Apache-2.0
//! System calls without the C library: no `errno` to save and put back, and no
//! function that the loader would have to look up in every process.

use std::ffi::{c_int, c_long};

/// Something that fits a register.
pub trait Word {
    /// As the kernel takes it.
    fn word(self) -> c_long;
}

impl Word for c_int {
    fn word(self) -> c_long {
        self.into()
    }
}

impl Word for u32 {
    fn word(self) -> c_long {
        self.into()
    }
}

impl Word for usize {
    #[allow(clippy::cast_possible_wrap, reason = "the same bits are meant")]
    fn word(self) -> c_long {
        self as c_long
    }
}

impl<T> Word for *const T {
    fn word(self) -> c_long {
        self.addr().word()
    }
}

impl<T> Word for *mut T {
    fn word(self) -> c_long {
        self.addr().word()
    }
}

/// A system call with up to six arguments, each a [`Word`]: the kernel's answer. Whoever
/// uses it passes pointers that are valid for the lengths that this call reads or writes.
macro_rules! system_call {
    ($number:expr $(, $argument:expr)* $(,)?) => {{
        let mut words = [0; 6];
        let given = [$(Word::word($argument)),*];
        for (word, argument) in words.iter_mut().zip(given) {
            *word = argument;
        }
        // SAFETY: as the user of this macro promises.
        unsafe { $crate::sys::call::call($number, words) }
    }};
}
pub(crate) use system_call;

/// The kernel's answer: a negative number is an errno.
///
/// # Safety
/// Pointers among the arguments must be valid for what this system call reads
/// and writes.
#[inline]
pub unsafe fn call(number: c_long, arguments: [c_long; 6]) -> c_long {
    let [one, two, three, four, five, six] = arguments;
    let answer;
    #[cfg(target_arch = "x86_64")]
    // SAFETY: the kernel's convention; it changes these registers and no other.
    unsafe {
        core::arch::asm!(
            "syscall",
            inlateout("rax") number => answer,
            in("rdi") one, in("rsi") two, in("rdx") three, in("r10") four, in("r8") five, in("r9") six,
            lateout("rcx") _, lateout("r11") _,
            options(nostack),
        );
    }
    #[cfg(target_arch = "aarch64")]
    // SAFETY: as above.
    unsafe {
        core::arch::asm!(
            "svc 0",
            in("x8") number,
            inlateout("x0") one => answer,
            in("x1") two, in("x2") three, in("x3") four, in("x4") five, in("x5") six,
            options(nostack),
        );
    }
    #[cfg(target_arch = "s390x")]
    // SAFETY: as above.
    unsafe {
        core::arch::asm!(
            "svc 0",
            in("r1") number,
            inlateout("r2") one => answer,
            in("r3") two, in("r4") three, in("r5") four, in("r6") five, in("r7") six,
            options(nostack),
        );
    }
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "s390x")))]
    // SAFETY: as the caller promises; glibc's errno is the thread's own.
    unsafe {
        let errno = libc::__errno_location();
        let before = *errno;
        let made = libc::syscall(number, one, two, three, four, five, six);
        answer = if made == -1 {
            -c_long::from(*errno)
        } else {
            made
        };
        *errno = before;
    }
    answer
}

/// Gives back the calling thread's own stack and ends the thread.
///
/// # Safety
/// For a thread that the C library does not know, on a stack that lies in this
/// mapping.
#[cfg(target_arch = "x86_64")]
pub unsafe fn unmap_and_end(mapping: *mut u8, length: usize) -> ! {
    // SAFETY: as the caller promises; no stack is used between the two calls.
    unsafe {
        core::arch::asm!(
            "syscall",
            "mov eax, {exit}",
            "xor edi, edi",
            "syscall",
            "ud2",
            exit = const libc::SYS_exit,
            in("rax") libc::SYS_munmap, in("rdi") mapping, in("rsi") length,
            options(noreturn),
        )
    }
}

/// The same for other processors.
///
/// # Safety
/// As there.
#[cfg(target_arch = "aarch64")]
pub unsafe fn unmap_and_end(mapping: *mut u8, length: usize) -> ! {
    // SAFETY: as the caller promises; no stack is used between the two calls.
    unsafe {
        core::arch::asm!(
            "svc 0",
            "mov x8, {exit}",
            "mov x0, 0",
            "svc 0",
            "brk 1",
            exit = const libc::SYS_exit,
            in("x8") libc::SYS_munmap, in("x0") mapping, in("x1") length,
            options(noreturn),
        )
    }
}

/// The same for other processors.
///
/// # Safety
/// As there.
#[cfg(target_arch = "s390x")]
pub unsafe fn unmap_and_end(mapping: *mut u8, length: usize) -> ! {
    // SAFETY: as the caller promises; no stack is used between the two calls.
    unsafe {
        core::arch::asm!(
            "svc 0",
            "lghi %r1, {exit}",
            "lghi %r2, 0",
            "svc 0",
            "j .+2",
            exit = const libc::SYS_exit,
            in("r1") libc::SYS_munmap, in("r2") mapping, in("r3") length,
            options(noreturn),
        )
    }
}
