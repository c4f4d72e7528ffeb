// SPDX-License-Identifier: MIT OR Apache-2.0
//! The `exec` calls with any number of arguments, which no function of Rust's can take
//! and hand on. Something else can: see to what will be closed, and jump to the real
//! call with registers and stack as they were. Written out for x86-64, where the
//! compiler has naked functions (Rust 1.88; `build.rs` looks). Elsewhere these are not
//! hooked (`docs/differences.md`).

use super::ending::{before_exec, before_exec_of};
use super::next::next;
use std::ffi::{c_char, c_int, c_void};

/// What is known of these calls: the first argument.
type Exec = unsafe extern "C" fn(*const c_char) -> c_int;

/// A hook that does `$look` before the call, with its first argument.
macro_rules! before_jumping {
    (unsafe fn $name:ident(path, ..) => $look:expr) => {
        const _: () = {
            /// Does it, and finds the real function.
            extern "C" fn look(path: *const c_char) -> *const c_void {
                $look(path);
        let real = next!($name: Exec);
                real as *const c_void
            }
            // SAFETY: the registers that may hold arguments (for as many as there are,
            // System V ABI for x86-64, 3.2.3) are kept around the one call; the stack
            // is left as it was, and so are the arguments there.
            #[unsafe(naked)]
            #[no_mangle]
            unsafe extern "C" fn $name() {
                std::arch::naked_asm!(
                    "push rdi",
                    "push rsi",
                    "push rdx",
                    "push rcx",
                    "push r8",
                    "push r9",
                    // How many vector registers hold any. Pointers are never there.
                    "push rax",
                    "call {look}",
                    "mov r11, rax",
                    "pop rax",
                    "pop r9",
                    "pop r8",
                    "pop rcx",
                    "pop rdx",
                    "pop rsi",
                    "pop rdi",
                    "jmp r11",
                    look = sym look,
                )
            }
        };
    };
}

before_jumping! {
    unsafe fn execl(path, ..) => before_exec_of
}

before_jumping! {
    unsafe fn execle(path, ..) => before_exec_of
}

before_jumping! {
    unsafe fn execlp(path, ..) => |_| before_exec()
}
